"""The parts of the smoke judgement, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.rules.smoke import LEAST_EVIDENCE
from edge.smoke import evidence
from edge.smoke.backdrop import Backdrop, news_in
from edge.smoke.habits import Habits
from edge.smoke.tube import Sighting, Tube
from edge.smoke.visibility import Visibility
from edge.smoke.watch import SmokeWatch
from edge.smoke.weights import WEIGHTS
from tests.edge.smoke.scenes import hill, picture, said, under_cloud, with_patch

PLUME = (0.50, 0.42, 0.56, 0.52)
NONE, CLEAR = 0.3, 1.5  # usual spreads beyond the surroundings: noise; clearly something new


def sighting(box, time_s=0.0, score=0.5, news=2.0, usual=0.0):
    return Sighting(time_s, np.array(box, np.float32), score, "smoke", news, usual)


def tube(*boxes, step_s=30.0):
    made = Tube(1)
    for index, box in enumerate(boxes):
        made.see(sighting(box, index * step_s))
    return made


def learned(looks=12):
    backdrop = Backdrop()
    for step in range(looks):
        backdrop.learn(backdrop.plane(picture(hill(step))), step * 20.0)
    return backdrop


class TestBackdrop:
    def news(self, backdrop, view, time_s=300.0):
        return news_in(np.array(PLUME, np.float32), backdrop.departure(backdrop.plane(picture(view)), time_s))

    def test_a_fresh_patch_is_news_and_noise_is_not(self):
        backdrop = learned()

        assert self.news(backdrop, with_patch(hill(99), PLUME)) > CLEAR
        assert self.news(backdrop, hill(99)) < NONE

    def test_another_exposure_is_not_news(self):
        assert self.news(learned(), hill(99) * 1.15 - 10) < NONE

    def test_what_is_kept_is_not_learned(self):
        kept, free = learned(), learned()
        plane = kept.plane(picture(with_patch(hill(50), PLUME)))
        for step in range(30):
            kept.learn(plane, 300.0 + 60 * step, np.ones(plane.shape, bool))
            free.learn(plane, 300.0 + 60 * step)

        view = with_patch(hill(99), PLUME)
        assert self.news(kept, view, 2100.0) > CLEAR
        assert self.news(free, view, 2100.0) < CLEAR

    def test_nothing_is_known_before_a_few_looks_or_after_a_change_of_shape(self):
        backdrop = learned(2)
        assert backdrop.departure(backdrop.plane(picture(hill())), 60.0) is None

        backdrop = learned()
        assert backdrop.departure(np.zeros((10, 10), np.float32), 300.0) is None

    def test_a_memory_of_hours_ago_says_nothing(self):
        backdrop = learned()

        assert backdrop.departure(backdrop.plane(picture(hill())), 4 * 3600.0) is None


class TestTube:
    def test_a_plume_that_grows_upwards_says_so(self):
        grown = tube((0.5, 0.5, 0.54, 0.55), (0.5, 0.46, 0.56, 0.55), *[(0.5, 0.40, 0.60, 0.55)] * 3)

        assert grown.growth > 2
        assert grown.rise > 1
        assert grown.anchored == 1

    def test_what_moves_away_is_not_anchored(self):
        assert tube((0.1, 0.2, 0.18, 0.3), (0.3, 0.2, 0.38, 0.3)).anchored == 0


class TestEvidence:
    @given(score=st.floats(0, 1), news=st.floats(0, 100), step_s=st.floats(0, 600), below=st.floats(-1, 1))
    @settings(max_examples=60, deadline=None)
    def test_one_look_never_reaches_the_least_allowed_limit(self, score, news, step_s, below):
        one = Tube(1)
        one.see(Sighting(0.0, np.array(PLUME, np.float32), score, "smoke", news, 0.0, 3600.0, below))

        evidence.add(one, WEIGHTS.log_odds(one), step_s)

        assert 0 <= one.evidence < LEAST_EVIDENCE

    def test_looks_soon_after_one_another_add_less_each_and_more_together(self):
        def after(step_s, looks):
            seen = Tube(1)
            for step in range(looks):
                seen.see(sighting(PLUME, step * step_s))
                evidence.add(seen, 1.5, step_s)
            return seen.evidence

        assert after(10.0, 2) < after(60.0, 2)
        assert after(10.0, 12) > after(60.0, 2)

    @pytest.mark.parametrize("name", sorted(evidence.NUMBERS))
    def test_every_number_has_a_weight_on_its_side(self, name):
        assert (WEIGHTS.of[name] <= 0) if name in evidence.AGAINST else (WEIGHTS.of[name] >= 0)

    def test_a_habit_says_less_than_news(self):
        def log_odds(usual):
            seen = Tube(1)
            seen.see(Sighting(0.0, np.array(PLUME, np.float32), 0.5, "smoke", 2.0, usual, 3600.0))
            return WEIGHTS.log_odds(seen)

        assert log_odds(0.5) < log_odds(0.0) - 1

    def test_misses_take_away_what_was_there(self):
        gone = tube(PLUME)
        gone.evidence = 3.0
        for _ in range(10):
            evidence.miss(gone, 60.0)

        assert gone.evidence == 0


class TestHabits:
    def test_a_kiln_becomes_a_habit_and_the_rest_of_the_view_does_not(self):
        habits = Habits()
        for step in range(60):
            habits.learn(said((PLUME, 0.6)), step * 60.0)

        assert habits.usual(np.array(PLUME, np.float32)) == pytest.approx(0.6, abs=0.05)
        assert habits.usual(np.array((0.1, 0.1, 0.2, 0.2), np.float32)) == 0

    def test_nothing_is_a_habit_at_first_sight(self):
        habits = Habits()
        habits.learn(said((PLUME, 0.9)), 0.0)

        assert habits.usual(np.array(PLUME, np.float32)) == 0


class TestVisibility:
    def states(self, *views, step_s=30.0):
        seen = Visibility()
        for index, view in enumerate(views):
            seen.look(picture(view), index * step_s)
        return seen.state

    def test_night_fog_and_glare_are_named_once_they_last(self):
        clear, flat = [hill(i) for i in range(5)], np.zeros_like(hill())

        assert "clear" == self.states(*clear)
        assert "night" == self.states(*clear, *[flat + 8] * 4)
        assert "glare" == self.states(*clear, *[flat + 252] * 4)
        assert "fog" == self.states(*clear, *[flat + 180 + 0.03 * hill(i) for i in range(4)])

    def test_low_cloud_is_what_hides_the_land_from_above(self):
        clear, bank = [hill(i) for i in range(5)], [under_cloud(hill(i), 0.62) for i in range(4)]
        shadow = [hill(i) for i in range(4)]
        for view in shadow:
            view[150:225] *= 0.2
        valley = [hill(i) for i in range(4)]
        for view in valley:
            view[260:] = 200 + 0.05 * view[260:]

        assert "cloud" == self.states(*clear, *bank)
        assert "clear" == self.states(*clear, *bank, *clear)
        assert "cloud" != self.states(*clear, *[under_cloud(hill(i), 0.62, x=(0.4, 0.6)) for i in range(4)])
        assert "cloud" != self.states(*clear, *shadow)
        assert "cloud" not in {self.states(*clear, *valley), self.states(*clear)}

    def test_what_a_known_fire_hides_is_no_weather(self):
        seen, smoke = Visibility(), np.array((0.2, 0.2, 0.8, 0.65), np.float32)
        for step in range(10):
            view = hill(step) if step < 5 else under_cloud(hill(step), 0.62, x=(0.2, 0.8))
            seen.look(picture(view), step * 30.0, [smoke] if step >= 5 else [])

        assert "clear" == seen.state

    def test_a_piece_of_the_weather_is_known_by_what_is_hidden_around_it(self):
        def veils(view, box):
            seen = Visibility()
            for step in range(5):
                seen.look(picture(hill(step, rough=75.0)), step * 30.0)
            seen.look(picture(view), 150.0)
            return seen.veils(np.array(box, np.float32))

        land, plume, shred = hill(9, rough=75.0), (0.42, 0.42, 0.58, 0.6), (0.48, 0.5, 0.53, 0.58)

        assert not veils(with_patch(land, plume), plume)
        assert veils(under_cloud(land, 0.75), shred)
        assert veils(under_cloud(land, 0.75), (0.0, 0.2, 1.0, 0.75))  # the whole bank
        assert not veils(under_cloud(land, 0.75, x=(0, 0.4)), (0.8, 0.5, 0.85, 0.58))
        assert not veils(land, shred)

    def test_one_bad_picture_is_not_the_weather(self):
        assert "clear" == self.states(hill(), hill(1), np.zeros_like(hill()) + 252, hill(2))


@given(
    st.lists(
        st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.005, 0.1), st.floats(0.05, 1), st.booleans()),
        max_size=12,
    )
)
@settings(max_examples=30, deadline=None)
def test_no_series_of_boxes_breaks_the_watch_or_makes_it_grow(rows):
    watch = SmokeWatch()

    for step in range(6):
        found = said(*[((x, y, x + w, y + w), score) for x, y, w, score, every in rows if every or step % 2])
        tubes = watch.look(found, None, step * 20.0)

    assert len(tubes) <= len(rows) * 2
    assert all(0 <= tube.evidence <= evidence.MOST for tube in tubes)
