"""Smoke sequences: read strictly, watched as a node would, scored as the contract says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.eval.smoke import judge, report, watch_sequence, watch_with_each
from benchmarks.eval.smoke_boxes import KnownBoxes
from benchmarks.eval.smoke_curve import curve, page
from benchmarks.eval.smoke_sequences import Sequence, read_sequences
from common.config import ConfigError
from detectors.detections import Detections
from edge.config import ViewSettings
from edge.rules.base import Finding, Seen
from rtsp.picture import VideoPicture
from tests.edge.smoke.scenes import hill, said, with_patch

PLUME = (0.50, 0.40, 0.56, 0.50)
VIEW = ViewSettings.model_validate({"rules": [{"kind": "smoke", "name": "forest"}]})
IGNITION = 1532815626


def write(folder: Path, offsets: list[int], *, burning: bool = True) -> Path:
    folder.mkdir(parents=True)
    for index, offset in enumerate(offsets):
        view = with_patch(hill(index), PLUME) if burning and offset >= 0 else hill(index)
        name = f"{IGNITION + offset}_{offset:+06d}.jpg"
        cv2.imwrite(str(folder / name), view.clip(0, 255).astype(np.uint8))
    return folder


def sees_white(picture) -> Detections:
    """A detector that reports the patch where it is brighter than the land."""
    luma = picture.gray(64, 36)[15:18, 33:35].mean()
    return said((PLUME, 0.5)) if luma > 140 else said()


def test_a_fire_is_found_and_its_delay_counts_from_ignition(tmp_path):
    write(tmp_path / "one", list(range(-600, 361, 60)))

    (sequence,) = read_sequences(tmp_path)
    outcome = watch_sequence(sequence, VIEW, sees_white)

    assert ("one", True, True, 0) == (outcome.name, outcome.fire, outcome.detected, outcome.false_alarms)
    assert outcome.ttd_s == 60
    assert outcome.ttd_frames == 2


def test_a_sequence_file_without_ignition_is_no_fire(tmp_path):
    folder = write(tmp_path / "one", [0, 60, 120], burning=False)
    pictures = "\n".join(
        f"  - {{file: {path.name}, time_s: {60 * i}}}" for i, path in enumerate(sorted(folder.iterdir()))
    )
    (folder / "sequence.yaml").write_text(f"pictures:\n{pictures}\n")

    (sequence,) = read_sequences(tmp_path)

    assert sequence.ignition_s is None
    assert (0.0, 60.0, 120.0) == sequence.times_s
    assert sequence.duration_s == 180


def test_the_folder_may_be_one_sequence_itself(tmp_path):
    folder = write(tmp_path / "one", [-60, 0, 60])

    assert ["one"] == [sequence.name for sequence in read_sequences(folder)]


def test_every_wrong_file_is_named(tmp_path):
    folder = write(tmp_path / "one", [-60, 0])
    (folder / "holiday.jpg").write_bytes(b"")
    (tmp_path / "two").mkdir()

    with pytest.raises(ConfigError) as caught:
        read_sequences(tmp_path)

    assert "holiday.jpg" in str(caught.value)
    assert "two" in str(caught.value)


def test_a_time_that_disagrees_with_its_offset_is_named(tmp_path):
    folder = write(tmp_path / "one", [-60, 0, 60])
    (folder / f"{IGNITION + 120}_+00900.jpg").write_bytes(b"")

    with pytest.raises(ConfigError, match=r"_\+00900\.jpg"):
        read_sequences(tmp_path)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    folder = write(tmp_path / "one", [-60, 0])
    broken = folder / f"{IGNITION + 60}_+00060.jpg"
    broken.write_bytes(b"not a picture")

    (sequence,) = read_sequences(tmp_path)
    with pytest.raises(ConfigError, match=broken.name.replace("+", r"\+")):
        list(sequence.moments())


def start(time_s: float) -> Finding:
    return Finding("smoke", "start", "k", time_s, time_s, 0.8, "high")


def fire(name: str, ignition_s: float | None = 600.0) -> Sequence:
    return Sequence(name, tuple(Path(str(i)) for i in range(21)), tuple(60.0 * i for i in range(21)), ignition_s)


def test_an_alarm_before_ignition_is_false_and_the_fire_may_still_be_found():
    outcome = judge(fire("a"), [start(300.0), start(720.0)])

    assert (1, 120.0, 3) == (outcome.false_alarms, outcome.ttd_s, outcome.ttd_frames)


@pytest.mark.parametrize(
    ("box", "ttd_s"), [((0.5, 0.4, 0.6, 0.5), 120.0), ((0.1, 0.4, 0.2, 0.5), None)], ids=["there", "elsewhere"]
)
def test_a_fire_where_a_false_alarm_goes_on_is_found_when_it_is_told_with_it(box, ttd_s):
    """The rule tells both as one alarm; the false start stays false."""
    smoke = ((),) * 10 + ((PLUME,),) * 11
    going_on = replace(start(720.0), phase="update", objects=(Seen(1, "smoke", box, 0.5),))

    outcome = judge(replace(fire("a"), smoke=smoke), [start(540.0), going_on])

    assert (1, ttd_s) == (outcome.false_alarms, outcome.ttd_s)


def test_figures_of_a_set_counted_by_hand():
    found = judge(fire("found"), [start(780.0)])
    missed = judge(fire("missed"), [])
    quiet = judge(fire("quiet", None), [])
    false = judge(fire("false", None), [start(60.0)])

    overall = report([found, missed, quiet, false])["overall"]

    assert (0.5, 0.5, 0.5) == (overall["precision"], overall["recall"], overall["f1"])
    assert overall["false_alarm_rate"] == 0.25
    assert {"median": 180.0, "mean": 180.0} == overall["ttd_s"]
    # two quiet sequences of 21 minutes, and ten minutes before each of two fires
    assert overall["false_alarms_per_camera_day"] == pytest.approx(1 / ((2 * 21 + 2 * 10) / 1440))


def test_nothing_found_gives_no_times_and_an_f1_of_zero():
    overall = report([judge(fire("missed"), [])])["overall"]

    assert (None, 0.0, 0.0) == (overall["precision"], overall["recall"], overall["f1"])
    assert {"median": None, "mean": None} == overall["ttd_s"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_command_prints_the_contract_s_keys(tmp_path):
    from ioc.main import app, load_groups

    write(tmp_path / "one", [-120, -60, 0])
    load_groups()

    result = CliRunner().invoke(app, ["eval", "smoke", str(tmp_path), "--threads", "1", "--json"])

    assert 0 == result.exit_code, result.output
    document = json.loads(result.stdout.strip().splitlines()[-1])
    keys = {"precision", "recall", "f1", "false_alarm_rate", "ttd_s", "ttd_frames", "false_alarms_per_camera_day"}
    assert keys <= document["overall"].keys()
    assert {"name", "fire", "detected", "ttd_s", "false_alarms"} <= document["sequences"][0].keys()
    assert {"machine", "version"} <= document.keys()


def test_every_limit_of_the_curve_watches_the_same_looks(tmp_path):
    write(tmp_path / "one", list(range(-600, 361, 60)))
    (sequence,) = read_sequences(tmp_path)
    rules = [{"kind": "smoke", "name": name, "evidence": limit} for name, limit in (("keen", 2.1), ("deaf", 12.0))]

    outcomes = watch_with_each(sequence, ViewSettings.model_validate({"rules": rules}), sees_white)

    assert outcomes["keen"].ttd_s == 60
    assert outcomes["deaf"].ttd_s is None or outcomes["deaf"].ttd_s > 60


def test_the_curve_s_page_shows_its_figures(tmp_path):
    found, missed = judge(fire("found"), [start(780.0)]), judge(fire("missed"), [])
    rows = curve({1.9: [found, found], 1.4: [found, missed]})
    result = {**report([found, missed]), "curve": rows, "model": {"name": "smoke", "version": "1"}}

    shown = page(result, "Hills <1>")

    assert [1.4, 1.9] == [row["evidence"] for row in rows]
    assert [0.5, 1.0] == [row["recall"] for row in rows]
    assert "Hills &lt;1&gt;" in shown
    assert shown.count("<svg") == 3


def test_remembered_boxes_are_not_asked_for_again(tmp_path):
    asked = []

    def detect(picture):
        asked.append(picture)
        return said((PLUME, 0.5))

    for _ in range(2):
        known = KnownBoxes(tmp_path / "boxes.db", "model", detect)
        found = known(VideoPicture.of(hill().astype(np.uint8)))
        known.close()
    other = KnownBoxes(tmp_path / "boxes.db", "another model", detect)
    other(VideoPicture.of(hill().astype(np.uint8)))

    assert found.boxes[0] == pytest.approx(PLUME)
    assert ["smoke"] == found.labels.tolist()
    assert 2 == len(asked)


def test_counts_are_given_for_each_tag():
    one = Sequence("a", (Path("0"), Path("1")), (0.0, 60.0), None, tags=("fog", "hill"))

    tags = report([judge(one, [start(0.0)])])["tags"]

    assert {"fog", "hill"} == set(tags)
    assert 1 == tags["fog"]["false_alarms"]
