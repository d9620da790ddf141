"""Who may import whom: the picture of the rooms in the README, kept true."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT: dict[str, set[str]] = {
    "common": set(),
    "rtsp": {"common"},
    "models": {"common"},
    "detectors": {"common", "models"},
    "mqtt": {"common"},
    "edge": {"common", "rtsp", "models", "detectors", "mqtt"},
    "central": {"common", "mqtt"},
    "benchmarks": {"common", "rtsp", "models", "detectors", "mqtt", "edge", "central"},
    "ioc": {"common", "rtsp", "models", "detectors", "mqtt", "edge", "central", "benchmarks"},
}
ONLY_THERE = {
    "av": {"rtsp"},
    "onnxruntime": {"models", "benchmarks"},  # benchmarks/peers runs it for a rival
    "onnx": {"models"},
    "ultralytics": {"models", "benchmarks"},  # benchmarks/peers runs it as a rival
    "torch": {"models"},
    "paho": {"mqtt"},
    "iotcore": {"mqtt"},
    "sqlalchemy": {"central"},
    "alembic": {"central"},
    "fastapi": {"central"},
    "starlette": {"central"},
    "uvicorn": {"central"},
    "typer": {"ioc"},
}
RULES_MAY_NOT = {"rtsp", "mqtt", "time", "datetime", "threading"}


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def files_of(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_each_room_imports_only_the_rooms_below_it(room: str):
    allowed = MAY_IMPORT[room] | {room}

    strays = {str(f.relative_to(ROOT)): imports_of(f) & MAY_IMPORT.keys() - allowed for f in files_of(room)}

    assert {file: rooms for file, rooms in strays.items() if rooms} == {}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_one_library_has_one_home(room: str):
    foreign = {lib for lib, homes in ONLY_THERE.items() if room not in homes}

    strays = {str(f.relative_to(ROOT)): imports_of(f) & foreign for f in files_of(room)}

    assert {file: libs for file, libs in strays.items() if libs} == {}


def test_rules_know_nothing_of_cameras_clocks_or_networks():
    strays = {file.name: imports_of(file) & RULES_MAY_NOT for file in files_of("edge/rules")}

    assert {file: names for file, names in strays.items() if names} == {}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_the_rooms_that_are_imported_are_the_ones_in_this_checkout(room: str):
    spec = importlib.util.find_spec(room)

    assert spec is not None
    assert [str(ROOT / room)] == list(spec.submodule_search_locations or [])


def test_every_file_says_what_it_is_for():
    silent = [
        str(file.relative_to(ROOT))
        for room in MAY_IMPORT
        for file in files_of(room)
        if file.stat().st_size and not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert silent == []
