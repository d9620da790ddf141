"""Certificates for tests: one authority, and whoever it vouches for."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from mqtt.link import BrokerLink


@dataclass(frozen=True, slots=True)
class Authority:
    """Made by openssl in `folder`: `ca.pem`, and `NAME.pem` and `NAME.key` for each name that was vouched for."""

    folder: Path

    @classmethod
    def found(cls, folder: Path) -> Authority:
        new = cls(folder)
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
        new._run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")
        return new

    def vouch(self, name: str) -> None:
        self._run(f"openssl req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr")
        sign = f"openssl x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
        self._run(f"{sign} -extfile names -out {name}.pem")

    def link(self, url: str, name: str, *, timeout_s: float = 3.0) -> BrokerLink:
        """Return how `name` reaches the broker with its certificate."""
        return BrokerLink(
            url.replace("mqtt:", "mqtts:"),
            ca_file=self.folder / "ca.pem",
            cert_file=self.folder / f"{name}.pem",
            key_file=self.folder / f"{name}.key",
            timeout_s=timeout_s,
        )

    def _run(self, command: str) -> None:
        subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
