"""Every way a simulated camera can break, and how a schedule of faults is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_PLAN = re.compile(
    r"(?P<kind>[a-z_]+)"
    r"(?:=(?P<value>[+-]?\d+(?:\.\d+)?))?"
    r"(?:@(?P<camera>[^:]+))?"
    r"(?::(?P<signed>[+-]\d+(?:\.\d+)?))?"  # clock:+30 says the same as clock=+30
    r"(?::(?P<start>\d+(?:\.\d+)?))?"
    r"(?::(?P<length>\d+(?:\.\d+)?))?"
)


class Fault(StrEnum):
    """What can be wrong with a camera or the way to it."""

    REFUSE = "refuse"
    WRONG_PASSWORD = "wrong_password"
    STALL = "stall"
    CUT = "cut"
    HALF_OPEN = "half_open"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    BACKWARD = "backward"
    JUMP = "jump"
    CLOCK = "clock"
    FROZEN = "frozen"
    BLACK = "black"
    RESOLUTION = "resolution"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class FaultHelp:
    """How a fault is explained. `value` is what its number means and what it is when none is given."""

    en: str
    vi: str
    value: tuple[str, float] | None = None


HELP: dict[Fault, FaultHelp] = {
    Fault.REFUSE: FaultHelp(
        "Drops its receivers and answers 503; where every camera does, the port itself refuses connections",
        "Ngắt các kết nối và trả lời 503; nếu mọi camera đều vậy thì cổng từ chối kết nối",
    ),
    Fault.WRONG_PASSWORD: FaultHelp(
        "Drops its receivers and answers 401 to any password", "Ngắt các kết nối và trả lời 401 với mọi mật khẩu"
    ),
    Fault.STALL: FaultHelp(
        "Sends no pictures but keeps the connection and answers requests",
        "Không gửi hình nhưng vẫn giữ kết nối và trả lời",
    ),
    Fault.CUT: FaultHelp(
        "Closes its connections; while it lasts, each new one as soon as it plays",
        "Đóng kết nối; trong thời gian lỗi, đóng cả kết nối mới ngay khi phát",
    ),
    Fault.HALF_OPEN: FaultHelp(
        "Neither reads nor answers nor sends, and keeps the connection open",
        "Không đọc, không trả lời, không gửi, nhưng vẫn giữ kết nối",
    ),
    Fault.GARBAGE: FaultHelp("Sends random bytes as pictures", "Gửi dữ liệu ngẫu nhiên thay cho hình"),
    Fault.TRUNCATED: FaultHelp("Cuts packets short at random", "Cắt cụt gói tin ngẫu nhiên"),
    Fault.BACKWARD: FaultHelp("Lets its timestamps go back", "Dấu thời gian chạy lùi", ("seconds", 10.0)),
    Fault.JUMP: FaultHelp("Lets its timestamps leap ahead", "Dấu thời gian nhảy vọt", ("seconds", 3600.0)),
    Fault.CLOCK: FaultHelp("Tells a wrong time of day in its reports", "Báo sai giờ trong ngày", ("seconds", 30.0)),
    Fault.FROZEN: FaultHelp("Repeats one picture with running timestamps", "Đứng hình, thời gian vẫn chạy"),
    Fault.BLACK: FaultHelp("Shows black pictures of the same size", "Hình đen, cùng kích thước"),
    Fault.RESOLUTION: FaultHelp(
        "Changes to half width and height in mid-stream", "Đổi sang nửa độ phân giải khi đang phát"
    ),
    Fault.SLOW: FaultHelp("Lets only so much through its network", "Giới hạn băng thông mạng", ("kbit/s", 256.0)),
}

PICTURE_FAULTS = frozenset({Fault.FROZEN, Fault.BLACK, Fault.RESOLUTION})  # shown by playing another film
SILENT_FAULTS = frozenset({Fault.STALL, Fault.HALF_OPEN})
DROPPING_FAULTS = frozenset({Fault.REFUSE, Fault.WRONG_PASSWORD, Fault.CUT})  # receivers lose their connection


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """When a fault begins after the start and for how long it lasts (None: for good; a cut: once)."""

    fault: Fault
    start_s: float = 0.0
    for_s: float | None = None
    value: float | None = None
    camera: str | None = None  # None: every camera

    @classmethod
    def parse(cls, text: str) -> FaultPlan:
        """Read `KIND[=VALUE][@CAMERA][:start_s[:for_s]]`; raise `ValueError` with one sentence."""
        match = _PLAN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a fault: write KIND[=VALUE][@CAMERA][:start_s[:for_s]]")
        try:
            fault = Fault(match["kind"])
        except ValueError:
            raise ValueError(f"there is no fault {match['kind']!r}; there are {', '.join(Fault)}") from None
        value = match["value"] or match["signed"]
        if value is not None and HELP[fault].value is None:
            raise ValueError(f"the fault {fault.value!r} takes no value")
        return cls(
            fault,
            start_s=float(match["start"] or 0.0),
            for_s=float(match["length"]) if match["length"] else None,
            value=float(value) if value is not None else None,
            camera=match["camera"],
        )


def value_or_usual(fault: Fault, value: float | None) -> float:
    """Return the fault's number, or what it is when none is given."""
    explained = HELP[fault].value
    return value if value is not None else explained[1] if explained else 0.0
