"""How much one look says for or against a fire: a sequential test, in which several looks must agree.

After Wald (1945), evidence is summed look by look until it crosses a limit. A sighting speaks for a fire by its score,
less what the detector always says there, and by how much the view has changed just there; a look without it
speaks against. One look can never carry a candidate over the limit of confirmation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.smoke.tube import Sighting, Tube

MOST_PER_LOOK: Final = 1.1  # below every allowed limit: a single frame cannot confirm
STRONGEST: Final = 1.3  # times a certain score: beyond that a detector is only louder
MISS: Final = 0.35  # what a look without the candidate takes away: young smoke comes and goes
FADES: Final = 0.85  # of the evidence stays at each miss, so that old certainty does not carry a gap
MOST: Final = 6.0  # evidence does not pile up for ever: the end of a fire is noticed in finite time
NEWS_NONE, NEWS_CLEAR = 0.3, 1.5  # usual spreads beyond the surroundings: noise; clearly something new
UNCHANGED: Final = 0.35  # weight of a sighting where nothing has changed: haze and rocks look like smoke every day
INDEPENDENT_S: Final = 60.0  # after which the light has moved enough for a second opinion on the same pixels
UNKNOWN: Final = 0.6  # weight where a rule is given boxes without pictures
STALE: Final = 1.2  # all that sightings can add up to where nothing changes, however many: below every allowed limit
KNOWN_S: Final = 900.0  # of watching, after which the detector's silence about a place means something
NEVER_SAID: Final = 0.4  # how far up to `MOST` that alone may lift the evidence: above the usual limit, not far
OLD_S: Final = 900.0  # after so long unreported, a candidate has become part of the view's habits
GROWN: Final = 1.5  # times its first size: 25 % wider and higher is more than boxes flicker
RISEN: Final = 0.5  # heights of the first box
BONUS: Final = 0.25  # for each of the two
LEAST_WORTH: Final = 0.15  # growth of something that is hardly seen is noise


@dataclass(frozen=True, slots=True)
class Scale:
    """Scores that count nothing and 1.0; from the detector's card: its noise floor, and where precision is good."""

    nothing: float
    certain: float

    def __call__(self, score: float) -> float:
        """Return 0 at `nothing`, 1 at `certain`, more above, never negative."""
        return max(0.0, (score - self.nothing) / max(1e-6, self.certain - self.nothing))


def weigh(tube: Tube, scale: Scale, step_s: float) -> None:
    """Let the tube's last sighting speak, `step_s` after the look before."""
    sighting = tube.last
    usual = habit_of(tube, sighting)
    beyond_habit = 1.0 if usual <= 0 else max(0.0, 1 - usual / max(sighting.score, 1e-6))
    weight = weight_of_news(sighting.news, step_s)
    worth = min(STRONGEST, scale(sighting.score)) * beyond_habit * weight * tube.anchored
    signs = BONUS * (tube.growth >= GROWN) + BONUS * (tube.rise >= RISEN)
    amount = min(MOST_PER_LOOK, worth + (signs if worth > LEAST_WORTH else 0.0))
    tube.evidence += min(amount, max(0.0, ceiling(tube, sighting, beyond_habit) + 2 * signs - tube.evidence))
    tube.evidence = min(MOST, tube.evidence)
    tube.peak = max(tube.peak, tube.evidence)


def habit_of(tube: Tube, sighting: Sighting) -> float:
    """Return what the detector usually says there, apart from what the candidate itself has taught it.

    What it said before the candidate began, if the view had been watched long enough to know; otherwise what it says
    by now, because something that has been there for most of a short watch may always be there.
    """
    before_is_known = tube.born.watched_s >= KNOWN_S and (tube.reported or tube.lasted_s <= OLD_S)
    return tube.born.usual if before_is_known else sighting.usual


def ceiling(tube: Tube, sighting: Sighting, beyond_habit: float) -> float:
    """Return up to where a sighting may lift the evidence: two kinds of news can lift it over a limit.

    The pixels have changed; or the detector, which has watched this view for long, never said this here before.
    """
    if sighting.news is None:
        return MOST
    pixels = min(1.0, max(0.0, (sighting.news - NEWS_NONE) / (NEWS_CLEAR - NEWS_NONE)))
    detector = beyond_habit if tube.born.watched_s >= KNOWN_S else 0.0
    return STALE + (MOST - STALE) * max(pixels, NEVER_SAID * detector)


def weight_of_news(news: float | None, step_s: float) -> float:
    """Return 0..1 for how much the view departs from its memory; `UNKNOWN` without pictures.

    Where nothing changes, a look soon after another tells nothing that the other has not.
    """
    if news is None:
        return UNKNOWN
    share = min(1.0, max(0.0, (news - NEWS_NONE) / (NEWS_CLEAR - NEWS_NONE)))
    unchanged = UNCHANGED * min(1.0, step_s / INDEPENDENT_S)
    return float(unchanged + (1 - unchanged) * share)


def miss(tube: Tube) -> None:
    """A look that could have shown the candidate, and did not."""
    tube.evidence = max(0.0, tube.evidence * FADES - MISS)


def certainty(evidence: float, limit: float) -> float:
    """Return 0..1 for people: 0.5 at half the limit, 0.75 where it is confirmed, towards 1 beyond."""
    odds = max(0.0, evidence) / max(limit, 1e-6)
    return float(round(1 - 0.5 ** (2 * odds), 3))
