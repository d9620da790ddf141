"""`ioc broker run`: ready quickly, gone quickly, and closed to the outside unless it has passwords."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.config import ConfigError
from mqtt.broker import BrokerOptions, read_users
from mqtt.client import connect
from mqtt.link import BrokerLink
from tests.mqtt.support import ROOT, free_port


def run(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ioc.main", "broker", "run", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_that_it_is_ready_and_stops_within_two_seconds_when_told(number: signal.Signals) -> None:
    port = free_port()
    broker = run("--port", str(port), "--json")
    assert broker.stdout is not None
    ready = json.loads(broker.stdout.readline())
    connect(BrokerLink(ready["url"]), "visitor").close()

    told_s = time.monotonic()
    broker.send_signal(number)
    broker.communicate(timeout=5.0)

    assert broker.returncode == 0
    assert time.monotonic() - told_s < 2.0
    assert ready == {"url": f"mqtt://127.0.0.1:{port}", "ready": True}


def test_a_taken_port_is_the_users_mistake_in_one_sentence() -> None:
    first = run("--port", str(free_port()), "--json")
    assert first.stdout is not None
    port = json.loads(first.stdout.readline())["url"].rsplit(":", 1)[1]

    second = run("--port", port)
    _, error = second.communicate(timeout=20.0)
    first.kill()
    first.communicate()

    assert second.returncode == 2
    assert len(error.strip().splitlines()) == 1
    assert port in error


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5", "::"])
def test_nobody_outside_this_machine_is_let_in_without_a_password(host: str) -> None:
    with pytest.raises(ConfigError, match="needs a password file"):
        BrokerOptions(host=host)

    assert BrokerOptions(host=host, users=(("box", "secret"),)).url.endswith(":1883")


@pytest.mark.parametrize(("text", "line"), [("box\n", ":1:"), ("a:b\n:x\n", ":2:"), ("a:b\n\nc:\n", ":3:")])
def test_a_mistake_in_the_password_file_names_its_line(tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "users"
    file.write_text(text)

    with pytest.raises(ConfigError, match=f"users{line} must be name:password"):
        read_users(file)


def test_an_empty_password_file_does_not_open_the_door(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("# nobody yet\n")

    with pytest.raises(ConfigError, match="names no user"):
        read_users(tmp_path / "users")
