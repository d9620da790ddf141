"""How other products are run and judged; their packages are not needed for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.mixes import ROOM, Mix
from benchmarks.peers.side_by_side import SCRIPTS, PeerFailed, most_carried, prepare, run_peer
from ioc.main import app, load_groups
from ioc.output import UserMistake
from models.card import find_card
from models.errors import ModelError
from models.store import ensure

TASK: dict[str, Any] = {"urls": ["rtsp://here/a"], "warm_up_s": 0, "seconds": 1}


class Product:
    """Carries so many cameras, and remembers with how many it was tried."""

    def __init__(self, carries: int) -> None:
        self.carries = carries
        self.tried: list[int] = []

    def __call__(self, count: int) -> dict[str, Any]:
        self.tried.append(count)
        return {"name": "it", "cameras": count, "carried": count <= self.carries}


@pytest.mark.parametrize(
    ("carries", "most", "found"), [(5, 64, 5), (64, 64, 64), (100, 12, 12), (7, 7, 7), (0, 64, 0), (1, 64, 1)]
)
def test_the_most_cameras_are_found(carries: int, most: int, found: int):
    product = Product(carries)

    best, rows = most_carried(product, first=1, most=most)

    assert best["cameras"] == found
    assert [row["cameras"] for row in rows] == product.tried
    assert len(set(product.tried)) == len(product.tried)
    assert max(product.tried) <= most


def a_script(folder: Path, text: str) -> Path:
    (folder / "peer.py").write_text(text, encoding="utf-8")
    return folder / "peer.py"


def test_a_peer_reads_its_task_and_its_last_line_is_its_result(tmp_path: Path):
    script = a_script(
        tmp_path,
        "import json, sys\ntask = json.load(sys.stdin)\nprint('banner')\nprint(json.dumps({'n': task['urls']}))\n",
    )

    assert run_peer(script, sys.executable, TASK) == {"n": ["rtsp://here/a"]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import a_package_that_nobody_has\n", "No module named 'a_package_that_nobody_has'"),
        ("import sys\nsys.stderr.write('KeyError: 3\\nterminate called\\n')\n", "^KeyError: 3$"),
        ("raise SystemExit(3)\n", "ended with 3, saying nothing"),
        ("print('not json')\n", "saying nothing"),
    ],
)
def test_a_peer_that_fails_says_why(tmp_path: Path, text: str, why: str):
    with pytest.raises(PeerFailed, match=why):
        run_peer(a_script(tmp_path, text), sys.executable, TASK)


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(PeerFailed, match="/nowhere/python does not run"):
        run_peer(a_script(tmp_path, ""), "/nowhere/python", TASK)


def test_peers_get_the_same_weights_with_a_free_batch(tmp_path: Path):
    card = find_card("yolov8n")
    try:
        weights = ensure(card)
    except ModelError as error:
        pytest.skip(f"the weights of yolov8n cannot be had here: {error}")

    mix = Mix("mixed", tmp_path / "film.mp4", ROOM)
    task = prepare(mix, card, weights, tmp_path)

    assert task["labels"] == [0]
    assert task["size"] == [640, 384]
    assert task["camera"]["lines"] == ROOM["lines"]
    assert json.loads(json.dumps(task)) == task
    assert prepare(mix, card, weights, tmp_path, square=True)["size"] == [640, 640]
    assert Path(task["model"]).stat().st_size == pytest.approx(weights.stat().st_size, rel=0.1)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_peers_script_imports_nothing_of_ours(script: Path):
    text = script.read_text(encoding="utf-8")

    assert not [room for room in ("benchmarks", "rtsp", "models", "common", "edge", "ioc") if f"from {room}" in text]


@pytest.mark.parametrize(
    ("given", "why"), [(["--peer", "nobody"], "no peer 'nobody'"), (["--mix", "forest"], "no mix 'forest' for peers")]
)
def test_a_users_mistake_is_one_sentence(given: list[str], why: str):
    load_groups()

    done = CliRunner().invoke(app, ["bench", "peers", *given])

    assert isinstance(done.exception, UserMistake)
    assert why in str(done.exception)
