"""The second opinion on buses: what it is asked about, and what becomes of it without its model."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from common.media import folders
from detectors.lorries import CARD, LazyLorryCheck, LorryCheck
from models.card import find_card
from models.errors import ModelError
from models.store import ensure, read_checked
from rtsp.file_source import frames
from rtsp.picture import VideoPicture

MOTORWAY = "counting/m6_video10.mp4"
DHAKA = "clips/robust_dhaka_dense.mp4"


def still(clip: str, at_s: float) -> VideoPicture:
    path = next((folder / clip for folder in folders() if (folder / clip).is_file()), None)
    if path is None:
        pytest.skip(f"{clip} is not on this machine")
    return next(frame.picture for frame in frames(path) if frame.time_s >= at_s)


@pytest.fixture(scope="module")
def check() -> LorryCheck:
    card = find_card(CARD)
    return LorryCheck(card, read_checked(card, ensure(card)))


def test_a_lorry_that_the_detector_calls_a_bus_is_a_lorry(check: LorryCheck) -> None:
    box = np.array([0.06, 0.47, 0.29, 0.9], np.float32)

    assert check.lorry_share(still(MOTORWAY, 2.4), box) > 0.75


def test_a_bus_is_none(check: LorryCheck) -> None:
    box = np.array([0.72, 0.53, 0.96, 0.92], np.float32)

    assert check.lorry_share(still(DHAKA, 6.0), box) < 0.5


def test_noise_is_no_lorry(check: LorryCheck) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8)

    share = check.lorry_share(
        VideoPicture.of(cv2.blur(noise, (5, 5)).astype(np.uint8)), np.array([0.2, 0.2, 0.8, 0.9], np.float32)
    )

    assert 0 <= share < 0.5


def test_weights_that_are_not_what_the_card_says_are_refused() -> None:
    card = find_card(CARD)

    with pytest.raises(ModelError, match="layout shares"):
        LorryCheck(card.model_copy(update={"classes": ("truck", "bus", "tram")}), read_checked(card, ensure(card)))


def test_without_its_model_there_is_no_opinion_and_no_second_try(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = find_card(CARD).model_copy(update={"sha256": "00" * 32, "sources": (), "recipe": None})
    said = yaml.safe_dump(other.model_dump(mode="json", exclude_defaults=True))
    (tmp_path / f"{CARD}.yaml").write_text(said)
    lazy = LazyLorryCheck(tmp_path)
    picture, box = VideoPicture.of(np.zeros((90, 160, 3), np.uint8)), np.array([0.1, 0.1, 0.9, 0.9], np.float32)

    shares = [lazy.lorry_share(picture, box) for _ in range(3)]

    assert shares == [0.0, 0.0, 0.0]
    assert [r.message for r in caplog.records].count("lorries cannot be told from buses") == 1
