"""Build one box from its configuration: cameras, models, rules and the way out. What the others need is made here."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from common.machine import version
from common.memory import give_back
from detectors.lorries import LazyLorryCheck
from edge.camera import USUAL_ASPECT, Told, make_watch
from edge.commands import Commands, changes
from edge.config import BrokerSettings, CameraSettings, NodeConfig
from edge.evidence import EvidenceStore
from edge.footage import Footage
from edge.health import CameraPulse, NodePulse, silent_s, vitals_of
from edge.inference import Analyst, Seat
from edge.model_room import ModelRoom
from edge.nuisance import Nuisance
from edge.pose_pictures import keep_learned, pose_watch
from edge.report import CameraClock, Reporter
from edge.rules.base import DangerLevel, Sense
from edge.self_watch import SelfWatch
from edge.smoke.placing import Placer
from edge.strain import Load, load_of
from edge.terrain import read_terrain
from edge.uploader import Uploader
from mqtt.courier import Courier
from mqtt.link import BrokerLink
from mqtt.nuisance import NuisanceAreas
from mqtt.outbox import Outbox
from mqtt.topics import NodeTopics
from mqtt.wire import CameraHealth
from rtsp.frame import Frame
from rtsp.governor import GovernorSettings
from rtsp.hardware import Hardware
from rtsp.onvif import MotionWatch
from rtsp.reader import Reader
from rtsp.receiver import Camera, DecoderPool

log = logging.getLogger(__name__)

HEALTH_EVERY_S: Final = 10.0
GIVE_BACK_EVERY_S: Final = 10.0  # meanwhile freed pictures stay in the heap, and 60 kB of each connection that ended
TICK_S: Final = 1.0
SILENT_AFTER_S: Final = 2.0
HELD_BACK: Final = timedelta(seconds=3)  # a waking camera catches up from before the change: time must not be ahead
KEY_FRAMES_SUFFICE_S: Final = 5.0  # rules that look less often than this live on key frames alone


@dataclass(frozen=True, slots=True, eq=False)
class Post:
    """One camera at its post: what it is, its place at the models, its connection, its pulse."""

    settings: CameraSettings
    seat: Seat
    connection: Camera
    pulse: CameraPulse
    motion: MotionWatch | None = None  # the camera's own events
    main: Camera | None = None  # the main stream, kept compressed, where another one is decoded

    def load(self) -> Load:
        received = self.connection.health()
        return load_of(self.seat, received.received, dict(received.skipped))


class Node:
    """One running box. `start` returns at once; `stop` returns within 5 s, with every event on disk."""

    def __init__(self, config: NodeConfig, *, config_file: Path | None = None) -> None:
        self.config = config
        boot_id = uuid.uuid4().hex
        data_dir = config.node.data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        self.nuisance = Nuisance(data_dir / "nuisance.json")
        self.outbox = Outbox(data_dir / "outbox.db", boot_id=boot_id)
        topics = NodeTopics(config.node.site, config.node.id)
        self.courier = Courier(self.outbox, link_of(config.broker), topics, version=version())
        self.courier.on_command(Commands(self, config_file).answer)
        self.evidence = EvidenceStore(data_dir / "evidence")
        self.evidence.prepare()
        self.footage = Footage()
        self.uploader = _uploader(config, self.evidence)
        self._views = data_dir / "views"  # by which it recognises that a camera has been turned
        self._placer = Placer(read_terrain(config.terrain) if config.terrain else None)
        self.reporter = Reporter(
            site=config.node.site,
            node=config.node.id,
            boot_id=boot_id,
            outgoing=self.outbox,
            evidence=self.evidence,
            footage=self.footage,
            placing=self._placer,
            on_evidence=self.uploader.nudge if self.uploader else lambda: None,
        )
        self._pulse = NodePulse(boot_id, data_dir)
        self.pool, self.reader = DecoderPool(), Reader()
        self._hardware = Hardware(config.inference.decoding)
        self._lorries = LazyLorryCheck(config.inference.models_dir)
        self._models = ModelRoom(config.inference, self._pulse.models)
        self.analyst = Analyst(self._models.sets(), self._on_told)
        self._self_watch = SelfWatch(self.reporter, self.outbox.health, data_dir)
        self._posts: dict[str, Post] = {}
        self._danger: Mapping[str, DangerLevel] = {}  # commune code → today's forest-fire danger, as central tells it
        self._lock = threading.Lock()  # guards the set of posts
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep_house, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin everything; models load and cameras connect side by side."""
        self.courier.start()
        if self.uploader:
            self.uploader.start()
        self.analyst.start()
        for camera in self.config.cameras:
            self.add_camera(camera)
        self._keeper.start()
        log.info("node started", extra={"node": self.config.node.id, "cameras": len(self._posts)})

    def stop(self) -> None:
        """Stop the cameras first, so that their last findings still reach the outbox."""
        self._stopping.set()
        self._keeper.join(timeout=3.0)
        posts = self.posts()
        for post in posts:
            if post.motion is not None:
                post.motion.stop()
        streams = [stream for post in posts for stream in (post.connection, post.main) if stream is not None]
        enders = [threading.Thread(target=stream.stop, daemon=True) for stream in streams]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join(timeout=4.0)
        self.analyst.stop()
        for post in posts:
            self._on_told(post.seat, None, post.seat.watch.finish())
        self.pool.close()
        self.reader.close()
        self.courier.stop()
        if self.uploader:
            self.uploader.stop()
        self.outbox.close()

    def posts(self) -> list[Post]:
        with self._lock:
            return list(self._posts.values())

    def add_camera(self, settings: CameraSettings) -> None:
        """Put a camera to work."""
        poses = pose_watch(settings, self._views)
        looks_per_s = self.config.inference.looks_per_s
        watch = make_watch(settings, looks_per_s=looks_per_s, poses=poses, lorries=self._lorries)
        watch.danger = self._danger.get(settings.area or "")
        seat = self.analyst.seat(settings, watch)
        fastest_s = min(watch.senses.values(), default=1.0)
        connection = Camera(
            settings.id,
            settings.detect_url or settings.url,
            transport=settings.transport,
            pool=self.pool,
            reader=self.reader,
            deliver=lambda frame: self._take_in(seat, frame),
            looks_per_s=1.0 / max(fastest_s, 1e-3),
            key_frames_only=fastest_s >= KEY_FRAMES_SUFFICE_S,
            governor=GovernorSettings(may_sleep=self.config.inference.sleep),
            hardware=self._hardware,
        )
        now_s = time.monotonic()
        main, motion = self._main_stream(settings), _motion_watch(settings, connection, 1.0 / max(fastest_s, 1e-3))
        post = Post(settings, seat, connection, CameraPulse(settings, seat, now_s, now_s), motion, main)
        self.footage.add(settings.id, main or connection)
        with self._lock:
            self._posts[settings.id] = post
        connection.start()
        for more in (main, motion):
            if more is not None:
                more.start()

    def _main_stream(self, settings: CameraSettings) -> Camera | None:
        """Return the stream that is kept for evidence beside the one for detection: received, never followed."""
        if settings.detect_url is None:
            return None
        return Camera(
            settings.id,
            settings.url,
            transport=settings.transport,
            pool=self.pool,
            reader=self.reader,
            deliver=lambda frame: None,
            looks_per_s=0.0,
            key_frames_only=True,
        )

    def remove_camera(self, camera_id: str) -> None:
        """Take a camera off its post, close what is open there, and forget it. Raises KeyError."""
        with self._lock:
            post = self._posts.pop(camera_id)
        self.footage.forget(camera_id)
        if post.motion is not None:
            post.motion.stop()
        post.connection.stop()
        if post.main is not None:
            post.main.stop()
        self.analyst.leave(post.seat)
        self._on_told(post.seat, None, post.seat.watch.finish())
        self._placer.forget(camera_id)

    def restart_camera(self, camera_id: str) -> None:
        """Begin a camera anew. Raises KeyError."""
        with self._lock:
            settings = self._posts[camera_id].settings
        self.remove_camera(camera_id)
        self.add_camera(settings)

    def apply(self, config: NodeConfig) -> dict[str, list[str]]:
        """Take over the cameras of another configuration; those that did not change go on undisturbed."""
        difference = changes(self.config.cameras, config.cameras)
        settings = {camera.id: camera for camera in config.cameras}
        for camera_id in difference["removed"] + difference["changed"]:
            self.remove_camera(camera_id)
        for camera_id in difference["added"] + difference["changed"]:
            self.add_camera(settings[camera_id])
        self.config = self.config.model_copy(update={"cameras": config.cameras})
        return difference

    def save_snapshot(self, camera_id: str) -> dict[str, JsonValue]:
        """Save the camera's present picture as evidence. Raises KeyError; ValueError when there is none yet."""
        with self._lock:
            post = self._posts[camera_id]
        captured_at, picture = self.footage.newest_at(camera_id), self.footage.picture(camera_id, None)
        if picture is None and post.seat.newest is not None:
            captured_at, picture = post.seat.newest.captured_at, post.seat.newest.picture
        if picture is None or captured_at is None:
            raise ValueError(f"camera {camera_id!r} has shown no picture yet")
        reference = self.reporter.save_picture(post.settings, picture)
        return {"sha256": reference.sha256, "bytes": reference.bytes, "captured_at": captured_at.isoformat()}

    def save_clip(self, camera_id: str, until: datetime | None, seconds: float) -> dict[str, JsonValue]:
        """Save video before a moment as evidence. Raises KeyError; ValueError when there is none, or it is private."""
        with self._lock:
            post = self._posts[camera_id]
        reference, made = self.reporter.save_clip(post.settings, until, seconds)
        span: dict[str, JsonValue] = {"from": made.begins_at.isoformat(), "to": made.ends_at.isoformat()}
        return {"sha256": reference.sha256, "bytes": reference.bytes, "media_type": reference.media_type, **span}

    def refresh_models(self) -> list[str]:
        """Fetch the models that are named in the configuration, where they are missing. Raises ModelError."""
        return self._models.refresh()

    def set_fire_danger(self, levels: Mapping[str, DangerLevel]) -> int:
        """Let the cameras of each commune know its level; return how many stand in a commune that has one."""
        self._danger = levels
        for post in self.posts():
            post.seat.watch.danger = levels.get(post.settings.area or "")
        return sum(post.settings.area in levels for post in self.posts())

    def set_nuisance(self, areas: NuisanceAreas) -> int:
        """Know where operators have called false alarms; return how many areas there are. Raises OSError."""
        return self.nuisance.replace(areas)

    def _take_in(self, seat: Seat, frame: Frame) -> None:
        if seat.arrived == 0:
            self._fit(seat, frame.picture.width / frame.picture.height)
        self.analyst.hand_over(seat, frame)

    def _fit(self, seat: Seat, aspect: float) -> None:
        """Watch anew with the picture's true proportions, which only its first frame tells."""
        if abs(aspect / USUAL_ASPECT - 1) < 0.01:
            return
        with seat.busy:
            told = seat.watch.finish()
            seat.watch = make_watch(
                seat.settings,
                looks_per_s=self.config.inference.looks_per_s,
                aspect=aspect,
                poses=seat.watch.poses,
                lorries=self._lorries,
            )
            seat.watch.danger = self._danger.get(seat.settings.area or "")
        self._on_told(seat, None, told)

    def _on_told(self, seat: Seat, frame: Frame | None, told: list[Told]) -> None:
        if not told:
            return
        senses: Mapping[str, Sense] = {rule.settings.name: rule.sense for rule in seat.watch.rules}
        post = self._posts.get(seat.settings.id)
        health = post.connection.health() if post else None
        clock = CameraClock(health.clock_offset_ms, health.clock == "rtcp") if health else CameraClock()
        told = [self.nuisance.judge(seat.settings.id, one) for one in told]
        if post:
            post.pulse.alarms.note((one.finding for one in told), time.monotonic())
        self.reporter.report_all(
            seat.settings, [(one, self._models.loaded(senses[one.rule_name])) for one in told], clock=clock
        )

    def _keep_house(self) -> None:
        health_due_s = give_back_due_s = 0.0
        while not self._stopping.wait(TICK_S):
            try:
                self._watch_without_pictures()
                self._self_watch.look([post.load() for post in self.posts()], TICK_S)
                if time.monotonic() >= health_due_s:
                    health_due_s = time.monotonic() + HEALTH_EVERY_S
                    self._publish_health()
                    for post in self.posts():
                        keep_learned(post.settings, post.seat.watch.poses, self._views)
                if time.monotonic() >= give_back_due_s:
                    give_back_due_s = time.monotonic() + GIVE_BACK_EVERY_S
                    give_back()
            except Exception:  # the top of this thread: one bad second must not end the watch
                log.exception("housekeeping failed")

    def _watch_without_pictures(self) -> None:
        """Judge every connection, the cameras that show nothing, and those that sleep because nothing changes."""
        for post in self.posts():
            if not post.seat.busy.acquire(blocking=False):
                continue
            try:
                self._on_told(post.seat, None, self._judge_connection(post))
            finally:
                post.seat.busy.release()

    def _judge_connection(self, post: Post) -> list[Told]:
        received, now_s, now = post.connection.health(), time.monotonic(), datetime.now(UTC)
        watch, for_s = post.seat.watch, silent_s(received, now_s - post.pulse.started_s)
        told = watch.vitals(vitals_of(received, now_s), now)
        if for_s >= SILENT_AFTER_S:
            told += watch.absent(for_s, now)
        elif received.mode == "asleep":
            told += watch.hold(now - HELD_BACK)
        return told

    def _beat(self, post: Post, now_s: float) -> CameraHealth:
        health = post.pulse.beat(post.connection.health(), now_s)
        return health.model_copy(update={"quietened": self.nuisance.quietened(post.settings.id)})

    def _publish_health(self) -> None:
        now_s = time.monotonic()
        cameras = [(post.settings.id, self._beat(post, now_s)) for post in self.posts()]
        self.courier.publish_health(self._pulse.message(self.outbox, self.courier, cameras).to_bytes())


def link_of(broker: BrokerSettings) -> BrokerLink:
    """Return the broker settings as the mqtt room wants them."""
    return BrokerLink(
        url=broker.url,
        username=broker.username,
        password_file=broker.password_file,
        ca_file=broker.ca_file,
        cert_file=broker.cert_file,
        key_file=broker.key_file,
    )


def _motion_watch(settings: CameraSettings, connection: Camera, looks_per_s: float) -> MotionWatch | None:
    """Return what wakes a camera for as long as it says itself that something moves."""
    if settings.onvif is None:
        return None

    def wake(moving: bool) -> None:
        connection.want(looks_per_s if moving else None, reason="onvif motion")

    return MotionWatch(settings.id, settings.onvif.url, wake)


def _uploader(config: NodeConfig, store: EvidenceStore) -> Uploader | None:
    if config.central is None:
        return None
    token = config.central.token_file.read_text(encoding="utf-8").strip() if config.central.token_file else None
    return Uploader(store, config.central.url, token, ca_file=config.central.ca_file)
