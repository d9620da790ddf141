"""What a probe found out about a camera, and what an installer should change on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rtsp.frame import Clock

LONGEST_KEY_EVERY_S = 4.0  # waking goes back to a key frame and a clip starts at one: further apart, both get clumsy
FEWEST_FPS, MOST_FPS = 8.0, 30.0
LARGE_PX = 1280 * 960  # above it, a detector's input is several times smaller than the picture
LARGE_BPS = 8e6
CLOCK_OFF_MS = 1000.0
FAR_MS = 300.0


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to change, in the installer's language and in English."""

    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What was seen of a camera. `failure` is one word (see rtsp.errors) when it could not be watched."""

    url: str  # without credentials
    failure: str | None = None
    failure_text: str | None = None
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    key_frame_interval_s: float = 0.0  # 0: fewer than two key frames were seen
    bitrate_bps: float = 0.0
    b_frames: bool = False
    clock: Clock = "arrival"
    clock_offset_ms: float | None = None  # camera's clock minus ours
    round_trip_ms: float | None = None
    first_picture_s: float | None = None  # from dialling to the first decoded picture
    watched_s: float = 0.0
    dropped: dict[str, int] = field(default_factory=dict)


_FAILURES = {
    "refused": (
        "Camera từ chối kết nối: kiểm tra địa chỉ, cổng và xem RTSP đã được bật chưa.",
        "The camera refuses the connection: check address and port, and that RTSP is switched on.",
    ),
    "unauthorised": (
        "Sai tên người dùng hoặc mật khẩu.",
        "Wrong user name or password.",
    ),
    "not_found": (
        "Camera không có luồng ở đường dẫn này: xem đường dẫn RTSP trong tài liệu của hãng.",
        "The camera has no stream at this path: look up the RTSP path in its manual.",
    ),
    "no_such_host": (
        "Không tìm thấy tên máy này: kiểm tra tên hoặc máy chủ DNS, hoặc dùng địa chỉ IP.",
        "There is no host of this name: check the name or the DNS server, or use the IP address.",
    ),
    "timeout": (
        "Camera không trả lời: kiểm tra nguồn điện, dây mạng, VLAN và tường lửa.",
        "The camera does not answer: check power, cabling, VLAN and firewall.",
    ),
    "tls": (
        "Chứng chỉ TLS của camera không được tin cậy hoặc không khớp tên máy.",
        "The camera's TLS certificate is not trusted, or is made out to another name.",
    ),
    "no_video": (
        "Luồng này không có hình ảnh.",
        "There is no video in this stream.",
    ),
}


def advise(seen: ProbeResult) -> list[Advice]:
    """Return what should be changed, most important first."""
    if seen.failure is not None:
        vi, en = _FAILURES.get(
            seen.failure,
            (
                "Không xem được luồng này: khởi động lại camera, rồi thử phần mềm khác để đối chiếu.",
                "This stream cannot be watched: restart the camera, then compare with another player.",
            ),
        )
        return [Advice(seen.failure, vi, en)]
    return [*_about_coding(seen), *_about_load(seen), *_about_time(seen)]


def _about_coding(seen: ProbeResult) -> Iterator[Advice]:
    if seen.codec == "mjpeg":
        yield Advice(
            "mjpeg",
            "Chuyển luồng sang H.264: MJPEG tốn băng thông gấp nhiều lần và không cho biết khi nào có chuyển động.",
            "Switch the stream to H.264: MJPEG takes many times the bandwidth and hides when things move.",
        )
    elif seen.codec not in {"h264", "hevc"}:
        yield Advice("codec", "Chọn H.264 hoặc H.265.", "Choose H.264 or H.265.")
    if seen.codec != "mjpeg" and not 0 < seen.key_frame_interval_s <= LONGEST_KEY_EVERY_S:
        how = f"{seen.key_frame_interval_s:g} s" if seen.key_frame_interval_s else f"> {seen.watched_s:.0f} s"
        yield Advice(
            "key_frames",
            f"Đặt khung hình khoá (I-frame/GOP) 2 giây một lần; hiện là {how}.",
            f"Set the key frame (I-frame, GOP) interval to 2 seconds; it is {how}.",
        )
    if seen.b_frames:
        yield Advice(
            "b_frames",
            "Tắt B-frame (dùng profile Baseline hoặc Main không B): chúng làm hình đến muộn.",
            "Switch B-frames off: they make pictures late.",
        )


def _about_load(seen: ProbeResult) -> Iterator[Advice]:
    if seen.width * seen.height > LARGE_PX:
        yield Advice(
            "sub_stream",
            f"Hình {seen.width}×{seen.height} lớn hơn mức mô hình cần: khai báo luồng phụ (sub-stream) ở detect_url.",
            f"{seen.width}×{seen.height} is more than a model needs: if there is a sub-stream, give it as detect_url.",
        )
    if seen.fps and not FEWEST_FPS <= seen.fps <= MOST_FPS + 1:
        yield Advice(
            "fps",
            f"Đặt 10 đến 25 hình/giây; hiện là {seen.fps:g}.",
            f"Set 10 to 25 frames a second; it is {seen.fps:g}.",
        )
    if seen.bitrate_bps > LARGE_BPS:
        yield Advice(
            "bitrate",
            f"Giảm bitrate xuống khoảng 4 Mbit/s; hiện là {seen.bitrate_bps / 1e6:.1f} Mbit/s.",
            f"Lower the bit rate to about 4 Mbit/s; it is {seen.bitrate_bps / 1e6:.1f} Mbit/s.",
        )
    if seen.round_trip_ms is not None and seen.round_trip_ms > FAR_MS:
        yield Advice(
            "far",
            f"Đường truyền chậm: {seen.round_trip_ms:.0f} ms một vòng.",
            f"The line is slow: {seen.round_trip_ms:.0f} ms for a round trip.",
        )


def _about_time(seen: ProbeResult) -> Iterator[Advice]:
    if seen.dropped:
        what = ", ".join(f"{reason}: {count}" for reason, count in sorted(seen.dropped.items()))
        yield Advice(
            "timestamps",
            f"Camera gửi sai mốc thời gian ({what}): cập nhật firmware.",
            f"The camera sends wrong timestamps ({what}): update its firmware.",
        )
    if seen.clock == "rtcp" and seen.clock_offset_ms is not None and abs(seen.clock_offset_ms) > CLOCK_OFF_MS:
        yield Advice(
            "clock",
            f"Đồng hồ camera lệch {seen.clock_offset_ms / 1000:+.1f} s: đặt máy chủ NTP cho camera.",
            f"The camera's clock is off by {seen.clock_offset_ms / 1000:+.1f} s: give it an NTP server.",
        )
    if seen.clock == "arrival":
        yield Advice(
            "no_clock",
            "Camera không gửi giờ (RTCP): thời điểm sự kiện sẽ lấy theo lúc nhận hình.",
            "The camera does not tell its time (RTCP): events will carry the time of arrival.",
        )
