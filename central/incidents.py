"""Merge events into incidents. Pure: no clock, no database, and the order of arrival does not matter.

Two axes describe an incident, and neither moves the other:

- condition: what the cameras say. `active` while any of its episodes goes on, `cleared` when all are over.
- handling: what people say: new → acknowledged → in_progress → resolved → closed, or false_alarm.

An *episode* is one start…end of one cause; its events share `started_at`, the boot of the node, and the cause's name.

1. An event of a known episode belongs to that episode's incident, whatever its handling.
2. Otherwise it joins the unfinished incident of the same key whose time span, widened by `REJOIN_WITHIN` on both
   sides, touches the event's. Where it touches several, they were one all along: the earliest absorbs the others.
3. Otherwise it joins a finished (closed, false alarm) incident that it touches, if it began before that was finished.
4. Otherwise it opens a new incident.
5. A new episode in a resolved incident, begun after it was resolved, makes it new again: it was not over.
6. Severity and confidence only grow. What and where it is, and the first picture, are told by the earliest event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from central import sights as bearings
from central.crossing import Sight
from mqtt.event import Event, EvidenceRef
from mqtt.kinds import SEVERITIES

Handling: TypeAlias = Literal["new", "acknowledged", "in_progress", "resolved", "closed", "false_alarm"]
Condition: TypeAlias = Literal["active", "cleared"]

REJOIN_WITHIN: Final = timedelta(minutes=5)
MOST_EPISODES: Final = 200  # of one incident; the oldest that are over are forgotten first
MOST_DETAILS: Final = 30
MOST_DETAIL_CHARS: Final = 300
FINISHED: Final[frozenset[Handling]] = frozenset({"closed", "false_alarm"})
_RANK: Final = {name: rank for rank, name in enumerate(reversed(SEVERITIES))}  # info 0 … critical 4


@dataclass(frozen=True, slots=True, order=True)
class Episode:
    """One start…end of one cause, as far as it is known."""

    started_at: datetime
    boot_id: str
    cause: str  # how the rule names it; empty when it does not
    last_at: datetime
    ended_at: datetime | None = None
    node: str = ""  # site/node that tells of it; empty for one stored before this was kept

    @property
    def identity(self) -> tuple[datetime, str, str]:
        return self.started_at, self.boot_id, self.cause


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture or clip that proves an incident, and when its event happened."""

    at: datetime
    sha256: str
    media_type: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What and where, as the earliest event told it; `told` orders the tellers."""

    told: tuple[datetime, str]
    zone: str | None
    line: str | None
    area: str | None
    position: dict[str, float | None] | None
    detail: dict[str, Any]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """The related events that an operator handles as one case."""

    id: str
    key: str
    category: str
    kind: str
    site: str
    node: str
    camera: str | None
    severity: str
    confidence: float
    facts: Facts
    episodes: tuple[Episode, ...]  # by started_at
    picture: Shot | None = None
    clip: Shot | None = None
    handling: Handling = "new"
    handled_at: datetime | None = None  # when the handling last changed
    assignee: str | None = None
    sights: tuple[Sight, ...] = ()  # where the cameras see it: the latest bearing of each cause
    apart: frozenset[str] = frozenset()  # ids of incidents from which people have parted it

    @property
    def started_at(self) -> datetime:
        return self.episodes[0].started_at

    @property
    def last_at(self) -> datetime:
        return max(episode.last_at for episode in self.episodes)

    @property
    def ended_at(self) -> datetime | None:
        """When the last episode ended, or None while one goes on."""
        ends = [episode.ended_at for episode in self.episodes]
        return None if None in ends else max(end for end in ends if end is not None)

    @property
    def condition(self) -> Condition:
        return "active" if self.ended_at is None else "cleared"

    @property
    def finished(self) -> bool:
        return self.handling in FINISHED


@dataclass(frozen=True, slots=True)
class Merge:
    """What one event does: the incident it belongs to now, and the ones that turned out to be the same."""

    incident: Incident
    before: Incident | None  # None: this event opened it
    absorbed: tuple[Incident, ...] = ()

    @property
    def reopened(self) -> bool:
        """True when a resolved incident is new again because it went on."""
        return self.before is not None and self.before.handling == "resolved" and self.incident.handling == "new"


def incident_key(event: Event) -> str:
    """Return what two events share when they are about one cause: the source and the subject it proposes."""
    return f"{event.source}#{event.kind}#{event.subject}"[:500]


def merge(known: Sequence[Incident], event: Event, new_id: Callable[[], str]) -> Merge:
    """Put `event` where it belongs among the `known` incidents of its key."""
    opened = _open(event, new_id)
    touching = [incident for incident in known if _touches(incident, event)]
    same = [incident for incident in touching if _knows(incident, opened.episodes[0])]
    unfinished = [incident for incident in touching if not incident.finished]
    began_before = [i for i in touching if i.finished and i.handled_at and opened.started_at <= i.handled_at]
    homes = same[:1] if same and same[0].finished else unfinished or began_before[:1]
    if not homes:
        return Merge(opened, None)
    home, *others = sorted(homes, key=lambda incident: (incident.started_at, incident.id))
    joined = join(home, opened)
    for other in others:
        joined = join(joined, other)
    return Merge(_reopen(home, joined), home, tuple(others))


def refold(incident: Incident, told: Sequence[Event], known: Sequence[Episode]) -> Incident:
    """Return `incident` as these events alone tell it; what people did with it, and `known` ends of episodes, stay."""
    first, *rest = [_open(event, lambda: incident.id) for event in told]
    for other in rest:
        first = join(first, other)
    ends = {episode.identity: episode for episode in known}
    episodes = tuple(_same_episode(one, ends.get(one.identity, one)) for one in first.episodes)
    return replace(
        first, key=incident.key, apart=incident.apart, episodes=episodes, handling=incident.handling,
        handled_at=incident.handled_at, assignee=incident.assignee,
    )  # fmt: skip


def end_episodes(incident: Incident, at: datetime, *, node: str, unless_boot: str | None) -> Incident:
    """Return `incident` with the open episodes of other boots of `node` (site/node) ended: it began anew."""
    ended = tuple(
        replace(episode, ended_at=max(at, episode.last_at), last_at=max(at, episode.last_at))
        if episode.ended_at is None and episode.boot_id != unless_boot and node_of(incident, episode) == node
        else episode
        for episode in incident.episodes
    )
    return replace(incident, episodes=ended)


def node_of(incident: Incident, episode: Episode) -> str:
    """Return the site/node that tells of an episode."""
    return episode.node or f"{incident.site}/{incident.node}"


def worse(one: str, other: str) -> str:
    """Return the more urgent of two severities."""
    return max(one, other, key=_RANK.__getitem__)


def _open(event: Event, new_id: Callable[[], str]) -> Incident:
    data = event.data
    ended_at = data.ended_at or (event.time if data.phase == "end" else None)
    last_at = max(data.started_at, event.time, ended_at or event.time)
    plain = json.loads(data.model_dump_json(include={"detail", "position"}))  # no NaN: screens could not read it
    return Incident(
        id=new_id(),
        key=incident_key(event),
        category=event.category,
        kind=event.kind,
        site=event.site,
        node=event.node,
        camera=event.camera,
        severity=data.severity,
        confidence=data.confidence,
        facts=Facts(
            told=(event.time, event.id),
            zone=data.zone,
            line=data.line,
            area=data.area,
            position=plain["position"],
            detail=_brief(plain["detail"]),
            labels=tuple(sorted({thing.label for thing in data.objects})),
        ),
        episodes=(_episode(event, last_at, ended_at),),
        picture=_shot(event, "snapshot"),
        clip=_shot(event, "clip"),
        sights=tuple(sight for sight in [bearings.sight_of(event)] if sight is not None),
    )


def _episode(event: Event, last_at: datetime, ended_at: datetime | None) -> Episode:
    data, cause = event.data, str(event.data.detail.get("cause", ""))[:200]
    return Episode(data.started_at, data.boot_id, cause, last_at, ended_at, f"{event.site}/{event.node}")


def _brief(detail: dict[str, Any]) -> dict[str, Any]:
    """Return what fits on a card. A summary goes to every screen; the whole detail stands in the event."""
    small = [(key, value) for key, value in detail.items() if len(json.dumps(value)) <= MOST_DETAIL_CHARS]
    return {key[:MOST_DETAIL_CHARS]: value for key, value in small[:MOST_DETAILS]}


def _shot(event: Event, role: str) -> Shot | None:
    found = [ref for ref in event.data.evidence if ref.role == role]
    return _as_shot(event.time, found[0]) if found else None


def _as_shot(at: datetime, ref: EvidenceRef) -> Shot:
    return Shot(at, ref.sha256, ref.media_type, ref.bytes)


def _touches(incident: Incident, event: Event) -> bool:
    until = max(event.data.started_at, event.time, event.data.ended_at or event.time)
    return event.data.started_at <= incident.last_at + REJOIN_WITHIN and until >= incident.started_at - REJOIN_WITHIN


def _knows(incident: Incident, episode: Episode) -> bool:
    return any(known.identity == episode.identity for known in incident.episodes)


def join(one: Incident, other: Incident) -> Incident:
    """Return `one` with all that `other` knows: commutative and idempotent but for the id and the handling."""
    awake = other if one.handling == "new" and other.handling != "new" else one
    return replace(
        one,
        severity=worse(one.severity, other.severity),
        confidence=max(one.confidence, other.confidence),
        facts=min(one.facts, other.facts, key=lambda facts: facts.told),
        episodes=_union(one.episodes, other.episodes),
        picture=_earlier(one.picture, other.picture),
        clip=_earlier(one.clip, other.clip),
        handling=awake.handling,
        handled_at=awake.handled_at,
        assignee=awake.assignee,
        sights=bearings.joined(one.sights, other.sights),
        apart=one.apart | other.apart,
    )


def _union(some: tuple[Episode, ...], more: tuple[Episode, ...]) -> tuple[Episode, ...]:
    known: dict[tuple[datetime, str, str], Episode] = {}
    for episode in (*some, *more):
        same = known.get(episode.identity)
        known[episode.identity] = _same_episode(same, episode) if same else episode
    episodes = sorted(known.values(), key=lambda episode: episode.identity)
    if len(episodes) <= MOST_EPISODES:
        return tuple(episodes)
    first, *rest = episodes
    over = [episode for episode in rest if episode.ended_at is not None][: len(episodes) - MOST_EPISODES]
    gone = set(over)
    kept = [episode for episode in rest if episode not in gone]
    return (first, *kept[-(MOST_EPISODES - 1) :])


def _same_episode(one: Episode, other: Episode) -> Episode:
    ends = [end for end in (one.ended_at, other.ended_at) if end is not None]
    last_at, node = max(one.last_at, other.last_at), max(one.node, other.node)
    return replace(one, last_at=last_at, ended_at=max(ends, default=None), node=node)


def _earlier(one: Shot | None, other: Shot | None) -> Shot | None:
    shots = [shot for shot in (one, other) if shot is not None]
    return min(shots, key=lambda shot: (shot.at, shot.sha256), default=None)


def _reopen(home: Incident, joined: Incident) -> Incident:
    if home.handling != "resolved" or home.handled_at is None:
        return joined
    newest = joined.episodes[-1]
    if newest.started_at <= home.handled_at or _knows(home, newest):
        return joined
    return replace(joined, handling="new", handled_at=newest.started_at, assignee=None)
