"""One batch of messages inside its transaction: repeats dropped, gaps counted, events merged, incidents written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from central import flows, presence, views
from central.fires import TOGETHER_WITHIN, same_fire
from central.gaps import Gaps
from central.incidents import Incident, Merge, end_episodes, incident_key, join, merge
from central.store.incident_rows import absorb, burning, by_id, candidates, from_row, insert, update
from central.store.tables import audit, events, evidence_of, sequences
from mqtt.event import Event, uuid7
from mqtt.subscriber import Received
from mqtt.topics import NodeTopics
from mqtt.wire import Health, Status

Change = dict[str, Any]
_CHUNK: Final = 400  # values in one IN (…)


class Batch:
    """One batch inside its transaction."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self._db = connection
        self._now = now
        self._touched: set[str] = set()  # incidents to show
        self._nodes: set[NodeTopics] = set()  # nodes to show
        self.stored = 0
        self.repeated = 0

    def events(self, received: Sequence[Received]) -> None:
        fresh = self._fresh(received)
        self.stored, self.repeated = len(fresh), len(received) - len(fresh)
        self._count_gaps(fresh)
        self._keep([(r.message, r.channel) for r in fresh if isinstance(r.message, Event)])

    def own(self, event: Event) -> None:
        self._keep([(event, "event")])

    def show(self, node: NodeTopics) -> None:
        """Let the screens hear of this node."""
        self._nodes.add(node)

    def status(self, node: NodeTopics, status: Status, retained: bool) -> None:
        change = presence.heard_status(self._db, node, status, self._now, retained=retained)
        self._follow(node, change, status.boot_id, status.at)

    def health(self, node: NodeTopics, health: Health) -> None:
        change = presence.heard_health(self._db, node, health, self._now)
        if health.outbox is not None:
            self._heard(node, health.boot_id, expect=health.outbox.last_seq)
        self._follow(node, change, health.boot_id, health.at)

    def _follow(self, node: NodeTopics, change: presence.StatusChange, boot_id: str, at: datetime) -> None:
        """Draw the conclusions from a birth, a death or health."""
        self.show(node)
        if change.new_boot:
            for incident in presence.watched_by_an_earlier_boot(self._db, node, boot_id):
                self._update(incident, _ended(incident, at, node, boot_id))
        if change.returned_from is not None:
            self.own(presence.node_event(node, "end", change.returned_from, self._now))

    def finish(self, areas: Mapping[str, str]) -> list[Change]:
        """Return what the screens have to hear once this is committed."""
        shown = views.incidents_by_id(self._db, sorted(self._touched), areas)
        changes: list[Change] = [{"type": "incident", "cursor": i["changed"], "incident": i} for i in shown]
        changes += [{"type": "node", "node": n} for n in presence.shown(self._db, self._nodes, areas)]
        return changes

    def _fresh(self, received: Sequence[Received]) -> list[Received]:
        """Return what is not stored yet; repeats inside the batch count as repeats too."""
        first: dict[str, Received] = {}
        for item in received:
            if isinstance(item.message, Event):
                first.setdefault(item.message.id, item)
        known: set[str] = set()
        ids = list(first)
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            known.update(self._db.execute(sa.select(events.c.id).where(events.c.id.in_(part))).scalars())
        return [item for id_, item in first.items() if id_ not in known]

    def _keep(self, fresh: Sequence[tuple[Event, str]]) -> None:
        if not fresh:
            return
        told = [event for event, channel in fresh if channel == "event" and event.kind != "line_count"]
        homes = self._merge(told)
        rows = [_event_row(event, homes.get(event.id), self._now) for event, _ in fresh]
        self._db.execute(sa.insert(events), rows)
        proofs = [proof for event in told for proof in _proofs(event, homes[event.id])]
        if proofs:
            self._db.execute(sa.insert(evidence_of), proofs)
        flows.keep(self._db, [event for event, _ in fresh if event.kind == "line_count"])
        for incident_id in sorted({homes[event.id] for event in told if event.category == "wildfire"}):
            self._unite(incident_id)

    def _unite(self, incident_id: str) -> None:
        """Make one incident of those that tell of one fire, as long as there are any."""
        row = by_id(self._db, incident_id)
        if row is None or row["merged_into"]:
            return
        incident = from_row(row)
        others = burning(self._db, incident.site, incident.started_at - TOGETHER_WITHIN) if incident.sights else []
        other = same_fire(incident, others)
        if other is None:
            return
        home, guest = sorted((incident, other), key=lambda one: (one.started_at, one.id))
        self._update(home, join(home, guest))
        absorb(self._db, home.id, guest.id)
        self._touched.add(guest.id)
        self._note("united", home.id, {"camera": guest.camera, "node": guest.node, "incident": guest.id})
        self._unite(home.id)

    def _merge(self, told: Sequence[Event]) -> dict[str, str]:
        """Merge events into incidents, write these, and return event id → incident id."""
        if not told:
            return {}
        began = min(event.data.started_at for event in told)
        known = candidates(self._db, [incident_key(event) for event in told], began - timedelta(seconds=1))
        boots = presence.present_boots(self._db, {(e.site, e.node) for e in told})
        before = {incident.id: incident for group in known.values() for incident in group}
        counts: dict[str, int] = {}
        homes: dict[str, str] = {}
        gone: list[tuple[str, str]] = []
        for event in told:
            group = known.setdefault(incident_key(event), [])
            step = merge(group, event, uuid7)
            incident = _of_the_past(step.incident, event, boots.get((event.site, event.node)))
            away = {step.incident.id, *(other.id for other in step.absorbed)}
            group[:] = [other for other in group if other.id not in away] + [incident]
            homes[event.id] = incident.id
            counts[incident.id] = counts.get(incident.id, 0) + 1
            for other in step.absorbed:
                gone.append((incident.id, other.id))
                counts[incident.id] += counts.pop(other.id, 0)
            self._remember(step)
        moved = {other: home for home, other in gone}
        homes = {event_id: _final(home, moved) for event_id, home in homes.items()}
        after = {incident.id: incident for group in known.values() for incident in group}
        self._write(before, after, counts, gone)
        return homes

    def _write(
        self,
        before: Mapping[str, Incident],
        after: Mapping[str, Incident],
        counts: Mapping[str, int],
        gone: Sequence[tuple[str, str]],
    ) -> None:
        opened = [incident for id_, incident in after.items() if id_ not in before]
        insert(self._db, opened, counts, self._now)
        self._touched.update(incident.id for incident in opened)
        for home, other in gone:
            if other in before:
                absorb(self._db, home, other)
                self._touched.add(other)
        for id_, incident in after.items():
            if id_ in before and (id_ in counts or incident != before[id_]):
                self._update(before[id_], incident, more_events=counts.get(id_, 0))

    def _update(self, before: Incident, incident: Incident, *, more_events: int = 0) -> None:
        weighty = (before.handling, before.severity) != (incident.handling, incident.severity)
        update(self._db, incident, more_events=more_events, new_version=weighty)
        self._touched.add(incident.id)

    def _remember(self, step: Merge) -> None:
        """Write into the incident's history what merging did to it by itself."""
        notes: list[tuple[str, dict[str, Any]]] = []
        if step.reopened:
            notes.append(("reopened", {"from": "resolved", "to": "new"}))
        if step.before is not None and step.before.severity != step.incident.severity:
            notes.append(("escalated", {"from": step.before.severity, "to": step.incident.severity}))
        notes += [("absorbed", {"incident": other.id}) for other in step.absorbed]
        for action, detail in notes:
            self._note(action, step.incident.id, detail)

    def _note(self, action: str, incident_id: str, detail: dict[str, Any]) -> None:
        line = {"at": self._now, "who": "system", "action": action, "incident_id": incident_id, "detail": detail}
        self._db.execute(sa.insert(audit).values(**line))

    def _count_gaps(self, fresh: Sequence[Received]) -> None:
        seqs: dict[tuple[NodeTopics, str], list[int]] = {}
        for item in fresh:
            if isinstance(item.message, Event):
                seqs.setdefault((item.node, item.message.data.boot_id), []).append(item.message.data.seq)
        for (node, boot_id), heard in seqs.items():
            self._heard(node, boot_id, heard=heard)

    def _heard(self, node: NodeTopics, boot_id: str, *, heard: Sequence[int] = (), expect: int = 0) -> None:
        place = sa.and_(sequences.c.site == node.site, sequences.c.node == node.node, sequences.c.boot_id == boot_id)
        row = self._db.execute(sa.select(sequences).where(place)).mappings().first()
        was = views.gaps_of(row) if row else Gaps()
        gaps = was.expect(expect)
        for seq in sorted(heard):
            gaps = gaps.heard(seq)
        if row is not None and gaps == was:
            return
        values = {
            "highest": gaps.highest,
            "missing": [list(part) for part in gaps.missing],
            "missing_count": gaps.count,
            "seen_at": self._now,
        }
        if row is None:
            self._db.execute(sa.insert(sequences).values(site=node.site, node=node.node, boot_id=boot_id, **values))
        else:
            self._db.execute(sa.update(sequences).where(place).values(**values))


