"""The embedded broker: rumqttd inside this process, for a demo, a test or one box. A province runs its own broker."""

from __future__ import annotations

import json
import logging
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iotcore import IotCoreBroker

from common.config import ConfigError
from mqtt.client import connect
from mqtt.errors import BrokerUnavailable
from mqtt.link import BrokerLink
from mqtt.wire import LARGEST_MESSAGE_BYTES

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_READY_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """`port` speaks MQTT 5; `port_311`, if given, MQTT 3.1.1. `users` maps name → password; empty lets everyone in."""

    host: str = "127.0.0.1"
    port: int = 1883
    port_311: int | None = None
    users: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        return f"mqtt://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK and not self.users:
            raise ConfigError(f"a broker that listens on {self.host} needs a password file: anyone could send events")


def read_users(file: Path) -> tuple[tuple[str, str], ...]:
    """Read `name:password` lines; raises ConfigError that names the line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    users = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, password = line.partition(":")
        if not colon or not name or not password:
            raise ConfigError(f"{file}:{number}: must be name:password")
        users.append((name, password))
    if not users:
        raise ConfigError(f"{file}: names no user")
    return tuple(users)


def serve(options: BrokerOptions, stop: threading.Event, on_ready: Callable[[], None] = lambda: None) -> None:
    """Run the broker until `stop`, and call `on_ready` once it listens.

    Its threads end with the process only: leave right after this returns.
    Raises ConfigError when a port is taken.
    """
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it reports every packet as an error
    broker = _configured(options)
    try:
        broker.check_ports()
    except OSError as error:
        raise ConfigError(f"the broker cannot listen: {error}") from error
    broker.start()
    _wait_for_port(options, stop)
    on_ready()
    stop.wait()


def _wait_for_port(options: BrokerOptions, stop: threading.Event) -> None:
    end_s = time.monotonic() + 10.0
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)
    while not stop.wait(_READY_POLL_S):
        try:
            socket.create_connection((host, options.port), 1.0).close()
        except OSError as error:
            if time.monotonic() >= end_s:
                raise BrokerUnavailable(f"the broker does not listen at {options.url}") from error
        else:
            return


def wait_until_ready(link: BrokerLink, timeout_s: float) -> None:
    """Return once a client is let in; raises BrokerUnavailable after `timeout_s`."""
    end_s = time.monotonic() + timeout_s
    while True:
        try:
            connect(link, f"ioc-ready-{os.getpid()}").close()
        except BrokerUnavailable:
            if time.monotonic() >= end_s:
                raise
            threading.Event().wait(_READY_POLL_S)
        else:
            return


def _configured(options: BrokerOptions) -> IotCoreBroker:
    """The broker reads its settings from a file only; passwords stand in it, so it is private and gone at once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "broker.toml"
        file.touch(mode=0o600)
        file.write_text(_toml(options), encoding="utf-8")
        return IotCoreBroker(config_path=str(file))


def _toml(options: BrokerOptions) -> str:
    listeners = [_listener("v5", options.host, options.port, options.users)]
    if options.port_311 is not None:
        listeners.append(_listener("v4", options.host, options.port_311, options.users))
    return "\n".join([_ROUTER, *listeners])


def _listener(version: str, host: str, port: int, users: tuple[tuple[str, str], ...]) -> str:
    address = f"[{host}]:{port}" if ":" in host else f"{'127.0.0.1' if host == 'localhost' else host}:{port}"
    lines = [
        f"[{version}.1]",
        f'name = "{version}"',
        f'listen = "{address}"',
        "next_connection_delay_ms = 1",
        f"[{version}.1.connections]",
        "connection_timeout_ms = 10000",
        f"max_payload_size = {2 * LARGEST_MESSAGE_BYTES}",
        "max_inflight_count = 200",
        "dynamic_filters = true",
    ]
    if users:
        lines.append(f"[{version}.1.connections.auth]")
        lines += [f"{_quoted(name)} = {_quoted(password)}" for name, password in users]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_ROUTER: Final = """
id = 0
[router]
id = 0
max_connections = 10000
max_outgoing_packet_count = 200
max_segment_size = 2097152
max_segment_count = 4
"""
