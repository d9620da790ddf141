"""The pictures by which a camera's poses are recognised: those of its presets, and the view that was there first."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import cv2
import numpy as np

from common.config import ConfigError
from detectors.picture import Gray
from edge.config import CameraSettings
from edge.poses import WIDTH, PoseWatch

log = logging.getLogger(__name__)


def pose_watch(camera: CameraSettings, folder: Path) -> PoseWatch:
    """Return the watch over a camera's poses; `folder` keeps what was learned. Raises ConfigError for a bad picture."""
    position = camera.position
    if position is None:
        return PoseWatch()
    pictures = {pose.name: _read(pose.picture) for pose in position.poses}
    kept = _file(camera, folder)
    first = cv2.imread(str(kept), cv2.IMREAD_GRAYSCALE) if kept.exists() else None
    return PoseWatch(pictures, patrol_s=position.patrol_s, first=None if first is None else np.asarray(first, np.uint8))


def keep_learned(camera: CameraSettings, poses: PoseWatch, folder: Path) -> None:
    """Keep the view that was there first, so that a camera that is turned while the node is off is noticed too."""
    if poses.learned is None or camera.position is None:
        return
    learned, poses.learned = poses.learned, None
    folder.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(_file(camera, folder)), learned):
        log.warning("the first view could not be kept", extra={"camera": camera.id})


def _file(camera: CameraSettings, folder: Path) -> Path:
    """Named by the position too: a camera that was measured anew is recognised by what it shows then."""
    position = camera.position.model_dump_json() if camera.position else ""
    return folder / f"{camera.id}-{hashlib.sha256(position.encode()).hexdigest()[:12]}.png"


def _read(file: Path) -> Gray:
    gray = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if gray is None:
        raise ConfigError(f"{file}: not a picture that can be read; take it with the camera at its preset, by day")
    height = max(48, round(WIDTH * gray.shape[0] / gray.shape[1]))
    return np.asarray(cv2.resize(gray, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)