def _final(home: str, moved: Mapping[str, str]) -> str:
    while home in moved:
        home = moved[home]
    return home


def _of_the_past(incident: Incident, event: Event, boot: presence.Boot | None) -> Incident:
    """End what a boot of the node told that is over: nobody is left to say that it ended."""
    if boot is None or boot.boot_id == event.data.boot_id or event.time >= boot.since:
        return incident
    return _ended(incident, event.time, NodeTopics(event.site, event.node), boot.boot_id)


def _ended(incident: Incident, at: datetime, node: NodeTopics, boot_id: str) -> Incident:
    return end_episodes(incident, at, node=f"{node.site}/{node.node}", unless_boot=boot_id)


def _event_row(event: Event, incident_id: str | None, now: datetime) -> dict[str, Any]:
    return {
        "id": event.id,
        "site": event.site,
        "node": event.node,
        "camera": event.camera,
        "category": event.category,
        "kind": event.kind,
        "phase": event.data.phase,
        "boot_id": event.data.boot_id,
        "seq": event.data.seq,
        "time": event.time,
        "stored_at": now,
        "incident_id": incident_id,
        "body": json.loads(event.to_bytes()),
    }


def _proofs(event: Event, incident_id: str) -> list[dict[str, Any]]:
    unique = {ref.sha256: ref for ref in event.data.evidence}
    return [
        {
            "sha256": ref.sha256,
            "event_id": event.id,
            "incident_id": incident_id,
            "role": ref.role,
            "media_type": ref.media_type,
            "bytes": ref.bytes,
            "at": event.time,
        }
        for ref in unique.values()
    ]
