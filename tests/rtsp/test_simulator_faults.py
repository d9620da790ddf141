"""Each fault of the simulator is seen by a receiver as what it is called, and ends when it shall."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsp.simulator import Fault, FaultPlan, Simulator
from rtsp.simulator.faults import HELP
from rtsp.simulator.throttle import Throttle
from tests.rtsp.simulator_client import Client, Packet, ahead
from tests.rtsp.simulator_films import scene_with_b_frames, small_scene


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_scene(tmp_path_factory.mktemp("films"))


@pytest.fixture
def camera(road: Path) -> Iterator[Simulator]:
    with Simulator([road]) as simulator:
        yield simulator


@pytest.fixture
def client(camera: Simulator) -> Iterator[Client]:
    with Client(camera.url()) as client:
        client.play()
        client.packets(3)
        yield client


def open_with_ffmpeg(url: str) -> av.container.InputContainer:
    options = {"rtsp_transport": "tcp", "analyzeduration": "200000"}
    container = av.open(url, options=options, timeout=(5, 1))
    assert isinstance(container, av.container.InputContainer)
    return container


def until(client: Client, seen: Callable[[Packet], bool], timeout_s: float = 8.0) -> Packet:
    """Read on until a packet is as wanted."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        packet = client.packet()
        if seen(packet):
            return packet
    raise AssertionError("it was not seen in time")


# --- the way to the camera ---


def test_refuse_drops_the_receiver_and_closes_the_port(camera: Simulator, client: Client) -> None:
    camera.fault(None, Fault.REFUSE)

    with pytest.raises((EOFError, ConnectionError)):
        client.packets(1000)
    with pytest.raises(ConnectionRefusedError):
        Client(camera.url())


def test_one_of_two_cameras_refuses_with_503(road: Path) -> None:
    with Simulator([road], copies=2) as simulator:
        simulator.fault("road-001", Fault.REFUSE)

        with Client(simulator.url("road-001")) as refused, Client(simulator.url("road-002")) as served:
            assert refused.ask("DESCRIBE").status == 503
            assert served.ask("DESCRIBE").status == 200


def test_a_port_that_refused_opens_again(camera: Simulator) -> None:
    camera.fault(None, Fault.REFUSE)
    wait_until(lambda: not _connects(camera))

    camera.recover(None, Fault.REFUSE)

    wait_until(lambda: _connects(camera))


def _connects(simulator: Simulator) -> bool:
    try:
        Client(simulator.url()).socket.close()
    except ConnectionError:  # refused, or reset by the closing of the door
        return False
    return True


def test_wrong_password_shuts_everyone_out(road: Path) -> None:
    login = ("khach", "đúng")
    with Simulator([road], credentials=login) as simulator:
        simulator.fault(None, Fault.WRONG_PASSWORD)

        with pytest.raises(av.error.HTTPUnauthorizedError):
            open_with_ffmpeg(simulator.url(credentials=login))


def test_stall_stops_the_pictures_but_not_the_answers(camera: Simulator, client: Client) -> None:
    camera.fault("road", Fault.STALL)
    assert client.ask("OPTIONS").status == 200  # everything that was on its way has come
    client.socket.settimeout(0.5)

    with pytest.raises(TimeoutError):
        client.packets(2)
    client.socket.settimeout(5)
    assert client.ask("GET_PARAMETER").status == 200


def test_after_a_stall_pictures_go_on_from_a_key_frame(camera: Simulator, client: Client) -> None:
    last = client.packet()

    camera.fault("road", Fault.STALL, for_s=0.5)

    packet = until(client, lambda packet: ahead(packet.timestamp, last.timestamp) > 0.4 * 90_000)
    assert packet.payload[0] & 31 == 24  # parameter sets and a key frame


def test_ffmpeg_times_out_on_a_stalled_camera(camera: Simulator) -> None:
    with open_with_ffmpeg(camera.url()) as container:
        packets = container.demux(video=0)
        next(packets)
        camera.fault(None, Fault.STALL)

        with pytest.raises((av.error.ExitError, TimeoutError)):
            for _ in packets:
                pass


