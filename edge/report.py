"""Make a finding official: an event with an id, a place, a time and its evidence, safe on disk before it is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from detectors.picture import Picture
from edge.camera import Told
from edge.config import CameraSettings
from edge.evidence import EvidenceStore, snapshot
from edge.footage import Cut, Footage
from edge.rules import CATALOG
from edge.smoke.placing import Placed, Placer, Placing
from mqtt.event import Event, EventData, EventObject, EvidenceRef, ModelRef, Position, uuid7
from mqtt.kinds import KINDS, event_type

log = logging.getLogger(__name__)

FLOW_KINDS: Final = frozenset({"line_count"})
LATE_AFTER_S: Final = 10.0
MOST_OBJECTS: Final = 100  # in one event; a crowd of 300 is its count and a hundred boxes


class Outgoing(Protocol):
    """Where events are made safe; `mqtt.outbox.Outbox` is one."""

    def put_many(self, makes: Sequence[Callable[[int], Event]]) -> list[Event]:
        """Store what each `make(seq)` returns, and return them once they are on disk."""


@dataclass(frozen=True, slots=True)
class CameraClock:
    """How far the camera's clock is from the node's, and whether it is a clock at all."""

    offset_ms: float | None = None
    synced: bool = False


class Reporter:
    """Turns what rules tell into events of one node."""

    def __init__(
        self,
        *,
        site: str,
        node: str,
        boot_id: str,
        outgoing: Outgoing,
        evidence: EvidenceStore,
        footage: Footage | None = None,
        placing: Placing | None = None,
        on_evidence: Callable[[], None] = lambda: None,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = f"/{site}/{node}"
        self._boot_id = boot_id
        self._outgoing = outgoing
        self._evidence = evidence
        self._footage = footage or Footage()
        self._placing = placing or Placer()
        self._on_evidence = on_evidence
        self._utc = utc
        self.evidence_failed = 0

    def report(
        self, camera: CameraSettings, told: Told, *, model: ModelRef | None = None, clock: CameraClock | None = None
    ) -> Event:
        """Save the evidence, commit the event, and return it."""
        return self.report_all(camera, [(told, model)], clock=clock)[0]

    def report_all(
        self,
        camera: CameraSettings,
        told: Sequence[tuple[Told, ModelRef | None]],
        *,
        clock: CameraClock | None = None,
    ) -> list[Event]:
        """Save the evidence and commit the events of one look together: the disk is waited for once.

        A full disk costs the picture, never the event.
        """
        makes = [self._prepared(camera, one, model, clock or CameraClock()) for one, model in told]
        events = self._outgoing.put_many(makes)
        for event in events:
            fields = {"camera": camera.id, "kind": event.kind, "phase": event.data.phase, "event_id": event.id}
            log.info("event", extra=fields)
        if any(event.data.evidence for event in events):
            self._on_evidence()
        return events

    def _prepared(
        self, camera: CameraSettings, told: Told, model: ModelRef | None, clock: CameraClock
    ) -> Callable[[int], Event]:
        is_proved = told.finding.phase == "start" and told.finding.kind not in FLOW_KINDS
        proof = self._prove(camera, told) if is_proved else ()
        placed = self._placing.place(camera, told) or Placed(_position(camera, told.finding.detail))
        return lambda seq: self._event(camera, told, seq, proof, model, clock, placed)

    def save_picture(self, camera: CameraSettings, picture: Picture) -> EvidenceRef:
        """Save a picture that somebody asked for, private areas blackened. Raises OSError."""
        masks = [np.asarray(mask, np.float64) for mask in camera.masks]
        reference = self._evidence.add(snapshot(picture, (), masks))
        self._on_evidence()
        return reference

    def save_clip(self, camera: CameraSettings, until: datetime | None, seconds: float) -> tuple[EvidenceRef, Cut]:
        """Save video that somebody asked for. Raises OSError; ValueError when there is none or it must not be shown."""
        made = self._footage.clip(camera, until, seconds)
        if made is None:
            raise ValueError(f"camera {camera.id!r} holds no video of that time")
        reference = self._evidence.add(made.content, media_type="video/mp4", role="clip")
        self._on_evidence()
        return reference, made

    def report_node(
        self, kind: str, *, phase: str, severity: str, started_at: datetime, detail: dict[str, Any]
    ) -> Event:
        """Report something about the node itself (`overloaded`, `disk`, `outbox`)."""
        now = self._utc()

        def make(seq: int) -> Event:
            data = {
                "phase": phase, "severity": severity, "confidence": 1.0, "started_at": started_at,
                "ended_at": now if phase == "end" else None, "detail": detail, "boot_id": self._boot_id, "seq": seq,
                "captured_at": now, "published_at": now, "clock_synced": True,
            }  # fmt: skip
            return Event(
                id=uuid7(now), source=self._source, type=event_type("node", kind), time=now,
                subject=f"{self._source[1:]}:{kind}", data=EventData.model_validate(data),
            )  # fmt: skip

        return self._outgoing.put_many([make])[0]

    def _event(
        self,
        camera: CameraSettings,
        told: Told,
        seq: int,
        proof: tuple[EvidenceRef, ...],
        model: ModelRef | None,
        clock: CameraClock,
        placed: Placed,
    ) -> Event:
        finding, now = told.finding, self._utc()
        data = EventData(
            phase=finding.phase,
            severity=finding.severity,
            confidence=min(1.0, max(0.0, finding.confidence)),
            zone=finding.zone,
            line=finding.line,
            started_at=told.started_at,
            ended_at=told.ended_at,
            area=camera.area,
            position=placed.position,
            objects=tuple(
                EventObject(track=o.track, label=o.label, box=o.box, score=min(1.0, max(0.0, o.score)))
                for o in finding.objects[:MOST_OBJECTS]
            ),
            detail={
                "rule": told.rule_name,
                "cause": finding.key,
                "camera_name": camera.name,
                **finding.detail,
                **placed.detail,
            },
            evidence=proof,
            model=model,
            boot_id=self._boot_id,
            seq=seq,
            captured_at=told.at,
            published_at=now,
            clock_offset_ms=clock.offset_ms,
            clock_synced=clock.synced,
            late=(now - told.at).total_seconds() > LATE_AFTER_S,
        )
        return Event(
            id=uuid7(now),
            source=f"{self._source}/{camera.id}",
            type=event_type(category_of(finding.kind, told.rule_name, camera), finding.kind),
            time=told.ended_at if finding.phase == "end" and told.ended_at else told.at,
            subject=subject_of(camera, told),
            data=data,
        )

    def _prove(self, camera: CameraSettings, told: Told) -> tuple[EvidenceRef, ...]:
        if told.picture is None:
            return ()
        masks = [np.asarray(mask, np.float64) for mask in camera.masks]
        try:
            picture = (self._footage.picture(camera.id, told.at) if camera.detect_url else None) or told.picture
            jpeg = snapshot(picture, told.finding.objects[:MOST_OBJECTS], masks, _outline(camera, told))
            return (self._evidence.add(jpeg), *self._clip(camera, told.at))
        except OSError as error:
            self.evidence_failed += 1
            log.error("no evidence saved", extra={"camera": camera.id, "error": str(error)})
            return ()

    def _clip(self, camera: CameraSettings, until: datetime) -> tuple[EvidenceRef, ...]:
        if not camera.clip_s or camera.masks:
            return ()
        made = self._footage.clip(camera, until, camera.clip_s)
        return () if made is None else (self._evidence.add(made.content, media_type="video/mp4", role="clip"),)


def subject_of(camera: CameraSettings, told: Told) -> str:
    """Return the incident key that the edge proposes: camera + kind + zone or line (or the rule, without either)."""
    place = told.finding.zone or told.finding.line or told.rule_name
    return f"{camera.id}:{told.finding.kind}:{place}"


def category_of(kind: str, rule_name: str, camera: CameraSettings) -> str:
    """Return the category of a finding's kind. A camera's rule never speaks for the node."""
    for category, kinds in KINDS.items():
        if category != "node" and kind in kinds:
            return category
    raise ValueError(f"rule {rule_name!r} of camera {camera.id!r} reports the unknown kind {kind!r}")


def known_kinds() -> frozenset[str]:
    """Return every kind that some rule can report."""
    return frozenset(k for rule in CATALOG.values() for k in (rule.kinds or (rule.kind,)))


def _position(camera: CameraSettings, detail: Mapping[str, Any]) -> Position | None:
    if camera.position is None:
        return None
    bearing_deg = detail.get("bearing_deg", camera.position.azimuth_deg)
    return Position(
        lat=camera.position.lat, lon=camera.position.lon, bearing_deg=bearing_deg, accuracy_m=detail.get("accuracy_m")
    )


def _outline(camera: CameraSettings, told: Told) -> npt.NDArray[np.float64] | None:
    if told.finding.zone in camera.zones:
        return np.asarray(camera.zones[told.finding.zone], np.float64)
    if told.finding.line in camera.lines:
        line = camera.lines[told.finding.line]
        return np.asarray([line.from_, line.to], np.float64)
    return None
