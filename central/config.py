"""Central's configuration file, and everything that can be wrong with it."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, TypeAlias

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from common.config import ConfigError
from common.fire_danger import SAMPLE_LIMITS, SAMPLE_NOTE, DangerTable
from mqtt.link import BrokerLink
from mqtt.topics import NAME_PATTERN


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerSettings(Settings):
    url: str = Field(default="mqtt://127.0.0.1:1883", description="mqtt://host:1883 or mqtts://host:8883")
    group: Annotated[str, Field(pattern=NAME_PATTERN)] | None = Field(
        default=None, description="aggregators of one name share the load; empty for a single central"
    )
    username: str | None = Field(default=None, description="user name at the broker")
    password_file: Path | None = Field(default=None, description="file whose first line is the broker's password")
    ca_file: Path | None = Field(default=None, description="certificate authority of the broker, for mqtts")
    cert_file: Path | None = Field(default=None, description="central's certificate, for mqtts")
    key_file: Path | None = Field(default=None, description="central's private key, for mqtts")

    @field_validator("url")
    @classmethod
    def _a_broker(cls, url: str) -> str:
        try:
            _ = BrokerLink(url).port
        except (ConfigError, ValueError) as error:
            raise ValueError("must look like mqtt://10.0.0.5:1883 (or mqtts://…)") from error
        return url

    def link(self) -> BrokerLink:
        """Return what a connection needs to know."""
        return BrokerLink(
            self.url,
            username=self.username,
            password_file=self.password_file,
            ca_file=self.ca_file,
            cert_file=self.cert_file,
            key_file=self.key_file,
        )


class StoreSettings(Settings):
    url: str = Field(
        default="sqlite:///central.db", description="sqlite:///central.db, or postgresql+psycopg://user:pass@host/name"
    )
    keep_days: int = Field(default=365, ge=1, le=36_500, description="how long events and finished incidents are kept")

    @field_validator("url")
    @classmethod
    def _a_database(cls, url: str) -> str:
        try:
            backend = sa.make_url(url).get_backend_name()
        except sa.exc.ArgumentError:
            backend = ""
        if backend not in {"sqlite", "postgresql"}:
            raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
        return url


class EvidenceSettings(Settings):
    dir: Path = Field(default=Path("evidence"), description="folder for pictures and clips")
    keep_days: int = Field(default=30, ge=1, le=36_500, description="how long pictures and clips are kept")


AreaCode: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{2,10}$")]


class FireDangerSettings(Settings):
    weather_file: Path | None = Field(
        default=None, description="CSV: date,area,temperature_c,humidity_percent,rain_mm; read again when it changes"
    )
    weather_url: str | None = Field(
        default=None, pattern="^https?://", description="address of such a CSV, asked every `every_s`"
    )
    every_s: float = Field(default=3600.0, ge=60, description="seconds between two questions to `weather_url`")
    weather_of: dict[AreaCode, AreaCode] = Field(
        default={}, description="communes without a station: commune code → code of the commune whose weather it takes"
    )
    limits: tuple[float, float, float, float] = Field(
        default=SAMPLE_LIMITS, description="highest index of levels I, II, III, IV, from the province's own table"
    )
    note: str = Field(default=SAMPLE_NOTE, max_length=200, description="where the limits come from; shown")

    @model_validator(mode="after")
    def _limits_rise(self) -> FireDangerSettings:
        self.table()
        return self

    def table(self) -> DangerTable:
        return DangerTable(self.limits, self.note)


class MapSettings(Settings):
    file: Path | None = Field(default=None, description="the province's own map as GeoJSON in degrees, under incidents")
    area_key: str = Field(default="code", max_length=64, description="property of its features with the commune code")
    name_key: str = Field(default="name", max_length=64, description="property of its features with the name to show")


class CentralConfig(Settings):
    listen: str = Field(default="127.0.0.1:8080", description="address:port of the console and the API")
    broker: BrokerSettings = Field(default=BrokerSettings(), description="where the nodes' messages come from")
    store: StoreSettings = Field(default=StoreSettings(), description="where incidents are kept")
    evidence: EvidenceSettings = Field(default=EvidenceSettings(), description="where pictures are kept")
    areas: dict[AreaCode, str] = Field(
        default={}, description='names of communes by code, such as "24848": Phường Xuân Hương - Đà Lạt'
    )
    fire_danger: FireDangerSettings = Field(
        default=FireDangerSettings(), description="forest-fire danger levels from the weather"
    )
    map: MapSettings = Field(default=MapSettings(), description="what the console's map shows")
    https: bool = Field(default=False, description="true when browsers reach this through a proxy that speaks https")

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, listen: str) -> str:
        split_listen(listen)
        return listen

    @property
    def host(self) -> str:
        return split_listen(self.listen)[0]

    @property
    def port(self) -> int:
        return split_listen(self.listen)[1]


def split_listen(listen: str) -> tuple[str, int]:
    """Return (host, port) of `127.0.0.1:8080` or `[::1]:8080`; raise ValueError for anything else."""
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError("must look like 127.0.0.1:8080")
    if host != "localhost":
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"{host!r} is not an address of this machine, such as 127.0.0.1 or 0.0.0.0") from None
    return host, int(port)
