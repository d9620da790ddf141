"""`ioc eval detect`: reads a YOLO data set, scores a real detector, and names what is wrong with the labels."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks.eval.detect import against_itself, eval_detect
from benchmarks.eval.detect_report import write_detect_report
from benchmarks.eval.yolo_set import label_file, read_set, read_truth
from common.config import ConfigError
from detectors.detections import Detections
from detectors.load import load_detector
from tests.detectors.pictures import card_for, constant_model, plain


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two pictures, 64x64; a car in the left half of the first, nothing in the second."""
    import cv2

    for part in ("images/val", "labels/val"):
        (tmp_path / part).mkdir(parents=True)
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"images/val/{name}.jpg"), plain(64, 64).bgr())
    (tmp_path / "labels/val/a.txt").write_text("1 0.25 0.5 0.5 1.0\n")
    (tmp_path / "data.yaml").write_text(
        "path: /somewhere/else\nval: images/val\nnames: {0: Motorbike, 1: car, 2: boat}\n"
    )
    return tmp_path


def detector(tmp_path: Path):
    out = np.zeros((1, 300, 6), np.float32)
    out[0, 0] = (0, 0, 32, 64, 0.9, 1)
    content = constant_model({"output0": out}, width=64, height=64)
    path = tmp_path / "constant.onnx"
    path.write_bytes(content)
    return load_detector(card_for(content, "end-to-end", width=64, height=64), path, threads=1)


def test_the_figures_of_a_detector_that_sees_a_car_everywhere(dataset: Path):
    result = eval_detect(detector(dataset), read_set(dataset), confidence=0.25)

    assert result["overall"] == {"map50": 1.0, "map50_95": 1.0, "precision": 0.5, "recall": 1.0}
    assert result["classes"]["car"]["truth"] == 1
    assert result["not_scored"] == ["Motorbike", "boat"]
    assert result["pictures"] == 2


def test_a_picture_without_labels_shows_nothing(dataset: Path):
    truths = list(read_set(dataset).truths())

    assert [len(one.boxes) for one in truths] == [1, 0]


def test_an_outline_becomes_the_box_around_it(tmp_path: Path):
    (tmp_path / "a.txt").write_text("0 0.1 0.2 0.5 0.2 0.3 0.6\n")

    truth = read_truth(tmp_path / "a.txt", ("car",))

    assert np.allclose(truth.boxes, [[0.1, 0.2, 0.5, 0.6]])


@pytest.mark.parametrize("line", ["1 0.1 0.1 0.1 0.1", "0 0.1 0.1", "0 a b c d", "0 5 5 5 5"])
def test_a_wrong_label_line_is_named(tmp_path: Path, line: str):
    (tmp_path / "a.txt").write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")

    with pytest.raises(ConfigError, match=r"a\.txt:2: must be"):
        read_truth(tmp_path / "a.txt", ("car",))


def test_labels_lie_beside_the_last_images_folder():
    assert label_file(Path("/images/set/images/val/a.jpg")) == Path("/images/set/labels/val/a.txt")


def test_a_set_without_names_or_pictures_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_set(tmp_path)
    (tmp_path / "data.yaml").write_text("val: images\n")
    with pytest.raises(ConfigError, match="'names' is missing"):
        read_set(tmp_path)
    (tmp_path / "data.yaml").write_text("val: images\nnames: [car]\n")
    with pytest.raises(ConfigError, match="no pictures"):
        read_set(tmp_path)


def test_a_detector_that_knows_none_of_the_labels_is_refused(dataset: Path):
    (dataset / "data.yaml").write_text("val: images/val\nnames: [boat, plane]\n")
    (dataset / "labels/val/a.txt").write_text("")

    with pytest.raises(ConfigError, match="knows none of the labels boat, plane"):
        eval_detect(detector(dataset), read_set(dataset), confidence=0.25)


def test_doubtful_boxes_of_the_reference_are_ignored():
    boxes = np.array([[0, 0, 1, 1]] * 3, np.float32)
    seen = Detections(boxes, np.array([0.9, 0.3, 0.01], np.float32), np.array(["car"] * 3))

    (truth,) = against_itself(0.5, 0.1, [seen])

    assert truth.ignored.tolist() == [False, True]


@given(st.text(alphabet="0123456789. -+enaf\n\tx", max_size=60))
def test_whatever_stands_in_a_label_file_is_read_or_explained(text: str):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.txt"
        file.write_text(text)

        try:
            truth = read_truth(file, ("car", "bus"))
        except ConfigError as error:
            assert "a.txt:" in str(error)
        else:
            assert np.isfinite(truth.boxes).all()


def test_the_command_prints_the_contracts_keys(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import ioc.eval_detect_commands  # noqa: F401  puts the command in the group
    from ioc.eval_app import eval_app
    from models.store import add

    monkeypatch.setenv("IOC_CACHE", str(tmp_path / "cache"))
    out = np.zeros((1, 300, 6), np.float32)
    out[0, 0] = (0, 0, 32, 64, 0.9, 1)
    content = constant_model({"output0": out}, width=64, height=64)
    add(card_for(content, "end-to-end", width=64, height=64).model_copy(update={"name": "ours"}), content)

    app = typer.Typer()
    app.add_typer(eval_app)
    done = CliRunner().invoke(app, ["eval", "detect", str(dataset), "--model", "ours", "--json"])

    printed = json.loads(done.stdout)
    assert done.exit_code == 0
    assert printed["overall"] == {"map50": 1.0, "map50_95": 1.0, "precision": 0.5, "recall": 1.0}
    assert {"classes", "machine", "version"} <= printed.keys()


def test_cameras_are_told_apart_by_the_index_else_by_the_names_beginning(dataset: Path):
    assert read_set(dataset).cameras() == ("", "")
    (dataset / "index.csv").write_text("image,camera\na.jpg,gate\n")
    (dataset / "images/val/b.jpg").rename(dataset / "images/val/hill_0001.jpg")

    assert read_set(dataset).cameras() == ("gate", "hill")


def test_each_camera_has_its_figures_and_its_false_alarms(dataset: Path, tmp_path: Path):
    (dataset / "index.csv").write_text("image,camera\na.jpg,gate\nb.jpg,hill\n")

    result = eval_detect(detector(tmp_path), read_set(dataset), confidence=0.25)

    assert (1.0, 1, 0) == tuple(result["cameras"]["gate"][name] for name in ("precision", "truth", "clear_with_alarm"))
    assert (0.0, 0, 1) == tuple(result["cameras"]["hill"][name] for name in ("precision", "truth", "clear_with_alarm"))


def test_the_curve_says_what_recall_a_precision_costs(dataset: Path, tmp_path: Path):
    curve = eval_detect(detector(tmp_path), read_set(dataset), confidence=0.25)["curves"]["car"]

    assert [[0.9, 0.5, 1.0]] == curve["points"]
    assert curve["at_precision_0.8"] is None


def test_the_report_shows_the_curve_and_every_camera(dataset: Path, tmp_path: Path):
    (dataset / "index.csv").write_text("image,camera\na.jpg,gate <1>\nb.jpg,hill\n")
    result = {"model": "constant", **eval_detect(detector(tmp_path), read_set(dataset), confidence=0.25)}

    page = write_detect_report(tmp_path / "report", result, "yard").read_text(encoding="utf-8")

    assert "constant on yard" in page
    assert "gate &lt;1&gt;" in page
    assert "<svg" in page
    assert json.loads((tmp_path / "report" / "report.json").read_text())["pictures"] == 2
