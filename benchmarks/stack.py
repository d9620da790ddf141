"""The real product as processes on this machine, for measurements: broker, central, cameras, edge node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from central.accounts import ensure_user, make_token
from central.store import Store, migrate
from common.processes import Part, ProcessGroup, answers, free_port, listens, write_secret


@dataclass(slots=True)
class Stack:
    """Start it with `start`; `stop` ends every process. All of it lives in `group.data`."""

    group: ProcessGroup
    broker_port: int = field(default_factory=free_port)
    rtsp_port: int = field(default_factory=free_port)
    console_port: int = field(default_factory=free_port)
    reader_token: str = ""
    password: str = ""

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    def rtsp(self, name: str) -> str:
        return f"rtsp://127.0.0.1:{self.rtsp_port}/{name}"

    def start_central(self) -> None:
        """Start broker and central, with an operator, a reader's token and the node's token."""
        data = self.group.data
        self.group.start("broker", ["broker", "run", "--port", str(self.broker_port)])
        config = data / "central.yaml"
        document = {
            "listen": f"127.0.0.1:{self.console_port}",
            "broker": {"url": f"mqtt://127.0.0.1:{self.broker_port}"},
            "store": {"url": f"sqlite:///{data}/central.db"},
            "evidence": {"dir": f"{data}/evidence"},
        }
        config.write_text(yaml.safe_dump(document), encoding="utf-8")
        store = Store(f"sqlite:///{data}/central.db")
        migrate(store)
        self.password = ensure_user(store, "bench", "operator") or ""
        self.reader_token = make_token(store, "bench", "reader")
        write_secret(data / "node.token", make_token(store, "box-01", "node"))
        store.close()
        self.group.wait_until(lambda: listens(self.broker_port), "the broker")
        self.group.start("central", ["central", "run", str(config)])
        self.group.wait_until(lambda: answers(f"{self.console}/readyz"), "central")

    def start_cameras(self, files: Sequence[Path], *, copies: int | None = None) -> Part:
        """Serve `files` over RTSP from a process of its own."""
        more = [] if copies is None else ["--copies", str(copies)]
        arguments = ["camera", "simulate", *map(str, files), "--port", str(self.rtsp_port), *more]
        part = self.group.start("cameras", arguments)
        self.group.wait_until(lambda: listens(self.rtsp_port), "the simulated cameras")
        return part

    def start_edge(self, cameras: Sequence[dict[str, Any]], inference: dict[str, Any] | None = None) -> Part:
        """Start a node with these cameras, written as in its configuration file."""
        data = self.group.data
        document = {
            "node": {"id": "box-01", "site": "bench", "data_dir": f"{data}/edge"},
            "broker": {"url": f"mqtt://127.0.0.1:{self.broker_port}"},
            "central": {"url": self.console, "token_file": f"{data}/node.token"},
            "inference": inference or {},
            "cameras": list(cameras),
        }
        config = data / "node.yaml"
        config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        return self.group.start("edge", ["edge", "run", str(config)])

    def stop(self) -> None:
        self.group.stop()
