"""The simulator serves files as cameras do: to FFmpeg, over TCP and UDP, without a seam, with a true clock."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.frame import PictureType

from rtsp.simulator import Simulator
from rtsp.simulator.clip import Clip
from rtsp.simulator.scene import make_scene
from tests.rtsp.simulator_client import Client, ahead, rtp_info
from tests.rtsp.simulator_films import scene_with_b_frames, small_scene


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_scene(tmp_path_factory.mktemp("films"))


@pytest.fixture
def camera(road: Path) -> Iterator[Simulator]:
    with Simulator([road]) as simulator:
        yield simulator


def watch(url: str, pictures: int, *, transport: str = "tcp", **options: str) -> list[av.VideoFrame]:
    """Decode the first pictures of a camera with FFmpeg."""
    settings = {"rtsp_transport": transport, "analyzeduration": "200000", **options}
    with av.open(url, options=settings, timeout=5) as container:
        return list(itertools.islice(container.decode(video=0), pictures))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["H264", "H265", "JPEG"])
def test_ffmpeg_decodes_every_codec_over_both_transports(tmp_path: Path, codec: str, transport: str) -> None:
    clip = small_scene(tmp_path, "road.mov" if codec == "JPEG" else "road.mp4", codec=codec)

    with Simulator([clip]) as simulator:
        pictures = watch(simulator.url("road"), 12, transport=transport)

    assert Clip.read(clip).codec == codec  # and was not transcoded on the way
    assert {(picture.width, picture.height) for picture in pictures} == {(320, 192)}
    assert pictures[0].key_frame


def test_a_clip_is_sent_as_it_is_and_not_encoded_again(road: Path, camera: Simulator) -> None:
    clip = Clip.read(road)
    largest = max(nal for unit in clip.units for nal in unit.nals)

    with Client(camera.url()) as client:
        client.play()
        payloads = [packet.payload for packet in client.packets(len(clip.units))]

    assert any(largest in payload for payload in payloads)


def test_time_runs_on_over_the_seam_of_the_loop(road: Path, camera: Simulator) -> None:
    clip = Clip.read(road)

    with Client(camera.url()) as client:
        answer = client.play()
        packets = client.packets(len(clip.units) + 15)

    steps = {ahead(later.timestamp, earlier.timestamp) for earlier, later in itertools.pairwise(packets)}
    assert steps == {3600}
    assert {ahead(b.sequence, a.sequence, 16) for a, b in itertools.pairwise(packets)} == {1}
    assert rtp_info(answer) == (packets[0].sequence, packets[0].timestamp)


def test_b_frames_keep_their_order_and_their_times(tmp_path: Path) -> None:
    clip = Clip.read(scene_with_b_frames(tmp_path))

    with Simulator([tmp_path / "bframes.mp4"]) as simulator, Client(simulator.url()) as client:
        client.play()
        times = [packet.timestamp for packet in client.packets(len(clip.units) + 10)]

    offsets = sorted(ahead(time, times[0]) for time in times)
    assert any(ahead(later, earlier) < 0 for earlier, later in itertools.pairwise(times))
    assert {later - earlier for earlier, later in itertools.pairwise(offsets)} == {3600}


def test_a_picture_is_never_sent_before_it_is_captured(tmp_path: Path) -> None:
    clip = Clip.read(scene_with_b_frames(tmp_path))

    assert all(unit.sent >= unit.captured for unit in clip.units)
    assert any(unit.sent > unit.captured for unit in clip.units)


def test_sender_reports_map_rtp_time_to_utc(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        client.play()
        packet = client.packets(3)[-1]
        now = time.time()

    report = client.reports[0]
    captured_at = report.utc_s + ahead(packet.timestamp, report.timestamp) / 90_000
    assert report.source == packet.source
    assert captured_at == pytest.approx(now, abs=0.25)


def test_pictures_come_in_real_time(camera: Simulator) -> None:
    with Client(camera.url()) as client:
        client.play()
        packets = client.packets(20)

    assert packets[-1].arrived_s - packets[0].arrived_s == pytest.approx(19 / 25, abs=0.2)


def test_copies_are_not_in_step(tmp_path: Path) -> None:
    clip = small_scene(tmp_path, seconds=4.0)

    with Simulator([clip], copies=3) as simulator:
        names = list(simulator.urls)
        sizes = []
        for name in names:
            with Client(simulator.url(name)) as client:
                client.play()
                sizes.append([len(packet.payload) for packet in client.packets(8)])

    assert names == ["road-001", "road-002", "road-003"]
    assert sizes[0] != sizes[1] != sizes[2]


def test_a_newcomer_starts_with_a_key_frame_even_where_they_are_rare(tmp_path: Path) -> None:
    clip = make_scene(tmp_path / "road.mp4", width=160, height=96, fps=25, seconds=8.0, gop=200)

    with Simulator([clip], copies=2) as simulator, Client(simulator.url("road-002")) as client:
        started = time.monotonic()
        client.play()
        packets = client.packets(50)

    assert packets[0].payload[0] & 31 == 24  # parameter sets and the key frame, together
    assert packets[0].arrived_s - started < 1.0
    assert {ahead(b.timestamp, a.timestamp) for a, b in itertools.pairwise(packets)} == {3600}


def test_eight_receivers_watch_at_once(camera: Simulator) -> None:
    counts: list[int] = []

    def receive() -> None:
        counts.append(len(watch(camera.url(), 15)))

    threads = [threading.Thread(target=receive) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert counts == [15] * 8


def test_it_stops_within_a_second_and_leaves_no_thread(road: Path) -> None:
    before = set(threading.enumerate())
    simulator = Simulator([road]).start()
    client = Client(simulator.url())
    client.play()

    started = time.monotonic()
    simulator.stop()

    assert time.monotonic() - started < 1.0
    assert set(threading.enumerate()) == before
    with pytest.raises((EOFError, ConnectionError)):
        client.packets(10_000)
    client.socket.close()


def test_a_file_that_rtp_cannot_carry_is_transcoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    old = tmp_path / "old.avi"
    with av.open(str(old), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        for number, picture in enumerate(_decoded(small_scene(tmp_path))):
            picture.pts, picture.time_base, picture.pict_type = number, Fraction(1, 10), PictureType.NONE
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    told: list[float] = []

    for _ in range(2):
        with Simulator([old], on_progress=lambda name, share: told.append(share)) as simulator:
            pictures = watch(simulator.url("old"), 5)

    assert len(pictures) == 5
    assert told.count(1.0) == 1


def _decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("content", [b"", b"not a video", bytes(4096)])
def test_a_file_that_is_no_video_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes.mp4").write_bytes(content)

    with pytest.raises(ValueError, match=r"notes\.mp4"):
        Simulator([tmp_path / "notes.mp4"]).start()


def test_two_files_of_one_name_are_refused(road: Path) -> None:
    with pytest.raises(ValueError, match="already served"):
        Simulator([road, road]).start()


def test_a_taken_port_is_an_os_error(road: Path, camera: Simulator) -> None:
    with pytest.raises(OSError, match="in use"):
        Simulator([road], port=camera.port).start()


def test_a_name_may_hold_spaces_and_vietnamese(tmp_path: Path) -> None:
    clip = small_scene(tmp_path, "Ngã tư Phan Chu Trinh.mp4")

    with Simulator([clip]) as simulator:
        pictures = watch(simulator.url("Ngã tư Phan Chu Trinh"), 3)

    assert len(pictures) == 3
