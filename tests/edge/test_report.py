import io
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.camera import Told
from edge.evidence import EvidenceStore, snapshot
from edge.report import Reporter, known_kinds
from edge.rules.base import Seen
from edge.uploader import Uploader
from mqtt.event import Event
from mqtt.kinds import KINDS
from tests.edge.scenes import NOON, camera, finding, picture


class Box:
    """An outbox that numbers and keeps."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def put_many(self, makes: Sequence[Callable[[int], Event]]) -> list[Event]:
        before = len(self.events)
        for make in makes:
            self.events.append(Event.from_bytes(make(len(self.events) + 1).to_bytes()))
        return self.events[before:]


def reporter(folder: Path, box: Box) -> Reporter:
    store = EvidenceStore(folder)
    store.prepare()
    return Reporter(
        site="lam-dong", node="box-01", boot_id="boot", outgoing=box, evidence=store,
        utc=lambda: NOON + timedelta(seconds=1),
    )  # fmt: skip


def told(**more: object) -> Told:
    found = finding(10.0, **more)
    return Told(found, "gate", NOON, NOON - timedelta(seconds=1), None, picture())


def test_an_event_says_who_what_where_and_when(tmp_path: Path):
    box = Box()
    settings = camera(id="cam-01", name="Cổng", area="00123", position={"lat": 11.9, "lon": 108.4, "azimuth_deg": 140})

    event = reporter(tmp_path, box).report(settings, told(zone="gate"))

    assert (event.source, event.type) == ("/lam-dong/box-01/cam-01", "vn.ioc.security.intrusion.v1")
    assert (event.subject, event.data.area, event.data.seq) == ("cam-01:intrusion:gate", "00123", 1)
    assert (event.data.position and event.data.position.bearing_deg, event.data.detail["camera_name"]) == (
        140.0,
        "Cổng",
    )
    assert (NOON, NOON - timedelta(seconds=1)) == (event.data.captured_at, event.data.started_at)
    assert not event.data.late


def test_only_the_start_of_an_incident_carries_a_picture(tmp_path: Path):
    box = Box()
    desk = reporter(tmp_path, box)

    for phase in ("start", "update", "end"):
        desk.report(camera(), told(phase=phase))

    assert [len(event.data.evidence) for event in box.events] == [1, 0, 0]
    [file] = (tmp_path / "pending").iterdir()
    assert box.events[0].data.evidence[0].sha256 == file.stem


def test_a_full_disk_costs_the_picture_and_never_the_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    box = Box()
    desk = reporter(tmp_path, box)

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    event = desk.report(camera(), told())

    assert event.data.evidence == ()
    assert desk.evidence_failed == 1


def test_private_areas_are_black_in_the_picture_that_leaves(tmp_path: Path):
    mask = np.array([[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]])

    jpeg = snapshot(picture(200, 640, 360), [Seen(1, "person", (0.6, 0.2, 0.8, 0.9), 0.9)], [mask])

    seen = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    assert seen[:, :310].max() < 16
    assert seen[:, 340:].mean() > 120


def test_a_mask_hides_what_would_be_marked_under_it():
    mask = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])

    jpeg = snapshot(picture(255, 320, 180), [], [mask])

    seen = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None and seen.max() < 16


def test_every_kind_a_rule_can_report_has_a_name_for_operators():
    named = {kind for kinds in KINDS.values() for kind in kinds}

    assert known_kinds() <= named


def test_evidence_beyond_the_budget_is_forgotten_oldest_first_and_sent_first(tmp_path: Path):
    store = EvidenceStore(tmp_path, keep_bytes=250)
    store.prepare()
    for n in range(4):
        store.add(bytes([n]) * 100)
    store.mark_sent(store.waiting()[0])

    lost = store.trim()

    assert (len(store.waiting()), len(list(store.sent.iterdir()))) == (2, 0)
    assert lost == 0  # mark_sent had already trimmed to the budget


class Central(BaseHTTPRequestHandler):
    """Answers with the next of `answers`, then 204; keeps what it took."""

    answers: list[int] = []
    taken: dict[str, bytes] = {}
    done = threading.Event()

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.answers.pop(0) if self.answers else 204
        if status == 204:
            self.taken[self.path] = body
        self.send_response(status)
        self.end_headers()
        if len(self.taken) == 2:
            self.done.set()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_evidence_reaches_central_through_failures_and_a_refused_file_holds_up_nothing(tmp_path: Path):
    Central.answers, Central.taken, Central.done = [503, 415], {}, threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Central)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store = EvidenceStore(tmp_path)
    store.prepare()
    references = [store.add(io.BytesIO(bytes([n]) * 10).getvalue()) for n in range(3)]
    uploader = Uploader(store, f"http://127.0.0.1:{server.server_port}", "token", waits=lambda: iter([0.0] * 99))

    uploader.start()
    assert Central.done.wait(10)
    uploader.stop()
    server.shutdown()
    server.server_close()

    assert uploader.refused == 1
    assert store.waiting() == []
    assert set(Central.taken) <= {f"/api/v1/evidence/{r.sha256}" for r in references}
