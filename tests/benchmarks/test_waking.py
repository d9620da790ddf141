"""Two runs are compared event by event, and a film really goes through the product."""

import numpy as np
import pytest

from benchmarks.waking import LEAD_S, Happened, Rehearsal, compare
from detectors.detections import Detections
from edge.config import ViewSettings
from tests.rtsp.footage import film

VIEW = ViewSettings.model_validate(
    {
        "zones": {"all": [[0, 0], [1, 0], [1, 1], [0, 1]]},
        "rules": [{"kind": "intrusion", "name": "in", "zone": "all", "labels": ["person"], "after_s": 1}],
    }
)
COMES_S, FPS = 20, 25
NOISE = np.random.default_rng(1).normal(0, 2, (5, 120, 160)).astype(np.float32)


def yard(number):
    """An empty, noisy yard into which a bright figure walks after `COMES_S`."""
    luma = np.full((120, 160), 90, np.float32)
    if number >= COMES_S * FPS:
        x = (number - COMES_S * FPS) % 100
        luma[40:90, 20 + x // 2 : 50 + x // 2] = 220
    return np.clip(luma + NOISE[number * 3 % 5], 0, 255).astype(np.uint8)


def bright(picture):
    """Find the figure by its brightness, as a detector would."""
    rows, columns = np.nonzero(picture.gray(80, 60) > 180)
    if not len(rows):
        return Detections.none()
    box = [columns.min() / 80, rows.min() / 60, (columns.max() + 1) / 80, (rows.max() + 1) / 60]
    return Detections(np.array([box], np.float32), np.array([0.9], np.float32), np.array(["person"]))


@pytest.fixture(scope="module")
def yard_film(tmp_path_factory):
    return film(tmp_path_factory.mktemp("waking") / "yard.mp4", yard, (COMES_S + 6) * FPS, key_every=50)


def test_what_wakes_a_sleeping_camera_is_told_as_with_full_decoding(yard_film):
    full = Rehearsal(yard_film, VIEW, {"objects": bright}, may_sleep=False).run()
    sleeping = Rehearsal(yard_film, VIEW, {"objects": bright}, may_sleep=True).run()

    found = compare(full.happened, sleeping.happened)
    assert (1, [], []) == (found["events"], found["lost"], found["extra"])
    assert found["later_s"][0] <= 1.0
    assert full.decoded == full.received
    assert sleeping.decoded < 0.7 * full.decoded
    assert 0 == full.asleep_s < sleeping.asleep_s


def happened(at_s, told_s=None, rule="gate"):
    return Happened(rule, "intrusion", "gate/None/None", at_s, at_s if told_s is None else told_s)


def test_an_event_that_only_full_decoding_saw_is_lost():
    found = compare([happened(LEAD_S + 1), happened(LEAD_S + 30)], [happened(LEAD_S + 1)])

    assert [{"rule": "gate", "kind": "intrusion", "at_s": 30.0}] == found["lost"]


def test_the_same_event_told_later_is_late_not_lost():
    found = compare([happened(30.0)], [happened(30.2, told_s=31.5)])

    assert ([], [], [1.5]) == (found["lost"], found["extra"], found["later_s"])


def test_an_event_of_another_rule_is_not_the_same():
    found = compare([happened(30.0)], [happened(30.0, rule="fence")])

    assert (1, 1) == (len(found["lost"]), len(found["extra"]))
