"""`ioc camera calibrate`: from what an installer measured to a block that a node reads."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import ioc.main
from common.config import read_config
from edge.config import NodeConfig
from ioc.main import app, load_groups

CORNERS = ["--point", "0.40,0.50", "--point", "0.60,0.50", "--point", "0.80,0.90", "--point", "0.20,0.90"]
NODE = """\
node: {id: box, site: hue}
broker: {url: mqtt://127.0.0.1:1883}
cameras:
  - id: gate
    url: rtsp://10.0.0.1/main   # the old one
    rules: []
  - id: road
    url: rtsp://10.0.0.2/main
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    if not app.registered_commands:
        load_groups()
    monkeypatch.setattr(ioc.main, "load_groups", lambda: None)

    def go(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ioc", "camera", "calibrate", *map(str, arguments)])
        code = 0
        try:
            ioc.main.main()
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return go


@pytest.fixture
def view(tmp_path: Path) -> Path:
    path = tmp_path / "view.png"
    cv2.imwrite(str(path), np.full((180, 320, 3), 90, np.uint8))
    return path


def test_a_rectangle_becomes_a_block_and_a_grid(run, view: Path, tmp_path: Path):
    grid = tmp_path / "grid.png"

    code, out, _ = run(view, *CORNERS, "--rectangle", "7x20", "--grid", grid, "--json")

    block = json.loads(out)["ground"]
    assert code == 0
    assert [point["metres"] for point in block["points"]] == [[0, 0], [7, 0], [7, 20], [0, 20]]
    assert (cv2.imread(str(grid)) != 90).any()


def test_a_length_that_was_kept_back_judges_the_result(run, view: Path):
    _, out, _ = run(view, *CORNERS, "--rectangle", "7x20", "--check", "0.2,0.9,0.8,0.9=6", "--json")

    check = json.loads(out)["checks"][0]
    assert check["measured_m"] == pytest.approx(7.0, abs=0.01)
    assert check["off_by"] == pytest.approx(1 / 6, abs=0.01)


def test_two_lines_state_a_larger_error_for_a_careless_hand(run, view: Path):
    lines = ["--line", "0.4,0.5,0.2,0.9", "--line", "0.6,0.5,0.8,0.9", "--width", "7", "--hfov", "60", "--json"]

    errors = [
        json.loads(run(view, *lines, "--click-error", error)[1])["ground"]["scale_error"] for error in (0.001, 0.01)
    ]

    assert errors[1] > errors[0]


def test_the_block_goes_into_the_file_and_the_rest_stays(run, view: Path, tmp_path: Path):
    file = tmp_path / "node.yaml"
    file.write_text(NODE)

    run(view, *CORNERS, "--rectangle", "7x20", "--write", file, "--camera", "gate")
    run(view, *CORNERS, "--rectangle", "6x20", "--write", file, "--camera", "gate")

    config = read_config(file, NodeConfig)
    assert config.cameras[0].ground is not None and config.cameras[1].ground is None
    assert config.cameras[0].ground.points[1].metres == (6.0, 0.0)
    assert [line for line in NODE.splitlines() if line not in file.read_text()] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (CORNERS[:6], "four places"),
        ([*CORNERS, "--distance", "1-2=7"], "a diagonal"),
        ([*CORNERS, "--distance", "1-9=7"], "no point 9"),
        ([*CORNERS, "--rectangle", "wide"], "two numbers"),
        (["--point", "0.4;0.5", *CORNERS], "two numbers like"),
        (["--line", "0.4,0.5,0.2,0.9"], "twice"),
        ([*CORNERS, "--rectangle", "7x20", "--write", "node.yaml"], "--camera"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(run, view: Path, arguments: list[str], says: str):
    code, _, err = run(view, *arguments)

    assert code == 2 and says in " ".join(err.split())


def test_a_source_that_is_neither_file_nor_address_is_said_to_be_none(run):
    code, _, err = run("nothing-there", *CORNERS, "--rectangle", "7x20")

    assert code == 2 and "no such file" in err
