"""What answers look like, for those who read `/api/v1/openapi.json`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from central.actions import Action
from central.incidents import Condition, Handling

Category = Literal["traffic", "security", "wildfire", "camera", "node"]
Severity = Literal["critical", "high", "medium", "low", "info"]


class Shape(BaseModel):
    model_config = ConfigDict(extra="allow")  # a field may be added; a meaning never changes


class Problem(Shape):
    """RFC 9457."""

    type: str = Field(description="`about:blank`, `/problems/stale` or `/problems/not-now`")
    title: str
    status: int
    detail: str


class IncidentSummary(Shape):
    """What a card in the queue shows."""

    id: str
    number: int = Field(description="what people say on the telephone")
    category: Category
    kind: str
    severity: Severity = Field(description="the worst so far")
    confidence: float = Field(ge=0, le=1)
    condition: Condition = Field(description="what the cameras say")
    state: Handling = Field(description="what people say")
    state_at: str | None
    assignee: str | None
    site: str
    node: str
    camera: str | None
    camera_name: str | None
    zone: str | None
    line: str | None
    area: str | None = Field(description="commune code")
    area_name: str | None
    position: dict[str, Any] | None
    fix: dict[str, Any] | None = Field(
        description="where a fire is: lat, lon, the 95 % ellipse (major_m, minor_m half axes, azimuth_deg), by, cameras"
    )
    sights: list[dict[str, Any]] = Field(description="the cameras' bearings to it: lat, lon, azimuth_deg, error_deg, …")
    fire_danger: dict[str, Any] | None = Field(
        default=None, description="of a wildfire: the commune's level on the day it began; not the official bulletin"
    )
    labels: list[str]
    detail: dict[str, Any] = Field(description="what its kind adds")
    started_at: str
    last_at: str
    ended_at: str | None = Field(description="null while it goes on")
    opened_at: str = Field(description="when central first heard of it")
    episodes: int
    event_count: int
    picture: str | None = Field(description="sha256 of the first snapshot")
    clip: str | None = Field(description="sha256 of the first clip")
    evidence_stored: list[Literal["picture", "clip"]] = Field(description="which of the two have arrived")
    version: int = Field(description="send it with an action; grows with what people decide on")
    changed: int = Field(description="cursor of the latest change of any kind")
    merged_into: str | None


class Queue(Shape):
    incidents: list[IncidentSummary]
    next: int | None = Field(description="`after` of the next page; null on the last one")
    cursor: int = Field(description="`after` of `/api/v1/stream`: every change beyond this view")


class StoredEvent(Shape):
    cursor: int
    id: str
    site: str
    node: str
    camera: str | None
    boot_id: str
    seq: int
    stored_at: str
    incident: str | None
    event: dict[str, Any] = Field(description="the CloudEvent as it came")


class EventPage(Shape):
    events: list[StoredEvent]
    next: int = Field(description="`after` of the next call, also when there is nothing new yet")


class Evidence(Shape):
    role: Literal["snapshot", "clip"]
    sha256: str
    media_type: str
    bytes: int
    at: str
    event_id: str
    stored: bool = Field(description="whether it has arrived")


class Step(Shape):
    """One line of an incident's history; `from` and `to` where a state changed."""

    at: str
    who: str
    action: str


class IncidentWhole(IncidentSummary):
    """One incident with everything that belongs to it."""

    allowed: list[Action]
    events: list[StoredEvent] = Field(description="newest first, at most 500")
    evidence: list[Evidence]
    history: list[Step] = Field(description="oldest first")


class NodeState(Shape):
    site: str
    node: str
    state: Literal["online", "offline", "unknown"]
    since: str
    heard_at: str
    boot_id: str | None
    version: str | None
    missing_events: int = Field(description="numbered by the node, never seen here")
    health: dict[str, Any] | None


class Nodes(Shape):
    nodes: list[NodeState]


class DangerOfArea(Shape):
    """One commune's newest level up to the day that was asked for."""

    area: str
    area_name: str | None
    date: str = Field(description="of the weather that the level follows from")
    level: Literal["I", "II", "III", "IV", "V"]
    index: float = Field(description="P = K · Σ (t13 · d13), °C · hPa")
    missing_days: int = Field(description="days without weather since the index began at 0: it may be too low")
    stale: bool = Field(description="the weather is more than a day older than the day that was asked for")


class FireDanger(Shape):
    date: str
    official: Literal[False] = Field(description="it is never the official bulletin")
    limits: tuple[float, float, float, float] = Field(description="highest index of levels I to IV")
    note: str = Field(description="where the limits come from")
    levels: list[DangerOfArea]


class BaseMap(Shape):
    base: dict[str, Any] = Field(description="GeoJSON FeatureCollection")
    area_key: str = Field(description="property of a feature with the commune code")
    name_key: str = Field(description="property of a feature with its name")


class Nuisance(Shape):
    """Where a camera's alarms of one kind are told with a low voice."""

    id: str
    site: str
    node: str
    camera: str
    camera_name: str
    kind: str
    box: tuple[float, float, float, float] = Field(description="x0 y0 x1 y1, each 0..1 of the picture")
    from_min: int = Field(description="minute of the day (UTC) from which it counts")
    to_min: int = Field(description="and until which; before `from_min`: over midnight; equal: all day")
    verdicts: int
    incidents: list[str] = Field(description="ids of the false alarms that made it")
    last_at: str | None
    expires_at: str | None


class Nuisances(Shape):
    areas: list[Nuisance]


class Vision(Shape):
    state: Literal["seen", "unseen", "stale"] = Field(description="stale: known before the node fell silent")
    reason: str | None = Field(description="why it does not see: night, fog, glare, or its own trouble")
    since: str | None


class CameraState(Shape):
    site: str
    node: str
    camera: str
    name: str
    area: str | None
    area_name: str | None
    position: dict[str, Any] | None
    state: Literal["online", "offline", "starting", "refused", "unknown"]
    node_state: str
    heard_at: str
    health: dict[str, Any]
    vision: Vision | None = Field(description="can the view be judged; null where nobody judges it")
    alarms_24h: int = Field(description="incidents of the last day that called somebody")


class Cameras(Shape):
    cameras: list[CameraState]


_PROBLEM = {
    "description": "A problem document",
    "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
}
PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": _PROBLEM, 422: _PROBLEM}
