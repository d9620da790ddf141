"""The fire danger index: dryness adds up, real rain starts it again, levels follow the province's table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.fire_danger import LEVELS, DangerTable, Weather, deficit_hpa, indices, next_index

weather = st.builds(Weather, st.floats(0, 45), st.floats(0, 1), st.floats(0, 60))
dry = st.builds(Weather, st.floats(1, 45), st.floats(0, 0.95), st.floats(0, 4.9))


def test_the_deficit_of_a_hot_dry_noon_is_what_psychrometric_tables_say():
    # 35 °C: saturated at 56.2 hPa; at 40 % relative humidity 33.7 hPa are missing
    assert deficit_hpa(35, 0.4) == pytest.approx(33.7, abs=0.2)


@given(st.floats(0, 1e5), weather)
def test_it_is_never_negative_and_real_rain_starts_it_again(before, day):
    index = next_index(before, day)

    assert index >= 0
    assert (index == 0) == (day.rain_mm >= 5 or (before == 0 and index == 0))


@given(st.lists(dry, min_size=2, max_size=30))
def test_without_real_rain_it_only_rises(days):
    series = indices(days)

    assert list(series) == sorted(series)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_higher_index_is_never_a_lower_level(a, b):
    table = DangerTable()

    assert (LEVELS.index(table.level(min(a, b)))) <= LEVELS.index(table.level(max(a, b)))


def test_a_limit_itself_still_belongs_to_the_lower_level():
    table = DangerTable((100, 200, 300, 400), "test")

    assert ["I", "I", "II", "V"] == [table.level(index) for index in (0, 100, 101, 401)]


def test_wrong_weather_and_wrong_tables_are_refused():
    with pytest.raises(ValueError, match="weather"):
        Weather(30, 40, 0)
    with pytest.raises(ValueError, match="rise"):
        DangerTable((1, 3, 2, 4), "wrong")
