"""What a live camera has to tell, by when its watch began and what the film showed then."""

from __future__ import annotations

import pytest

from benchmarks.reference import EachRound, FromStart, Happening

CROSSES, SMOKE = Happening(3.0, "line_crossing", "l1"), Happening(60.0, "smoke", "hill")


def test_what_happens_in_each_round_is_due_in_every_one_of_them() -> None:
    film = EachRound(10.0, (CROSSES,))

    due = film.due(began_s=1000.0, film_s=4.0, from_s=1000.0, to_s=1030.0)

    assert [at_s for _, at_s in due] == [1009.0, 1019.0, 1029.0]  # the film began at 996
    assert {one for one, _ in due} == {CROSSES}


def test_the_moment_at_which_a_watch_began_does_not_change_what_each_round_shows() -> None:
    film = EachRound(10.0, (CROSSES,))

    early, late = film.due(1000.0, 4.0, 1010.0, 1030.0), film.due(1007.0, 1.0, 1010.0, 1030.0)

    assert [at_s for _, at_s in early] == [at_s for _, at_s in late] == [1019.0, 1029.0]


@pytest.mark.parametrize(("film_s", "after"), [(0.0, [60.0]), (24.0, []), (49.0, [20.0]), (99.0, [60.0])])
def test_a_watch_of_a_hill_tells_by_where_in_the_film_it_began(film_s: float, after: list[float]) -> None:
    told_later = Happening(20.0, "smoke", "hill")
    hill = FromStart(100.0, ((SMOKE,), (), (told_later,), ()))  # begun at 0, 25, 50 and 75 s

    due = hill.due(began_s=500.0, film_s=film_s, from_s=500.0, to_s=700.0)

    assert [at_s - 500.0 for _, at_s in due] == after


def test_what_lies_outside_the_measured_time_is_not_due() -> None:
    hill = FromStart(100.0, ((SMOKE,),))

    assert hill.due(500.0, 0.0, 561.0, 700.0) == []
    assert hill.due(500.0, 0.0, 559.0, 561.0) == [(SMOKE, 560.0)]
