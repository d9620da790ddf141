"""Start, updates and end of one cause name the same moment of beginning, whatever the camera's clock does."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from detectors.detections import Detections
from edge.camera import make_watch
from edge.config import ViewSettings
from tests.edge.scenes import NOON, frame

LOITER = {"kind": "loitering", "name": "yard", "after_s": 2, "labels": ["person"]}


def test_a_clock_that_drifts_does_not_split_an_episode() -> None:
    watch = make_watch(ViewSettings.model_validate({"rules": [LOITER]}))
    box, score, label = np.array([[0.4, 0.3, 0.5, 0.7]], np.float32), np.array([0.9], np.float32), np.array(["person"])
    person = Detections(box, score, label)
    told = []
    for step in range(100):
        at = NOON + timedelta(seconds=0.2 * step, microseconds=step % 7)
        told += watch.see(frame(0.2 * step, at=at), {"objects": person if step < 50 else Detections.none()})
    told += watch.finish()

    assert {"start", "end"} <= {each.finding.phase for each in told}
    assert 1 == len({each.started_at for each in told})
