"""Detected once and in time, or missed, or false: how events are matched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.eval.events import Alarm, ClipScore, report, score_clip, summary
from benchmarks.eval.report import interval, rate_interval, write_report
from benchmarks.eval.truth import Truth


def truth(events: list[dict[str, Any]], **more: Any) -> Truth:
    return Truth.model_validate({"clip": "a.mp4", "camera": {"zones": ZONES}, "events": events, **more})


ZONES = {"gate": [[0, 0], [1, 0], [1, 1]], "yard": [[0, 0], [1, 1], [0, 1]]}


def alarm(kind: str, time_s: float, delay_s: float = 0.0, **more: Any) -> Alarm:
    return Alarm(kind, time_s, delay_s, **more)


def score(events: list[dict[str, Any]], alarms: list[Alarm], **more: Any) -> ClipScore:
    return score_clip(
        "a.mp4", truth(events, **more), alarms, duration_s=3600, kinds=frozenset({"intrusion", "covered"})
    )


INTRUSION = {"kind": "intrusion", "start_s": 20.0, "end_s": 30.0, "zone": "gate"}


@pytest.mark.parametrize(("at_s", "met"), [(17.9, 0), (18.0, 1), (20.0, 1), (30.0, 1), (30.1, 0)])
def test_an_event_is_met_from_two_seconds_before_to_ten_after_its_start(at_s: float, met: int) -> None:
    assert len(score([INTRUSION], [alarm("intrusion", at_s)]).met) == met


def test_the_wait_that_the_rule_was_told_to_keep_is_no_delay() -> None:
    result = score([INTRUSION], [alarm("intrusion", 36.0, delay_s=15.0)])

    assert result.delays_s == (("intrusion", 1.0),)


def test_a_second_alarm_of_the_same_event_is_false() -> None:
    result = score([INTRUSION], [alarm("intrusion", 21), alarm("intrusion", 25)])

    assert (len(result.met), len(result.missed), [a.time_s for a in result.false]) == (1, 0, [25])


def test_the_wrong_kind_and_the_wrong_place_do_not_meet_an_event() -> None:
    result = score([INTRUSION], [alarm("loitering", 21), alarm("intrusion", 21, zone="yard")])

    assert (len(result.met), len(result.missed), len(result.false)) == (0, 1, 2)


def test_an_accepted_kind_meets_an_event_and_beside_the_event_s_own_kind_is_neither_right_nor_false() -> None:
    covered = {"kind": "covered", "start_s": 20.0, "end_s": 60.0, "accept": ["covered", "defocused"]}

    instead = score([covered], [alarm("defocused", 22)])
    beside = score([covered], [alarm("defocused", 22), alarm("covered", 24)])

    assert (len(instead.met), len(instead.false)) == (1, 0)
    assert ([a.kind for _, a in beside.met], len(beside.false)) == (["covered"], 0)


def test_nothing_is_scored_in_ignored_seconds() -> None:
    result = score([], [alarm("intrusion", 5), alarm("intrusion", 50)], ignore=[[0, 10]])

    assert [a.time_s for a in result.false] == [50]
    assert result.hours == pytest.approx(3590 / 3600)


def test_a_clip_label_is_one_decision() -> None:
    fight = {"kind": "fight", "start_s": 0.0, "end_s": 2.0}

    caught = score([fight], [alarm("fight", 1.5), alarm("fight", 1.9)], clip_label="fight")
    cried_wolf = score([], [alarm("fight", 0.5), alarm("fight", 1.9)], clip_label="no_fight")

    assert (len(caught.met), len(caught.false), caught.delays_s) == (1, 0, ())
    assert len(cried_wolf.false) == 1


def test_a_direction_is_compared_where_the_truth_gives_one() -> None:
    crossing = {"kind": "line_crossing", "start_s": 20.0, "direction": "right"}

    assert len(score([crossing], [alarm("line_crossing", 20, direction="right")]).met) == 1
    assert len(score([crossing], [alarm("line_crossing", 20, direction="left")]).missed) == 1


def test_figures_follow_from_what_was_met_missed_and_false() -> None:
    clips = [score([INTRUSION], [alarm("intrusion", 21), alarm("covered", 50)]), score([INTRUSION], [])]

    figures = summary(clips)

    assert (figures["precision"], figures["recall"], figures["f1"]) == (0.5, 0.5, 0.5)
    assert figures["false_alarms_per_camera_hour"] == pytest.approx(0.5)
    assert report(clips)["kinds"]["covered"]["false_alarms"] == 1
    assert report(clips)["clips"][1]["missed"] == [{"kind": "intrusion", "start_s": 20.0}]
    assert figures["delay_s"] == {"median": 1.0, "p95": 1.0}


def test_without_any_event_shares_are_absent_rather_than_wrong() -> None:
    figures = summary([score([], [])])

    assert (figures["precision"], figures["recall"], figures["f1"]) == (None, None, None)


@pytest.mark.system
def test_the_command_scores_real_footage_and_prints_one_json_object(shared_data: Path) -> None:
    from ioc.main import app, load_groups

    load_groups()

    result = CliRunner().invoke(
        app, ["eval", "events", str(shared_data / "events"), "--only", "tamper_mirafra*", "--json"]
    )

    printed = json.loads(result.stdout)
    assert printed["overall"]["detected"] == 1
    assert printed["kinds"]["covered"]["f1"] == 1.0
    assert {"machine", "version", "clips"} <= set(printed)


def test_a_share_of_few_comes_with_a_wide_interval() -> None:
    low, high = interval(1, 1) or (0.0, 0.0)

    assert low == pytest.approx(0.207, abs=0.001) and high == 1.0
    assert interval(0, 0) is None


def test_no_false_alarm_in_a_short_time_does_not_show_a_low_rate() -> None:
    low, high = rate_interval(0, 0.21) or (1.0, 0.0)

    assert low == 0.0 and high == pytest.approx(17.57, abs=0.01)
    assert rate_interval(3, 0.0) is None


def test_the_report_shows_each_miss_and_false_alarm_with_pictures(tmp_path: Path, shared_data: Path) -> None:
    clip = shared_data / "events" / "rain_right_on_red.mp4"
    wrong = score([INTRUSION | {"start_s": 2.0}], [alarm("covered", 1.0, boxes=((0.1, 0.1, 0.5, 0.5),))])

    page = write_report(tmp_path / "out", report([wrong]), {"a.mp4": clip})

    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg") == 2
    assert "bỏ sót" in text and "Xâm nhập" in text and "2.0 s" in text
    assert "báo động giả" in text and "Camera covered" in text and "1.0 s" in text
    assert json.loads((tmp_path / "out" / "report.json").read_text())["overall"]["false_alarms"] == 1