def test_cut_closes_the_connection_once(camera: Simulator, client: Client) -> None:
    camera.fault("road", Fault.CUT)

    with pytest.raises((EOFError, ConnectionError)):
        client.packets(1000)
    with Client(camera.url()) as again:
        again.play()
        assert again.packet().payload


def test_while_a_cut_lasts_nobody_can_watch(camera: Simulator) -> None:
    camera.fault("road", Fault.CUT, for_s=30)

    with Client(camera.url()) as client, pytest.raises((EOFError, ConnectionError)):
        client.play()
        client.packets(1000)


def test_half_open_keeps_the_connection_and_says_nothing(camera: Simulator, client: Client) -> None:
    camera.fault("road", Fault.HALF_OPEN)
    client.socket.settimeout(0.5)

    with pytest.raises(TimeoutError):
        client.packets(1000)
    with pytest.raises(TimeoutError):
        client.ask("OPTIONS")


def test_a_half_open_camera_does_not_answer_newcomers(camera: Simulator) -> None:
    camera.fault("road", Fault.HALF_OPEN)

    with Client(camera.url(), timeout_s=0.3) as client, pytest.raises(TimeoutError):
        client.ask("DESCRIBE")


def test_slow_lets_only_so_much_through(tmp_path: Path) -> None:
    clip = small_scene(tmp_path, "road.mov", codec="JPEG")
    with Simulator([clip]) as simulator, Client(simulator.url()) as client:
        simulator.fault(None, Fault.SLOW, value=500)
        client.play()
        packets = [client.packet() for _ in range(22)]

    taken_s = packets[-1].arrived_s - packets[0].arrived_s
    kbit = sum(len(packet.payload) for packet in packets[1:]) * 8 / 1000
    assert kbit / taken_s == pytest.approx(500, rel=0.3)
    steps = [ahead(later.timestamp, earlier.timestamp) for earlier, later in itertools.pairwise(packets)]
    assert max(steps) > 3600  # what does not fit through is lost


def test_a_throttle_holds_no_more_than_its_queue() -> None:
    throttle = Throttle(8_000, now_s=0.0)
    packets = [bytes(10_000)]

    taken = [throttle.put(packets) for _ in range(40)]

    assert taken.count(True) == 6
    assert throttle.waiting_bytes == 60_000
    assert len(throttle.released(now_s=10.0)) == 2  # 10 s at 1 kB/s


# --- what arrives ---


def test_garbage_is_not_what_was_in_the_file(camera: Simulator) -> None:
    with open_with_ffmpeg(camera.url()) as container:
        packets = container.demux(video=0)
        next(packets)
        camera.fault(None, Fault.GARBAGE, for_s=0.6)
        broken = 0
        deadline = time.monotonic() + 15
        good_since = 0
        while good_since < 15 and time.monotonic() < deadline:
            try:
                good_since += len(next(packets).decode())
            except av.error.InvalidDataError:
                broken, good_since = broken + 1, 0

    assert good_since >= 15  # it recovers


def test_garbage_is_random(camera: Simulator, client: Client) -> None:
    camera.fault(None, Fault.GARBAGE)
    assert client.ask("OPTIONS").status == 200

    kinds = {packet.payload[0] & 31 for packet in client.packets(30)}

    assert len(kinds) > 4


def test_truncated_packets_end_early_but_are_framed_well(tmp_path: Path) -> None:
    clip = small_scene(tmp_path, "road.mov", codec="JPEG")
    with Simulator([clip]) as simulator, Client(simulator.url()) as client:
        client.play()
        whole = min(len(packet.payload) for packet in client.packets(10))
        simulator.fault(None, Fault.TRUNCATED)
        assert client.ask("OPTIONS").status == 200

        sizes = [len(packet.payload) for packet in client.packets(20)]

    assert sum(size < whole for size in sizes) > 5


