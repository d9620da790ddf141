"""Where the broker is and who we are there: all that a connection needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from common.config import ConfigError
from common.redact import redact

Protocol: TypeAlias = Literal["auto", "5", "3.1.1"]
DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerLink:
    """`url` is mqtt://host:1883 or mqtts://host:8883; `user:password@` may stand before the host.

    `protocol` "auto" speaks MQTT 5 and falls back to 3.1.1 for a broker that does not know it.
    """

    url: str
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    protocol: Protocol = "auto"
    keepalive_s: int = 15
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            right = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is none, half an IPv6 address
            right = False
        if not right:
            written = redact(self.url)
            raise ConfigError(f"the broker's url must look like mqtt://10.0.0.5:1883 (or mqtts://…), not {written!r}")

    def __str__(self) -> str:
        """The address without user and password: safe in a log."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:{self.port}"

    def __repr__(self) -> str:
        return f"BrokerLink({self})"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or DEFAULT_PORTS.get(parts.scheme, 1883)

    @property
    def tls(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"

    def credentials(self) -> tuple[str | None, str | None]:
        """Return (user, password); read each time, so that a changed password needs no restart."""
        parts = urlsplit(self.url)
        user = self.username or (unquote(parts.username) if parts.username else None)
        password = unquote(parts.password) if parts.password else None
        if self.password_file is not None:
            try:
                lines = self.password_file.read_text(encoding="utf-8").splitlines()
            except OSError as error:
                raise ConfigError(f"{self.password_file}: cannot be read: {error.strerror or error}") from error
            password = lines[0].strip() if lines else ""
        return user, password
