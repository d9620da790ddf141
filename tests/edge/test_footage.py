"""Evidence out of the compressed stream: a clip without re-encoding, a full-size picture, and never past a mask."""

import io
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from edge.commands import Commands
from edge.footage import Footage
from mqtt.wire import Command
from rtsp.frame import Frame
from rtsp.pool import DecoderPool
from rtsp.receiver import Camera
from tests.edge.scenes import camera
from tests.edge.test_report import Box, reporter, told
from tests.rtsp.footage import ScriptedSource, counting_square, film, packets_of

SECONDS = 8


@pytest.fixture(scope="module")
def packets(tmp_path_factory):
    return packets_of(film(tmp_path_factory.mktemp("footage") / "square.mp4", counting_square, SECONDS * 25))


@pytest.fixture
def stream(packets):
    """A main stream that is received and not looked at, once all of it is in the ring."""
    frames: list[Frame] = []
    pool = DecoderPool(1)
    clock = iter(np.arange(0, 1000, 0.04))
    main = Camera(
        "main", "scripted:", pool=pool, deliver=frames.append, looks_per_s=0.0, key_frames_only=True,
        connect=lambda url, settings: ScriptedSource(packets, reason=None), clock=lambda: float(next(clock)),
    )  # fmt: skip
    main.start()
    main.wait(10.0)
    yield main
    main.stop()
    pool.close()


@pytest.fixture
def footage(stream):
    held = Footage()
    held.add("cam-01", stream)
    return held


def test_a_stream_that_is_kept_for_evidence_is_not_decoded(stream):
    health = stream.health()

    assert (SECONDS * 25, "keys", "kept compressed") == (health.received, health.mode, health.mode_reason)
    assert health.decoded <= 1


def test_a_clip_ends_at_the_moment_and_begins_at_the_key_frame_before(footage):
    until = footage.newest_at("cam-01") - timedelta(seconds=1)

    made = footage.clip(camera(id="cam-01"), until, 2.5)

    with av.open(io.BytesIO(made.content)) as clip:
        pictures = [picture.key_frame for picture in clip.decode(video=0)]
    assert pictures[0]
    assert 2.5 * 25 <= len(pictures) <= 3.5 * 25 + 1
    assert abs((made.ends_at - until).total_seconds()) <= 0.05


def test_the_picture_of_a_moment_is_the_one_that_was_shown_then(footage, stream):
    newest_at = footage.newest_at("cam-01")

    earlier = footage.picture("cam-01", newest_at - timedelta(seconds=1)).gray(160, 120)

    number = SECONDS * 25 - 1 - 25
    assert abs(int(np.argmax(earlier[60] > 140)) - number % 120) <= 1


def test_a_moment_that_is_no_longer_held_has_no_picture(footage):
    long_ago = footage.newest_at("cam-01") - timedelta(seconds=100)

    assert footage.picture("cam-01", long_ago) is None


def test_a_camera_with_masks_gives_no_video(footage):
    private = camera(id="cam-01", masks=[[[0, 0], [0.2, 0], [0.2, 0.2]]])

    with pytest.raises(ValueError, match="privacy masks"):
        footage.clip(private, None, 5.0)


def test_a_camera_that_has_left_is_forgotten(footage):
    footage.forget("cam-01")

    assert footage.clip(camera(id="cam-01"), None, 5.0) is None
    assert footage.picture("cam-01", None) is None


def proving(tmp_path: Path, footage: Footage, **settings):
    desk = reporter(tmp_path, Box())
    desk._footage = footage
    return desk.report(camera(id="cam-01", **settings), told())


def test_an_event_carries_the_clip_before_it_where_the_camera_is_set_to(tmp_path, footage, monkeypatch):
    monkeypatch.setattr("tests.edge.test_report.NOON", footage.newest_at("cam-01"))

    event = proving(tmp_path, footage, clip_s=2)

    assert ["snapshot", "clip"] == [one.role for one in event.data.evidence]
    kept = tmp_path / "pending" / f"{event.data.evidence[1].sha256}.mp4"
    assert event.data.evidence[1].bytes == kept.stat().st_size


def test_an_event_of_a_camera_with_masks_carries_no_video(tmp_path, footage, monkeypatch):
    monkeypatch.setattr("tests.edge.test_report.NOON", footage.newest_at("cam-01"))

    event = proving(tmp_path, footage, clip_s=2, masks=[[[0, 0], [0.2, 0], [0.2, 0.2]]])

    assert ["snapshot"] == [one.role for one in event.data.evidence]


class Station:
    """Remembers what clip it was asked for."""

    def save_clip(self, camera_id, until, seconds):
        self.asked = (camera_id, until, seconds)
        return {"sha256": "0" * 64}


def answer(station, **more):
    return Commands(station, None).answer(Command.model_validate({"id": "1", "do": "clip", "camera": "cam-01", **more}))


def test_a_clip_can_be_asked_for_with_its_length_and_its_end():
    station = Station()

    reply = answer(station, seconds=20, until="2026-01-31T08:00:00Z")

    assert reply.ok
    assert ("cam-01", "2026-01-31T08:00:00+00:00", 20.0) == (
        station.asked[0],
        station.asked[1].isoformat(),
        station.asked[2],
    )


@pytest.mark.parametrize(
    "wrong", [{"seconds": 0.0001 - 1}, {"seconds": 1000}, {"until": "2026-01-31T08:00:00"}, {"until": "now"}]
)
def test_a_clip_that_cannot_be_is_refused_in_the_reply(wrong):
    assert not answer(Station(), **wrong).ok
