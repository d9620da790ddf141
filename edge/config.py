"""The node's configuration file: what an installer writes, and everything that can be wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from edge.ground import GroundSettings
from edge.rules import CATALOG, AnyRuleSettings
from mqtt.topics import NAME_PATTERN

Unit: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Point: TypeAlias = tuple[Unit, Unit]
Polygon: TypeAlias = Annotated[list[Point], Field(min_length=3, max_length=200)]
Tiles: TypeAlias = tuple[Annotated[int, Field(ge=1, le=4)], Annotated[int, Field(ge=1, le=4)]]
Name: TypeAlias = Annotated[str, Field(pattern=NAME_PATTERN)]

CAMERA_SCHEMES = ("rtsp", "rtsps", "http", "https", "file")


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeSettings(Settings):
    id: Name = Field(description="name of this box: lower-case letters, digits, - and _")
    site: Name = Field(description="name of the province or site it belongs to")
    data_dir: Path = Field(default=Path("var/edge"), description="where the outbox and evidence are kept")


class BrokerSettings(Settings):
    url: str = Field(description="mqtt://host:1883 or mqtts://host:8883; user:password@ may stand before the host")
    username: str | None = Field(default=None, description="user name at the broker")
    password_file: Path | None = Field(default=None, description="file whose first line is the broker's password")
    ca_file: Path | None = Field(default=None, description="certificate authority of the broker, for mqtts")
    cert_file: Path | None = Field(default=None, description="this node's certificate, for mqtts")
    key_file: Path | None = Field(default=None, description="this node's private key, for mqtts")

    @field_validator("url")
    @classmethod
    def _a_broker(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
            raise ValueError("must look like mqtt://10.0.0.5:1883 (or mqtts://…)")
        return url


class CentralSettings(Settings):
    url: str = Field(description="address of central for pictures and clips, such as https://10.0.0.5:8080")
    token_file: Path | None = Field(default=None, description="file whose first line is this node's token at central")
    ca_file: Path | None = Field(default=None, description="certificate authority of central, for https")


class InferenceSettings(Settings):
    model: str = Field(default="yolov8n", description="model card that finds people and vehicles")
    smoke_model: str = Field(default="smoke", description="model card that finds smoke and flame")
    models_dir: Path | None = Field(default=None, description="where weights are kept; empty means the user's cache")
    providers: list[Literal["cpu", "cuda", "tensorrt", "openvino"]] = Field(
        default=["cpu"], min_length=1, description="accelerators in order of preference; the next is the fall-back"
    )
    precision: Literal["auto", "fp32", "int8"] = Field(
        default="auto",
        description="8-bit models, made on this box when first needed: auto takes them where the processor gains by it",
    )
    threads: int = Field(default=0, ge=0, le=256, description="threads of a model; 0 means one for each core")
    sleep: bool = Field(
        default=True, description="a camera whose picture stands still is not decoded until its packets tell of change"
    )
    decoding: Literal["software", "vaapi", "cuda", "auto"] = Field(
        default="software",
        description="what decodes video; where the device cannot, software does, and log and health say why",
    )
    looks_per_s: float = Field(default=5.0, gt=0, le=60, description="how often an active camera is looked at")


class PoseSettings(Settings):
    """One preset of a camera that turns."""

    name: Name = Field(description="name of this preset; every preset has its own memory of what it shows")
    picture: Path = Field(description="a picture taken at this preset by day: the preset is recognised by it")
    azimuth_deg: float = Field(ge=0, lt=360, description="where the middle of its picture looks, clockwise from north")
    tilt_deg: float = Field(ge=-90, le=90, description="above (+) or below (-) the horizon")
    hfov_deg: float = Field(gt=0, lt=180, description="horizontal field of view at this preset's zoom")
    roll_deg: float = Field(default=0.0, ge=-45, le=45, description="turned clockwise about its line of sight")


class PositionSettings(Settings):
    lat: float = Field(ge=-90, le=90, description="latitude in degrees, north is positive")
    lon: float = Field(ge=-180, le=180, description="longitude in degrees, east is positive")
    height_m: float | None = Field(default=None, description="height of the lens above the ground, in metres")
    azimuth_deg: float | None = Field(default=None, ge=0, lt=360, description="where it looks, clockwise from north")
    tilt_deg: float | None = Field(default=None, ge=-90, le=90, description="above (+) or below (-) the horizon")
    hfov_deg: float | None = Field(default=None, gt=0, le=360, description="horizontal field of view")
    roll_deg: float = Field(default=0.0, ge=-45, le=45, description="turned clockwise about its line of sight")
    distortion: float = Field(
        default=0.0, ge=-1, le=1, description="radial lens distortion k1 on the half width; below 0 is a barrel"
    )
    error_deg: float = Field(
        default=1.0, gt=0, le=45, description="standard error of the angles, as `ioc camera calibrate` states it"
    )
    poses: list[PoseSettings] = Field(default=[], max_length=64, description="presets of a camera that turns")
    patrol_s: float | None = Field(
        default=None, gt=0, description="longest stay at one preset; a patrol that stands still for longer is stuck"
    )

    @model_validator(mode="after")
    def _poses_differ(self) -> PositionSettings:
        names = [pose.name for pose in self.poses]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the preset name {twice[0]!r} is used twice")
        return self


class LineSettings(Settings):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    from_: Point = Field(alias="from", description="one end of the line, 0..1 of the picture")
    to: Point = Field(description="the other end; 'right' is crossing towards the right-hand side of from→to")

    @model_validator(mode="after")
    def _has_length(self) -> LineSettings:
        if self.from_ == self.to:
            raise ValueError("the two ends of the line are the same point")
        return self


class ViewSettings(Settings):
    """What a camera's picture is about; the `camera:` part of a truth file has the same fields."""

    id: Name = Field(default="camera", description="name of the camera: lower-case letters, digits, - and _")
    zones: dict[Name, Polygon] = Field(default={}, description="named polygons, 0..1 of the picture, x right, y down")
    lines: dict[Name, LineSettings] = Field(default={}, description="named lines to be crossed")
    masks: list[Polygon] = Field(default=[], description="private areas, blackened before anything leaves the node")
    ground: GroundSettings | None = Field(
        default=None, description="how it sees the ground, as `ioc camera calibrate` writes it: for speeds and sizes"
    )
    tiles: Tiles | None = Field(
        default=None,
        description="[columns, rows] of overlapping tiles in which objects are looked for, beside the whole picture: "
        "finds small ones, such as motorcycles in a wide view, at a multiple of the cost; empty: the whole alone",
    )
    rules: list[AnyRuleSettings] = Field(default=[], description="what to watch for")

    @model_validator(mode="after")
    def _rules_name_what_exists(self) -> ViewSettings:
        mistakes = []
        for index, rule in enumerate(self.rules):
            line = getattr(rule, "line", None)
            named = [("zone", zone, set(self.zones)) for zone in rule.zones_named()]
            named += [("line", line, set(self.lines))] if line is not None else []
            for what, name, known in named:
                if name not in known:
                    there = ", ".join(sorted(known)) or "none"
                    mistakes.append(f"rules.{index}: there is no {what} {name!r} on this camera (there: {there})")
            if self.ground is None and CATALOG[rule.kind].needs_ground:  # type: ignore[attr-defined]
                mistakes.append(
                    f"rules.{index}: {rule.name!r} measures on the ground, and this camera has no ground: block; "
                    "`ioc camera calibrate` makes it"
                )
        names = [rule.name for rule in self.rules]
        mistakes += [f"the rule name {name!r} is used twice" for name in sorted(set(names)) if names.count(name) > 1]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self


