"""Detector and tracker together: which pictures are looked at, and what is said where some are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.eval.mot import read_sequence
from benchmarks.eval.tracking_pictures import detected_looks, label_of, pictures_of
from common.config import ConfigError
from detectors.detections import Detections
from detectors.picture import Picture

INFO = "[Sequence]\nframeRate=10\nseqLength=4\nimWidth=64\nimHeight=48\nimExt=.png\n"


class FindsBrightness:
    """Reports one person whose score is the brightness of the picture, and always a car."""

    labels = ("person", "car")

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        return [self._look(picture) for picture in pictures]

    def _look(self, picture: Picture) -> Detections:
        boxes = np.array([[0.1, 0.1, 0.2, 0.5], [0.5, 0.5, 0.9, 0.9]], np.float32)
        bright = float(picture.bgr().mean()) / 255
        return Detections(boxes, np.array([bright, 0.9], np.float32), np.array(["person", "car"]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "yard"
    (folder / "img1").mkdir(parents=True)
    (folder / "seqinfo.ini").write_text(INFO)
    for number in range(1, 5):
        cv2.imwrite(str(folder / "img1" / f"{number:06d}.png"), np.full((48, 64, 3), 50 * number, np.uint8))
    return folder


def test_each_picture_is_looked_at_in_order_and_only_the_wanted_label_is_kept(folder: Path) -> None:
    sequence = read_sequence(folder)

    looks = list(detected_looks(sequence, folder / "img1", FindsBrightness(), "person"))

    assert [time_s for time_s, _ in looks] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert [seen.labels.tolist() for _, seen in looks] == [["person"]] * 4
    assert [seen.scores[0] for _, seen in looks] == pytest.approx([50 / 255, 100 / 255, 150 / 255, 200 / 255], abs=0.02)


def test_a_missing_picture_is_named(folder: Path) -> None:
    (folder / "img1" / "000003.png").unlink()

    with pytest.raises(ConfigError, match=r"000003\.png"):
        list(detected_looks(read_sequence(folder), folder / "img1", FindsBrightness(), "person"))


def test_a_picture_that_is_none_is_named(folder: Path) -> None:
    (folder / "img1" / "000002.png").write_bytes(b"no picture")

    with pytest.raises(ConfigError, match="img1"):
        list(detected_looks(read_sequence(folder), folder / "img1", FindsBrightness(), "person"))


def test_the_folder_of_pictures_goes_before_a_video_beside_it(folder: Path) -> None:
    video = folder.parent / "yard.mp4"
    video.write_bytes(b"")

    assert pictures_of(read_sequence(folder)) == folder / "img1"
    (folder / "img1").rename(folder / "elsewhere")
    assert pictures_of(read_sequence(folder)) == video
    video.unlink()
    assert pictures_of(read_sequence(folder)) is None


@pytest.mark.parametrize(("name", "label"), [("KITTI-0001-car", "car"), ("PETS09-S2L1", "person")])
def test_the_name_of_a_sequence_says_what_its_truth_speaks_of(folder: Path, name: str, label: str) -> None:
    renamed = folder.rename(folder.parent / name)

    assert label_of(read_sequence(renamed), FindsBrightness.labels) == label