def test_backward_lets_timestamps_go_back_and_later_catch_up(camera: Simulator, client: Client) -> None:
    before = client.packet()

    camera.fault(None, Fault.BACKWARD, for_s=0.4, value=20)

    back = until(client, lambda packet: ahead(packet.timestamp, before.timestamp) < 0)
    assert ahead(back.timestamp, before.timestamp) == pytest.approx(-20 * 90_000, abs=2 * 90_000)
    until(client, lambda packet: ahead(packet.timestamp, before.timestamp) > 0)


def test_jump_lets_timestamps_leap(camera: Simulator, client: Client) -> None:
    before = client.packet()

    camera.fault(None, Fault.JUMP)

    leapt = until(client, lambda packet: ahead(packet.timestamp, before.timestamp) > 90_000)
    assert ahead(leapt.timestamp, before.timestamp) == pytest.approx(3600 * 90_000, abs=2 * 90_000)


def test_clock_tells_another_time_of_day(camera: Simulator, client: Client) -> None:
    camera.fault(None, Fault.CLOCK, value=-120)

    until(client, lambda packet: len(client.reports) > 1)

    assert client.reports[-1].utc_s == pytest.approx(time.time() - 120, abs=1)


# --- what is seen ---


class Screen:
    """Shows a camera on a thread and keeps the newest pictures, as small grey arrays."""

    def __init__(self, url: str) -> None:
        self.pictures: list[np.ndarray] = []
        self._container = open_with_ffmpeg(url)
        self._stopping = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._thread.join(5)
        self._container.close()

    def _watch(self) -> None:
        for picture in self._container.decode(video=0):
            with self._news:
                self.pictures.append(picture.to_ndarray(format="gray"))
                self._news.notify_all()
            if self._stopping:
                return

    def wait(self, seen: Callable[[list[np.ndarray]], bool]) -> None:
        """Return once the newest ten pictures are as wanted."""
        with self._news:
            ok = self._news.wait_for(lambda: len(self.pictures) >= 10 and seen(self.pictures[-10:]), timeout=20)
        assert ok, "it was not seen in time"


def test_black_is_black_and_as_large_as_before(camera: Simulator) -> None:
    with Screen(camera.url()) as screen:
        screen.wait(lambda ten: all(picture.mean() > 50 for picture in ten))
        camera.fault("road", Fault.BLACK, for_s=1.0)

        screen.wait(lambda ten: all(picture.mean() < 20 and picture.shape == (192, 320) for picture in ten))
        screen.wait(lambda ten: all(picture.mean() > 50 for picture in ten))


def test_frozen_repeats_the_picture_that_was_seen_last(camera: Simulator) -> None:
    with Screen(camera.url()) as screen:
        screen.wait(lambda ten: _moves(ten))
        camera.fault("road", Fault.FROZEN, for_s=1.0)

        screen.wait(lambda ten: not _moves(ten) and all(picture.mean() > 50 for picture in ten))
        screen.wait(lambda ten: _moves(ten))


def test_resolution_changes_in_mid_stream_and_back(camera: Simulator) -> None:
    with Screen(camera.url()) as screen:
        screen.wait(lambda ten: {picture.shape for picture in ten} == {(192, 320)})
        camera.fault("road", Fault.RESOLUTION, for_s=1.0)

        screen.wait(lambda ten: {picture.shape for picture in ten} == {(96, 160)})
        screen.wait(lambda ten: {picture.shape for picture in ten} == {(192, 320)})


@pytest.mark.parametrize(
    ("codec", "fault"), [("H265", Fault.RESOLUTION), ("H265", Fault.FROZEN), ("JPEG", Fault.BLACK)]
)
def test_picture_faults_keep_the_codec_and_the_time(tmp_path: Path, codec: str, fault: Fault) -> None:
    clip = small_scene(tmp_path, "road.mov", codec=codec)
    with Simulator([clip]) as simulator, Client(simulator.url()) as client:
        client.play()
        first = client.packet()
        simulator.fault(None, fault, for_s=0.8)

        times = {packet.timestamp: None for packet in [first, *client.packets(35)]}

    steps = [ahead(later, earlier) for earlier, later in itertools.pairwise(times)]
    assert all(0 < step <= 3600 * 11 for step in steps)
    assert sum(step == 3600 for step in steps) >= len(steps) - 3


