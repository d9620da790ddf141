"""Each commune's danger follows from its days of weather, however they come, and reaches screens and nodes."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central import danger, views
from central.config import FireDangerSettings
from central.danger_watch import DangerWatch
from central.inbox import Inbox
from central.weather_csv import read_weather
from common.config import ConfigError
from common.fire_danger import DangerTable, Weather, indices
from mqtt.client import Message
from mqtt.intake import judge
from mqtt.subscriber import Received
from mqtt.wire import Health, WeatherDay
from tests.central.support import NODE, T0, event, received

TODAY = danger.province_day(T0)
TABLE = DangerTable((500, 1000, 1500, 2000), "test")


def day(days_ago, *, area="24848", t=32.0, humidity=0.5, rain=0.0):
    when = TODAY - timedelta(days=days_ago)
    return WeatherDay(area=area, date=when, temperature_c=t, humidity=humidity, rain_mm=rain)


def kept(store, *days):
    with store.write() as db:
        danger.keep(db, days, TABLE, T0)
    with store.read() as db:
        return danger.latest(db, TODAY)


def test_dry_days_add_up_and_real_rain_starts_again(store):
    levels = kept(store, day(3, rain=20), day(2), day(1), day(0), day(0, area="24850", rain=5))

    expected = indices([Weather(32, 0.5, 20), *3 * [Weather(32, 0.5, 0)]])[-1]
    assert expected == pytest.approx(levels["24848"]["index"], abs=0.1)
    assert ("V", "I", 0.0) == (levels["24848"]["level"], levels["24850"]["level"], levels["24850"]["index"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)), st.lists(st.sampled_from([0.0, 2.0, 7.0]), min_size=6, max_size=6))
def test_the_order_in_which_days_are_told_changes_nothing(store, order, rain):
    for days_ago in order:
        kept(store, day(days_ago, t=10.0))  # all of them corrected below
    for days_ago in order:
        levels = kept(store, day(days_ago, rain=rain[days_ago]))

    expected = indices([Weather(32, 0.5, rain[n]) for n in reversed(range(6))])[-1]
    assert levels["24848"]["index"] == pytest.approx(expected, abs=0.1)


def test_days_without_weather_are_counted_and_an_old_level_is_stale(store):
    levels = kept(store, day(9, rain=8), day(8), day(4))

    assert (3, True) == (levels["24848"]["missing_days"], levels["24848"]["stale"])


def test_another_table_gives_the_stored_days_other_levels(store):
    kept(store, day(2), day(1), day(0))

    with store.write() as db:
        danger.rate(db, DangerTable((1e5, 2e5, 3e5, 4e5), "test"))
    with store.read() as db:
        assert "I" == danger.latest(db, TODAY)["24848"]["level"]


def test_a_wildfire_shows_the_danger_of_its_commune_and_day(store):
    kept(store, day(1), day(0))
    Inbox(store, lambda changes: None).take(received(event(kind="wildfire.smoke", zone="forest"), event()))

    with store.read() as db:
        fire, other = sorted(
            views.incidents(db, views.select_incidents(), {}), key=lambda i: i["category"] != "wildfire"
        )

    assert (TODAY.isoformat(), "24848") == (fire["fire_danger"]["date"], fire["fire_danger"]["area"])
    assert other["fire_danger"] is None


def test_a_table_with_mistakes_is_refused_by_line_and_column():
    head = "date,area,temperature_c,humidity_percent,rain_mm\n"

    assert [day(0, humidity=0.45)] == read_weather(f"\ufeff{head}{TODAY},24848,32,45,0\n", "w.csv")
    with pytest.raises(ConfigError, match=r"w.csv:1: the column 'area' is missing"):
        read_weather("date,temperature_c\n", "w.csv")
    with pytest.raises(ConfigError, match=r"w.csv:3: humidity(.|\n)*w.csv:4: could not convert"):
        read_weather(f"{head}{TODAY},24848,32,45,0\n{TODAY},24848,32,450,0\n{TODAY},24848,warm,45,0\n", "w.csv")


def test_a_station_may_tell_its_weather_over_mqtt_and_nonsense_is_a_dead_letter(store):
    body = {"days": [json.loads(day(0).model_dump_json())]}
    told = judge(Message("ioc/v1/lam-dong/station-1/weather", json.dumps(body).encode(), 1, False, 1), T0)
    body["days"][0]["humidity"] = 45

    Inbox(store, lambda changes: None).take([told])

    with store.read() as db:
        assert ["24848"] == list(danger.latest(db, TODAY))
    assert "humidity" in judge(Message("ioc/v1/a/b/weather", json.dumps(body).encode(), 1, False, 2), T0).reason


class Nodes:
    """Hears the commands that are sent."""

    def __init__(self):
        self.told = []

    def __call__(self, node, command):
        self.told.append((node.node, command.do, command.arguments["levels"]))


def online(store, boot="boot-1"):
    cameras = {"cam-01": {"area": "24848"}, "cam-02": {"area": "24849"}, "cam-03": {}}
    health = Health.model_validate({"at": T0, "boot_id": boot, "version": "1", "cameras": cameras})
    Inbox(store, lambda changes: None, clock=lambda: T0).take([Received(NODE, "health", health, b"", T0)])


def test_nodes_are_told_the_levels_of_their_communes_once_and_again_when_they_start_anew(store, tmp_path):
    file = tmp_path / "weather.csv"
    file.write_text(f"date,area,temperature_c,humidity_percent,rain_mm\n{TODAY},24848,32,50,0\n{TODAY},99999,32,50,0\n")
    nodes = Nodes()
    given = FireDangerSettings(weather_file=file, weather_of={"24849": "24848"}, limits=(100, 200, 300, 400))
    watch = DangerWatch(store, given, nodes, clock=lambda: T0, monotonic=lambda: 0.0)
    online(store)

    watch.look()
    watch.look()
    online(store, "boot-2")
    watch.look()

    assert 2 * [("box-01", "fire_danger", {"24848": "V", "24849": "V"})] == nodes.told


def test_levels_that_are_too_old_are_taken_back(store):
    kept(store, day(0))
    nodes, now = Nodes(), [T0]
    watch = DangerWatch(store, FireDangerSettings(), nodes, clock=lambda: now[0], monotonic=lambda: 0.0)
    online(store)

    watch.look()
    now[0] = T0 + timedelta(days=3)
    watch.look()

    assert [["24848"], []] == [list(levels) for _, _, levels in nodes.told]


def test_the_api_gives_levels_and_takes_weather(central):
    sent = {"days": [json.loads(day(0).model_dump_json())]}

    assert 403 == central.client.post("/api/v1/weather", json=sent, headers=central.reader).status_code
    assert 204 == central.client.post("/api/v1/weather", json=sent, headers=central.node).status_code
    answer = central.client.get("/api/v1/fire-danger", params={"on": str(TODAY)}, headers=central.reader).json()

    assert (False, "mẫu – cần bảng tra của tỉnh", ["I"]) == (
        answer["official"], answer["note"], [level["level"] for level in answer["levels"]],
    )  # fmt: skip
    assert answer["levels"][0]["date"] == str(date.fromisoformat(answer["date"]))
