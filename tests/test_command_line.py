"""Every command explains itself, and tells the user's mistakes in one clear sentence with exit code 2."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import ioc.main
from ioc.main import app, load_groups

CONTRACT = """
demo | edge run | edge check | central run | central migrate | central token | broker run | camera probe
camera discover | camera simulate | models list | models pull | models verify | models export | models quantize
eval tracking | eval counting | eval events | eval smoke | eval detect | bench decode | bench detect | bench pipeline
bench cameras | bench latency | bench delivery | bench central | doctor
"""
COMMANDS = [command.strip() for line in CONTRACT.strip().splitlines() for command in line.split("|")]


@pytest.fixture(scope="module")
def whole_app() -> typer.Typer:
    if not app.registered_commands:
        load_groups()
    return app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with everything that a user may point at by mistake."""
    (tmp_path / "empty-folder").mkdir()
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "torn.yaml").write_text("node: {id: box,\n  cameras: [")
    (tmp_path / "noise.yaml").write_bytes(b"\xff\xfe\x00" + os.urandom(500))
    (tmp_path / "noise.mp4").write_bytes(os.urandom(500))
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.txt").write_text("years of work")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IOC_CACHE", str(tmp_path / "cache"))
    yield tmp_path


@pytest.fixture(autouse=True)
def _logs_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands set up logging for their whole process, which here is pytest's."""
    monkeypatch.setattr("common.logs.set_up", lambda **_: None)


class Said:
    """What one run of the front door printed, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(whole_app: typer.Typer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(ioc.main, "load_groups", lambda: None)

    def go(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["ioc", *map(str, arguments)])
        capsys.readouterr()
        try:
            ioc.main.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return go


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_contract_explains_itself(whole_app: typer.Typer, command: str):
    result = CliRunner().invoke(whole_app, [*command.split(), "--help"])

    assert 0 == result.exit_code
    assert "Usage:" in result.stdout


MISTAKES = {
    "edge check nowhere.yaml": "nowhere.yaml: cannot be read",
    "edge check empty-folder": "Is a directory",
    "edge check empty.yaml": "empty.yaml:1: the file is empty",
    "edge check torn.yaml": "torn.yaml:2: not valid YAML",
    "edge check noise.yaml --json": "not UTF-8",
    "edge run torn.yaml": "not valid YAML",
    "edge run torn.yaml --log-level shout": "debug",
    "central run nowhere.yaml": "cannot be read",
    "central run noise.yaml": "not UTF-8",
    "central run --listen nonsense": "must look like",
    "central run --listen 127.0.0.1:99999": "must look like",
    "central migrate empty-folder": "Is a directory",
    "central token box-01 --role king": "there is no role 'king'",
    "broker run --port 99999": "--port",
    "broker run --host 0.0.0.0": "password file",
    "broker run --password-file nowhere": "nowhere: cannot be read",
    "camera probe nonsense": "starts with one of",
    "camera probe gopher://host/x": "starts with one of",
    "camera probe rtsp://127.0.0.1:1/x --transport pigeon": "tcp or udp",
    "camera simulate nowhere.mp4": "there is no such file",
    "camera simulate noise.mp4": "cannot be read as video",
    "camera simulate noise.mp4 --fault nonsense": "there is no fault 'nonsense'",
    "models pull nosuch --json": "there is no model card 'nosuch'",
    "models verify nosuch": "there is no model card 'nosuch'",
    "models quantize nosuch --calibrate empty-folder": "there is no model card 'nosuch'",
    "eval tracking nowhere": "nowhere",
    "eval tracking empty-folder": "empty-folder",
    "eval counting nowhere": "nowhere",
    "eval counting empty-folder --json": "counts",
    "eval events empty-folder": "events",
    "eval quiet nowhere": "there are no videos",
    "eval quiet empty-folder --kinds nosuch": "there is no rule nosuch",
    "eval quiet empty-folder --kinds crowd": "must be drawn",
    "eval smoke nowhere": "nowhere",
    "eval smoke empty-folder": "no pictures",
    "eval detect nowhere": "nowhere",
    "eval detect empty-folder": "data.yaml",
    "bench decode --clip nowhere.mp4": "there is no such file",
    "bench decode --clip noise.mp4": "cannot be read as video",
    "bench detect --model nosuch": "there is no model card 'nosuch'",
    "bench pipeline --model nosuch": "there is no model card 'nosuch'",
    "bench cameras --mix nosuch": "there is no mix 'nosuch'",
    "bench cameras --model nosuch": "there is no model card 'nosuch'",
    "bench delivery --events 1": "--events",
    "demo --port 99999": "--port",
    "demo --data noise.mp4": "noise.mp4",
    "demo --data kept": "somebody else",
    "no-such-command": "No such command",
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_one_clear_sentence_and_code_2(run, folder: Path, command: str):
    said = run(*command.split())

    assert 2 == said.code
    assert MISTAKES[command] in said.err
    assert "Traceback" not in said.err
    assert "" == said.out


def test_a_folder_that_is_not_the_demos_own_is_never_emptied(run, folder: Path):
    run("demo", "--data", "kept")

    assert "years of work" == (folder / "kept" / "thesis.txt").read_text()


@pytest.mark.parametrize("command", ["central run --listen 127.0.0.1:{}", "broker run --port {}"])
def test_a_taken_port_is_told_in_one_sentence(run, folder: Path, command: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = run(*command.format(port).split())

    assert said.code in {1, 2}
    assert str(port) in said.err
    assert "Traceback" not in said.err
    assert 1 == len(said.err.strip().splitlines())


@pytest.mark.parametrize(
    ("command", "code", "keys"),
    [
        ("models list --json", 0, {"models"}),
        ("camera probe rtsp://127.0.0.1:1/x --json", 1, {"failure", "failure_text", "advice"}),
        ("camera probe file:noise.mp4 --json", 1, {"failure", "advice"}),
        ("camera simulate --faults --json", 0, {"faults"}),
        ("central migrate --json", 0, {"before", "after"}),
        ("central user list --json", 0, {"users"}),
        ("central token box-01 --role node --json", 0, {"name", "role", "token"}),
    ],
)
def test_json_is_one_object_with_the_machine_and_nothing_else(
    run, folder: Path, command: str, code: int, keys: set[str]
):
    said = run(*command.split())

    document = json.loads(said.out)
    assert code == said.code
    assert keys | {"machine", "version"} <= document.keys()
    assert {"cpu", "cores", "memory_gb", "os", "python", "onnxruntime", "providers", "device"} <= document[
        "machine"
    ].keys()


def test_a_password_in_an_address_is_not_printed(run, folder: Path):
    said = run("camera", "probe", "rtsp://admin:hunter2@127.0.0.1:1/x", "--json")

    assert "hunter2" not in said.out + said.err
