"""What travels beside events: confirmations, status, health, commands and replies, checked and bounded."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from mqtt.event import Position
from mqtt.topics import NAME_PATTERN

LARGEST_MESSAGE_BYTES: Final = 256 * 1024
MOST_IDS: Final = 2_000
"""Ids in one confirmation; the sender splits above that."""

Short: TypeAlias = Annotated[str, Field(max_length=200)]
Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Name: TypeAlias = Annotated[str, Field(pattern=NAME_PATTERN)]
Count: TypeAlias = Annotated[int, Field(ge=0)]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]

W = TypeVar("W", bound="Wire")


class Wire(BaseModel):
    """Known fields are checked; unknown ones come from a newer version and are let through unread."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def to_bytes(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_bytes(cls: type[W], payload: bytes) -> W:
        """Parse what came from the network. Raises ValueError (pydantic's included) for anything else."""
        if len(payload) > LARGEST_MESSAGE_BYTES:
            raise ValueError(f"message of {len(payload)} bytes is larger than {LARGEST_MESSAGE_BYTES}")
        return cls.model_validate_json(payload)


class Confirm(Wire):
    """Central has stored these; the outbox may forget them. An empty list says: central is here, send what waits."""

    ids: tuple[Id, ...] = Field(max_length=MOST_IDS)


class Status(Wire):
    """Birth, death and will. In a will `at` is the time of connecting: the time of death is when it arrives."""

    state: Literal["online", "offline"]
    boot_id: Short
    version: Short
    at: AwareDatetime


class LatencyMs(Wire):
    p50: Number
    p95: Number
    p99: Number | None = None


class CameraHealth(Wire):
    """One camera, over the seconds since the last health message."""

    name: Short | None = None  # what people call it, where it is and where it stands: the screens show these
    area: Short | None = None
    position: Position | None = None
    state: Literal["online", "offline", "starting", "refused"] = "online"
    session: Count = 0  # reconnects since boot
    fps_in: Number = 0.0  # frames received per second
    fps_analysed: Number = 0.0
    received: Count = 0
    decoded: Count = 0
    analysed: Count = 0
    looks: dict[Short, Count] = Field(default_factory=dict, max_length=10)  # at what: the whole picture, a window
    skipped: dict[Short, Count] = Field(default_factory=dict, max_length=30)  # why → frames
    latency_ms: LatencyMs | None = None  # frame arrived → judged
    clock_offset_ms: Number | None = None
    clock_source: Short | None = None
    mode: Short | None = None  # what the governor decided: every frame, N per second, key frames, asleep
    mode_reason: Short | None = None
    looks_per_s: Number | None = None  # that are given now: as many as are wanted, fewer where decoding falls behind
    woken: dict[Short, Count] = Field(default_factory=dict, max_length=30)  # by what → times since boot
    decoder: Short | None = None  # software, vaapi, cuda
    decoder_reason: Annotated[str, Field(max_length=500)] | None = None  # why it is not the configured one
    ring_kb: Count | None = None  # video held in memory, still compressed
    ring_s: Number | None = None
    bitrate_kbps: Number | None = None
    width_px: Count | None = None
    height_px: Count | None = None
    sight: Short | None = None  # can the view be judged for smoke: clear, night, fog, glare …; None: nobody judges it
    muted: Short | None = None  # the camera's own trouble because of which its other findings are held back
    alarms_24h: Count = 0  # findings that called somebody, in the last day or since the camera was put to work
    alarms_per_hour: Number = 0.0  # over the same time
    quietened: Count = 0  # findings in nuisance areas, told with a low voice, since the node was started
    held: Count = 0  # findings held back for that, since the camera was started
    reason: Short | None = None  # why it is not online, in one word: refused, unauthorised, timeout, garbage, …
    error: Annotated[str, Field(max_length=500)] | None = None  # the same as a sentence


class OutboxHealth(Wire):
    """What waits for central's confirmation, and what the bounds cost."""

    depth: Count = 0
    bytes: Count = 0
    oldest_age_s: Number = 0.0
    in_memory: Count = 0  # not on disk yet: the disk is full or broken
    discarded: dict[Short, Count] = Field(default_factory=dict, max_length=100)  # kind → events, since boot
    dead_files: Count = 0  # corrupt databases moved aside, since boot
    trouble: Annotated[str, Field(max_length=500)] | None = None
    last_seq: Count = 0  # the newest sequence number of this boot: central counts what is missing up to here


class LinkHealth(Wire):
    """The way to the broker."""

    connected: bool = False
    protocol: Literal["5", "3.1.1"] | None = None
    connects: Count = 0
    in_flight: Count = 0  # sent, not confirmed by central
    resent: Count = 0
    confirmed: Count = 0
    central_silent: bool = False
    error: Annotated[str, Field(max_length=500)] | None = None


class ModelHealth(Wire):
    """The weights that a sense uses."""

    name: Short
    version: Short
    why: Annotated[str, Field(max_length=500)] | None = None  # they are not the quickest that this box could use


class Health(Wire):
    """One message per node, QoS 0, worth a minute."""

    at: AwareDatetime
    boot_id: Short
    version: Short
    uptime_s: Number = 0.0
    cpu: Annotated[float, Field(ge=0)] = 0.0  # cores in use by the node
    cores: Count = 0
    memory_mb: Number = 0.0  # resident memory of the node
    disk_free_mb: Number | None = None
    outbox: OutboxHealth | None = None
    link: LinkHealth | None = None
    models: dict[str, ModelHealth] = Field(default_factory=dict, max_length=20)  # by sense
    cameras: dict[Name, CameraHealth] = Field(default_factory=dict, max_length=500)


class WeatherDay(Wire):
    """The weather of one commune on one day, as the danger index needs it."""

    area: Annotated[str, Field(pattern=r"^[0-9]{2,10}$")]  # commune code
    date: date
    temperature_c: Annotated[float, Field(ge=-20, le=60)]  # of the air at 13:00
    humidity: Annotated[float, Field(ge=0, le=1)]  # relative, at 13:00
    rain_mm: Annotated[float, Field(ge=0, le=2_000)]  # of the whole day


class WeatherReport(Wire):
    """What a weather station, or a system that has its data, tells central; a day told again is corrected."""

    days: tuple[WeatherDay, ...] = Field(max_length=2_000)


class Command(Wire):
    """What central asks of a node: answered once, by `id`. What a command needs stands in fields of its own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Id
    do: Literal["snapshot", "clip", "reload", "pull_model", "restart_camera", "fire_danger", "nuisance"]
    camera: Name | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """Fields beyond `id`, `do` and `camera`."""
        return dict(self.model_extra or {})


class Reply(Wire):
    """The answer to the command of the same `id`."""

    id: Id
    ok: bool
    error: Annotated[str, Field(max_length=1000)] | None = None
    result: dict[str, JsonValue] = Field(default_factory=dict, max_length=100)
