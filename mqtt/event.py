"""The event on the wire: CloudEvents 1.0, structured JSON, as the contract between edge and central."""

from __future__ import annotations

import os
import time
import uuid
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from mqtt.kinds import parse_event_type

CONTENT_TYPE: Final = "application/cloudevents+json"
LARGEST_EVENT_BYTES: Final = 256 * 1024  # pictures travel by HTTPS; an event with 200 boxes is about 30 kB

Unit: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Short: TypeAlias = Annotated[str, Field(max_length=200)]


class WireModel(BaseModel):
    """Fields may be added under the same version, so unknown ones are let through; known ones are checked."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Position(WireModel):
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    bearing_deg: float | None = Field(default=None, ge=0, lt=360)
    accuracy_m: float | None = Field(default=None, ge=0)


class EventObject(WireModel):
    track: int
    label: Short
    box: tuple[float, float, float, float]
    score: Unit


class EvidenceRef(WireModel):
    role: Literal["snapshot", "clip"]
    sha256: Sha256
    media_type: Literal["image/jpeg", "video/mp4"]
    bytes: int = Field(gt=0)


class ModelRef(WireModel):
    name: Short
    version: Short
    sha256: Sha256


class EventData(WireModel):
    phase: Literal["start", "update", "end"]
    severity: Literal["critical", "high", "medium", "low", "info"]
    confidence: Unit
    zone: Short | None = None
    line: Short | None = None
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    area: Short | None = None
    position: Position | None = None
    objects: tuple[EventObject, ...] = Field(default=(), max_length=500)
    detail: dict[str, Any] = Field(default_factory=dict, max_length=100)
    evidence: tuple[EvidenceRef, ...] = Field(default=(), max_length=20)
    model: ModelRef | None = None
    boot_id: Short
    seq: int = Field(ge=1)
    captured_at: AwareDatetime
    published_at: AwareDatetime
    clock_offset_ms: float | None = None
    clock_synced: bool = False
    late: bool = False


class Event(WireModel):
    """One CloudEvent. `id` is the idempotency key; `subject` is the incident key that the edge proposes."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
    source: str = Field(pattern=r"^/[a-z0-9_-]{1,63}/[a-z0-9_-]{1,63}(/[a-z0-9_-]{1,63})?$")
    type: str
    time: AwareDatetime
    subject: str = Field(min_length=1, max_length=300)
    datacontenttype: Literal["application/json"] = "application/json"
    data: EventData

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        parse_event_type(value)
        return value

    @property
    def category(self) -> str:
        return parse_event_type(self.type)[0]

    @property
    def kind(self) -> str:
        return parse_event_type(self.type)[1]

    @property
    def site(self) -> str:
        return self.source.split("/")[1]

    @property
    def node(self) -> str:
        return self.source.split("/")[2]

    @property
    def camera(self) -> str | None:
        """Id of the camera, or None when the node speaks of itself."""
        parts = self.source.split("/")
        return parts[3] if len(parts) > 3 else None

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Event:
        """Parse what came from the network. Raises ValueError (pydantic's included) for anything else."""
        if len(payload) > LARGEST_EVENT_BYTES:
            raise ValueError(f"event of {len(payload)} bytes is larger than {LARGEST_EVENT_BYTES}")
        return cls.model_validate_json(payload)


def uuid7(at: datetime | None = None) -> str:
    """Return a UUID version 7 (RFC 9562): milliseconds since 1970 first, so ids sort by time."""
    ms = int((at.timestamp() if at else time.time()) * 1000)
    random = int.from_bytes(os.urandom(10), "big")
    value = (ms & (2**48 - 1)) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (2**62 - 1)
    return str(uuid.UUID(int=value))
