"""What every rule is: looks in, findings out; no clock, no network, no camera."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from detectors.detections import Detections
from detectors.picture import Picture
from edge.geometry import Areas, Points, Zone
from edge.ground import Ground
from edge.rules.filters import ObjectFilter, ObjectFilterSettings
from edge.rules.lorries import LorryJudge
from edge.rules.vitals import Vitals
from edge.schedule import Span, Utc
from edge.tracks import Tracks

Phase: TypeAlias = Literal["start", "update", "end"]
Severity: TypeAlias = Literal["critical", "high", "medium", "low", "info"]
Sense: TypeAlias = Literal["objects", "smoke", "picture"]
"""What a rule looks with: tracks of the object detector, boxes of the smoke detector, or pixels alone."""
DangerLevel: TypeAlias = Literal["I", "II", "III", "IV", "V"]
"""Forest-fire danger of a commune on one day, as `common.fire_danger` computes it; V is extreme."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as an event names it. `box` is x0 y0 x1 y1, each 0..1."""

    track: int
    label: str
    box: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says has become true, goes on, or is over. The node adds who, where and when."""

    kind: str
    phase: Phase
    key: str  # names the one cause within the rule: start, updates and end carry the same key
    time_s: float  # camera time at which it is said
    started_s: float  # camera time since when it is true
    confidence: float
    severity: Severity
    ended_s: float | None = None
    zone: str | None = None
    line: str | None = None
    objects: tuple[Seen, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a camera shows at one moment."""

    time_s: float  # camera time; never runs backwards, also not across sessions
    tracks: Tracks
    detections: Detections  # of the detector behind the rule's sense, tracked or not
    picture: Picture | None = None
    pose: str | None = ""  # what the camera looks at: memory of a view is kept by it. "" the only view; None on its way
    danger: DangerLevel | None = None  # of the camera's commune today; None where nobody has told
    at: Utc | None = None  # UTC of the moment, for what depends on the hour or the season
    ratios: Areas | None = None  # (N,) height of each track over what is expected at its place; NaN where unknown


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The drawn geometry of one camera, handed to each of its rules."""

    zones: Mapping[str, Zone] = field(default_factory=dict)
    lines: Mapping[str, Points] = field(default_factory=dict)  # name → (2, 2): from, to
    masks: tuple[Points, ...] = ()
    aspect: float = 16 / 9  # width ÷ height of the picture
    ground: Ground | None = None  # where the camera is calibrated
    lorries: LorryJudge | None = None  # tells lorries from buses

    def zone(self, name: str | None) -> Zone:
        """Return the named zone, or the whole picture for None."""
        return Zone.whole_picture() if name is None else self.zones[name]


class RuleSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="name of this rule, unique on its camera")
    severity: Severity = Field(default="medium", description="how urgent the operator should find it")
    schedule: tuple[Span, ...] = Field(
        default=(),
        description="when it is on duty: {days: [sat, sun], from: '22:00', to: '05:00'}; empty: always",
    )

    def zones_named(self) -> list[str]:
        """Return the zones of the camera that these settings count on."""
        zone = getattr(self, "zone", None)
        return [] if zone is None else [zone]


class ObjectRuleSettings(RuleSettings, ObjectFilterSettings):
    """What every rule over objects can be told to leave out."""


class ZoneRuleSettings(ObjectRuleSettings):
    zone: str | None = Field(default=None, description="a zone of this camera; empty means the whole picture")
    labels: frozenset[str] = Field(default=frozenset(), description="which labels count; empty means all")


S = TypeVar("S", bound=RuleSettings)


class Rule(ABC, Generic[S]):
    """Watches one camera. One instance per camera and per configured rule; all times are camera time."""

    kind: ClassVar[str]
    Settings: type[S]
    sense: ClassVar[Sense] = "objects"
    also: ClassVar[frozenset[Sense]] = frozenset()  # senses whose latest tracks it wants beside its own looks
    holds: ClassVar[bool] = True  # may be told that nothing has changed since the last look, instead of looking
    kinds: ClassVar[tuple[str, ...]] = ()  # the event kinds it can report; empty means its own name alone
    needs_ground: ClassVar[bool] = False  # works only on a camera with a ground block
    says: ClassVar[tuple[str, str]]  # what it reports, in Vietnamese and in English

    def __init__(self, settings: S, scene: Scene) -> None:
        self.settings = settings
        self.scene = scene
        self._filter = ObjectFilter(settings, scene.aspect) if isinstance(settings, ObjectFilterSettings) else None

    def see(self, look: Look) -> Iterable[Finding]:
        """Look at what the settings let through."""
        if self._filter is None or not len(look.tracks):
            return self.update(look)
        keep = self._filter.keep(look.tracks, look.time_s, look.ratios)
        return self.update(look if keep.all() else replace(look, tracks=look.tracks[keep], ratios=None))

    def let_go(self, track_ids: list[int]) -> None:
        """Drop any memory of tracks that have ended, its own and its filter's."""
        if self._filter is not None:
            self._filter.forget(track_ids)
        self.forget(track_ids)

    @property
    def every_s(self) -> float:
        """Seconds between two looks that this rule needs; 0 means every one there is."""
        return 0.2

    @property
    def glances_s(self) -> float | None:
        """Seconds between two glances at the bare picture, between its looks; None where it needs none."""
        return None

    def glance(self, picture: Picture, time_s: float) -> None:
        """Take in a picture that no detector may have looked at; what follows from it is told at the next look."""

    def delay_of(self, kind: str) -> float:
        """Return the seconds for which its settings let it wait before it reports `kind`; any more is its own doing."""
        return float(getattr(self.settings, "after_s", None) or getattr(self.settings, "for_s", None) or 0.0)

    @abstractmethod
    def update(self, look: Look) -> Iterable[Finding]:
        """Look, and report what has become true, goes on, or is over."""

    def absent(self, silent_s: float, time_s: float) -> Iterable[Finding]:
        """Called about once a second while no picture arrives, with the seconds since the last one."""
        return ()

    def vitals(self, vitals: Vitals, time_s: float) -> Iterable[Finding]:
        """Called about once a second with what the camera's connection says about itself."""
        return ()

    @property
    def mutes(self) -> str | None:
        """The kind of trouble because of which the camera's other rules cannot be believed just now; None: none."""
        return None

    @property
    def sight(self) -> str | None:
        """In one word why it cannot judge the view (night, fog, glare …); "clear" when it can; None: no idea."""
        return None

    def finish(self, time_s: float) -> Iterable[Finding]:
        """Called once when the camera ends: close what is open."""
        return ()

    def forget(self, track_ids: Iterable[int]) -> None:
        """Drop any memory of tracks that have ended."""