class OnvifSettings(Settings):
    url: str = Field(description="the camera's event service: http://user:pass@10.0.0.11/onvif/event_service")

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not _port_is_a_number(parts):
            raise ValueError("must look like http://user:pass@10.0.0.11/onvif/event_service")
        return url


class CameraSettings(ViewSettings):
    id: Name = Field(description="name of the camera: lower-case letters, digits, - and _")
    name: str = Field(default="", max_length=200, description="what people call it")
    url: str = Field(description="rtsp://user:pass@host/path; rtsps, http, https and file work too")
    detect_url: str | None = Field(default=None, description="a smaller stream of the same camera, used for detection")
    clip_s: float = Field(
        default=0.0,
        ge=0,
        le=30,
        description="seconds of video before an event that are kept as evidence, as the camera sent them; 0: none; "
        "a camera with masks gives none, because video that is not decoded cannot be blackened",
    )
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="how RTSP carries pictures")
    onvif: OnvifSettings | None = Field(default=None, description="wakes the camera by its own motion events")
    area: str | None = Field(default=None, pattern=r"^[0-9]{2,10}$", description="commune code, as text in quotes")
    position: PositionSettings | None = Field(default=None, description="where the camera stands and looks")

    @field_validator("url", "detect_url")
    @classmethod
    def _a_source(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in CAMERA_SCHEMES:
            raise ValueError(f"must start with one of {', '.join(s + ':' for s in CAMERA_SCHEMES)}")
        if parts.scheme == "file":
            return url
        if not _port_is_a_number(parts):
            raise ValueError("the port is not a number; in a password, write / as %2F, ? as %3F, # as %23 and @ as %40")
        if not parts.hostname:
            raise ValueError(f"the host is missing: {parts.scheme}://host/path")
        return url


def _port_is_a_number(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


class NodeConfig(Settings):
    node: NodeSettings
    broker: BrokerSettings
    central: CentralSettings | None = Field(default=None, description="where evidence goes; empty keeps it on the box")
    inference: InferenceSettings = Field(default=InferenceSettings(), description="models and accelerators")
    terrain: Path | None = Field(
        default=None, description="heights of the ground: a GeoTIFF in degrees, an SRTM .hgt tile, or a folder of them"
    )
    cameras: list[CameraSettings] = Field(min_length=1, description="the cameras of this box")

    @model_validator(mode="after")
    def _camera_ids_are_unique(self) -> NodeConfig:
        ids = [camera.id for camera in self.cameras]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"the camera id {twice[0]!r} is used twice")
        return self
