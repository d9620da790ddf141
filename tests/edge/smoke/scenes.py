"""A hill, a camera that looks at it, and what a detector might say: for the tests of smoke."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from detectors.detections import Detections
from edge.rules.base import Look, Scene
from edge.rules.smoke import Smoke, SmokeSettings
from edge.tracks import Tracks
from rtsp.picture import VideoPicture

STEP_S = 20.0
Box = tuple[float, float, float, float]


def hill(seed: int = 0, *, noise: float = 2.0, rough: float = 25.0) -> npt.NDArray[np.float32]:
    """Return a (360, 640, 3) view: pale sky above textured land, with fresh sensor noise for each seed."""
    land = np.random.default_rng(1).normal(90, rough, (360, 640)).astype(np.float32)
    plane = cv2.GaussianBlur(land, (0, 0), 1.5)
    plane[:150] = np.linspace(170, 215, 150)[:, None]
    plane += np.random.default_rng(1000 + seed).normal(0, noise, plane.shape)
    return np.repeat(plane[..., None], 3, axis=2).astype(np.float32)


def with_patch(view: npt.NDArray[np.float32], box: Box, grey: float = 205.0) -> npt.NDArray[np.float32]:
    """Return `view` with a soft bright patch in `box`."""
    height, width = view.shape[:2]
    alpha = np.zeros((height, width), np.float32)
    x0, y0, x1, y1 = (round(v * s) for v, s in zip(box, (width, height, width, height), strict=True))
    alpha[y0:y1, x0:x1] = 0.7
    alpha = cv2.GaussianBlur(alpha, (0, 0), 2.0)[..., None]
    return view * (1 - alpha) + grey * alpha


def under_cloud(
    view: npt.NDArray[np.float32], down_to: float, x: tuple[float, float] = (0, 1)
) -> npt.NDArray[np.float32]:
    """Return `view` with a soft bank of cloud that hides everything from the sky down to `down_to` of the height."""
    height, width = view.shape[:2]
    bank = np.zeros((height, width), np.float32)
    bank[round(0.1 * height) : round(down_to * height), round(x[0] * width) : round(x[1] * width)] = 0.95
    bank = cv2.GaussianBlur(bank, (0, 0), 8.0)[..., None]
    return view * (1 - bank) + 215 * bank


def picture(view: npt.NDArray[np.float32]) -> VideoPicture:
    return VideoPicture.of(view.clip(0, 255).astype(np.uint8))


def said(*rows: tuple[Box, float] | tuple[Box, float, str]) -> Detections:
    """Return what a detector says: (box, score) is smoke, (box, score, label) says itself."""
    if not rows:
        return Detections.none()
    return Detections(
        np.array([row[0] for row in rows], np.float32),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] if len(row) > 2 else "smoke" for row in rows], np.str_),
    )


class Lookout:
    """A camera with one smoke rule, shown looks `STEP_S` apart."""

    def __init__(self, scene: Scene | None = None, **settings: object) -> None:
        self.rule = Smoke(
            SmokeSettings.model_validate({"kind": "smoke", "name": "forest", **settings}), scene or Scene()
        )
        self.time_s = 0.0
        self.findings: list = []

    def see(self, found: Detections, view: npt.NDArray[np.float32] | None = None, **look: object) -> list:
        shown = None if view is None else picture(view)
        told = list(self.rule.update(Look(self.time_s, Tracks.none(), found, shown, **look)))
        self.findings += told
        self.time_s += STEP_S
        return told

    def quiet(self, looks: int = 60, found: Sequence[tuple[Box, float]] = (), rough: float = 25.0) -> None:
        """Show the bare hill for a while: long enough that the watch knows what is usual."""
        for _ in range(looks):
            self.see(said(*found), hill(int(self.time_s), rough=rough))

    @property
    def phases(self) -> list[str]:
        return [finding.phase for finding in self.findings]
