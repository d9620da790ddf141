"""`ioc camera simulate`, as a person and as a program call it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rtsp.simulator.faults import Fault
from tests.rtsp.simulator_client import Client
from tests.rtsp.simulator_films import small_scene

COMMAND = [sys.executable, "-m", "ioc.main", "camera", "simulate"]


@pytest.mark.system
def test_it_serves_until_it_is_asked_to_end(tmp_path: Path) -> None:
    clip = small_scene(tmp_path)
    command = [*COMMAND, str(clip), "--port", "0", "--copies", "2", "--fault", "stall@road-002", "--json"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        result = json.loads(process.stdout.readline())
        with Client(result["cameras"]["road-001"]) as client:
            client.play()
            assert client.packet().payload
        process.send_signal(signal.SIGINT)
        code = process.wait(5)

    assert code == 0
    assert list(result["cameras"]) == ["road-001", "road-002"]
    assert result["machine"]["cores"] >= 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "which files"),
        (["nowhere.mp4"], "nowhere.mp4: there is no such file"),
        (["{clip}", "--fault", "explode"], "there is no fault 'explode'"),
        (["{clip}", "--fault", "stall@elsewhere"], "there is no camera 'elsewhere'"),
        (["{clip}", "--user", "khach"], "--user and --password-file belong together"),
        (["{clip}", "--tls-cert", "cert.pem"], "--tls-cert and --tls-key belong together"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    tmp_path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ioc.main import main

    clip = small_scene(tmp_path) if "{clip}" in words else tmp_path
    arguments = [word.replace("{clip}", str(clip)) for word in words]
    monkeypatch.setattr(sys, "argv", ["ioc", "camera", "simulate", *arguments])

    with pytest.raises(SystemExit) as end:
        main()

    said = capsys.readouterr().err
    assert end.value.code == 2
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_the_faults_can_be_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from ioc.main import main

    monkeypatch.setattr(sys, "argv", ["ioc", "camera", "simulate", "--faults", "--json"])

    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 0
    listed = json.loads(capsys.readouterr().out)["faults"]
    assert {row["fault"] for row in listed} == set(Fault)
    assert all(row["vi"] for row in listed)