def test_picture_faults_of_a_camera_with_b_frames_never_let_time_go_back(tmp_path: Path) -> None:
    with Simulator([scene_with_b_frames(tmp_path)]) as simulator, Client(simulator.url()) as client:
        client.play()
        times = [packet.timestamp for packet in client.packets(5)]
        simulator.fault(None, Fault.BLACK, for_s=0.4)
        times += [packet.timestamp for packet in client.packets(30)]

    offsets = [ahead(time, times[0]) for time in times]
    assert len(set(offsets)) == len(offsets)
    assert all(offset > max(offsets[:n]) - 3 * 3600 for n, offset in enumerate(offsets) if n)  # two B-frames, no more


def _moves(pictures: list[np.ndarray]) -> bool:
    shapes = {picture.shape for picture in pictures}
    if len(shapes) > 1:
        return True
    steps = [np.abs(a.astype(int) - b).max() for a, b in itertools.pairwise(pictures)]
    return max(steps) > 30


# --- asking for faults ---


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("stall", FaultPlan(Fault.STALL)),
        ("stall:10", FaultPlan(Fault.STALL, 10.0)),
        ("stall:10:5", FaultPlan(Fault.STALL, 10.0, 5.0)),
        ("slow=64:1.5", FaultPlan(Fault.SLOW, 1.5, None, 64.0)),
        ("clock:+30", FaultPlan(Fault.CLOCK, 0.0, None, 30.0)),
        ("clock:-30:5:2", FaultPlan(Fault.CLOCK, 5.0, 2.0, -30.0)),
        ("jump=7200@road-001:3", FaultPlan(Fault.JUMP, 3.0, None, 7200.0, "road-001")),
    ],
)
def test_a_schedule_is_read(text: str, plan: FaultPlan) -> None:
    assert FaultPlan.parse(text) == plan


@pytest.mark.parametrize("text", ["", "explode", "stall:ten", "stall=3", "stall:1:2:3", "stall:-1"])
def test_a_wrong_schedule_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        FaultPlan.parse(text)


@given(st.text(max_size=30) | st.from_regex(r"(stall|slow|clock)(=[-+]?[0-9.]+)?(@[a-z]+)?(:[-+0-9.]+){0,3}"))
def test_any_text_is_a_schedule_or_a_value_error(text: str) -> None:
    try:
        plan = FaultPlan.parse(text)
    except ValueError:
        return
    assert plan.start_s >= 0
    assert plan.for_s is None or plan.for_s >= 0


def test_a_fault_for_a_camera_that_is_not_there_is_refused(road: Path) -> None:
    with pytest.raises(ValueError, match="no camera 'nowhere'"):
        Simulator([road], faults=["stall@nowhere"]).start()


def test_a_scheduled_fault_begins_and_ends(road: Path) -> None:
    with Simulator([road], faults=["jump=100:0.5:0.5"]) as simulator, Client(simulator.url()) as client:
        client.play()
        first = client.packet()

        until(client, lambda packet: ahead(packet.timestamp, first.timestamp) > 50 * 90_000)
        until(client, lambda packet: ahead(packet.timestamp, first.timestamp) < 50 * 90_000)


def test_a_fault_can_be_asked_for_over_rtsp(client: Client) -> None:
    assert client.ask("SET_PARAMETER", body="fault: stall\r\n").status == 200
    client.socket.settimeout(0.4)
    with pytest.raises(TimeoutError):
        client.packets(100)

    client.socket.settimeout(5)
    assert client.ask("SET_PARAMETER", body="recover: stall\r\n").status == 200
    assert client.packet().payload


@pytest.mark.parametrize("body", ["fault: explode\r\n", "volume: 11\r\n", "recover: \r\n", "\xff\r\n"])
def test_a_wrong_wish_is_refused_with_its_reason(client: Client, body: str) -> None:
    answer = client.ask("SET_PARAMETER", body=body)

    assert answer.status == 400
    assert answer.headers["x-reason"]


def test_every_fault_is_explained_in_both_languages() -> None:
    assert set(HELP) == set(Fault)
    assert all(text.en and text.vi for text in HELP.values())


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
