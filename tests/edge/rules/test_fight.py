"""Fights: pictures of textured people who walk, wrestle and stand, drawn pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from detectors.detections import Detections
from edge.rules.base import Finding, Look
from edge.rules.struggle import Flows, unrest
from edge.tracks import Tracks
from rtsp.picture import VideoPicture
from tests.edge.rules.scenes import Box, rule, starts

WIDTH, HEIGHT = 320, 320
TALL, WIDE = 0.4, 0.16  # of the picture: one person
STEP_S = 0.1
Scene = Callable[[float], list[tuple[float, float]]]  # the left edge of each person, and how far the limbs are out


def cloth(seed: int, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(0, 1, (height, width)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.asarray(128 + 60 * soft / soft.std(), np.float32)


WALL, CLOTHES = cloth(0), [cloth(seed, 64, 128) for seed in (1, 2)]


def drawn(people: list[tuple[float, float]]) -> npt.NDArray[np.uint8]:
    """Return the wall with people before it; the upper half of each is shifted by its limbs, the lower one against."""
    canvas = WALL.copy()
    rows, columns = round(TALL * HEIGHT), round(WIDE * WIDTH)
    for (left, out), clothes in zip(people, CLOTHES, strict=True):
        for top, shift in ((0, out), (rows // 2, -out)):
            move = np.array([[1, 0, (left + shift) * WIDTH], [0, 1, 0.5 * HEIGHT + top]], np.float32)
            half = clothes[top : top + rows // 2, :columns]
            mask = cv2.warpAffine(np.ones_like(half), move, (WIDTH, HEIGHT))
            canvas = canvas * (1 - mask) + cv2.warpAffine(half, move, (WIDTH, HEIGHT)) * mask
    return np.asarray(np.clip(canvas, 0, 255), np.uint8)


def boxes(people: list[tuple[float, float]]) -> list[Box]:
    return [(left, 0.5, left + WIDE, 0.5 + TALL) for left, _ in people]


def watch(scene: Scene, until_s: float = 4.0) -> list[Finding]:
    """Return what the rule says; everybody is tracked from the start."""
    fight, told = rule("fight"), []
    for time_s in np.arange(0, until_s, STEP_S).tolist():
        people = scene(time_s)
        now = np.array(boxes(people), np.float32)
        count = len(people)
        labels, scores = np.full(count, "person"), np.full(count, 0.8, np.float32)
        ids, since = np.arange(count), np.zeros(count)
        tracks = Tracks(ids, labels, now, now, scores, since, np.full(count, time_s))
        picture = VideoPicture.of(cv2.cvtColor(drawn(people), cv2.COLOR_GRAY2BGR))
        told += fight.see(Look(time_s, tracks, Detections(now, scores, labels), picture))
    return told


def wrestle(time_s: float) -> list[tuple[float, float]]:
    """Two who stand close, whose upper and lower halves go to and fro against each other twice a second."""
    out = 0.03 * np.sin(2 * np.pi * 2 * time_s)
    return [(0.3, out), (0.48, -out)]


def walk(time_s: float) -> list[tuple[float, float]]:
    """Two who walk beside each other, their limbs swinging half as far."""
    out = 0.015 * np.sin(2 * np.pi * 1 * time_s)
    return [(0.05 + 0.16 * time_s, out), (0.23 + 0.16 * time_s, -out)]


def apart(time_s: float) -> list[tuple[float, float]]:
    """The same wildness, but nobody is near."""
    (_, out), (_, against) = wrestle(time_s)
    return [(0.05, out), (0.75, against)]


def test_two_who_wrestle_are_reported_once() -> None:
    findings = starts(watch(wrestle))

    assert len(findings) == 1
    assert 0.9 <= findings[0].time_s <= 2.0
    assert findings[0].detail["violence"] >= 0.1
    assert findings[0].objects[0].label == "person"


@pytest.mark.parametrize("scene", [walk, apart, lambda time_s: [(0.3, 0.0), (0.48, 0.0)]])
def test_who_walks_stands_or_is_alone_does_not_fight(scene: Scene) -> None:
    assert watch(scene) == []


def test_a_fight_is_over_some_seconds_after_the_last_blow() -> None:
    findings = watch(lambda time_s: wrestle(min(time_s, 3.0)), until_s=12.0)

    assert [f.phase for f in findings if f.phase != "update"] == ["start", "end"]


def test_moving_as_one_is_no_unrest_and_getting_nowhere_is() -> None:
    def moved(scene: Scene) -> float:
        flows = Flows()
        for time_s in (0.0, 0.1, 0.2):
            movement = flows.update(drawn(scene(time_s)), time_s)
        assert movement is not None
        return float(unrest(movement, np.array(boxes(scene(0.2)), np.float32), np.zeros(2)).max())

    slides = moved(lambda time_s: [(0.1 + 0.2 * time_s, 0.0), (0.5 + 0.2 * time_s, 0.0)])

    assert moved(wrestle) > 3 * max(slides, 0.03)


def test_two_pictures_are_too_few_and_a_gap_begins_anew() -> None:
    flows, gray = Flows(), drawn(wrestle(0.0))

    assert flows.update(gray, 0.0) is None
    assert flows.update(gray, 0.1) is None
    assert flows.update(gray, 0.2) is not None
    assert flows.update(gray, 5.0) is None
    assert flows.update(gray, 5.1) is None
