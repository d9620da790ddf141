"""Every kind of event, and what operators call it: the one list that edge, central and the screens share."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Category: TypeAlias = Literal["traffic", "security", "wildfire", "camera", "node"]

KINDS: Final[dict[str, dict[str, tuple[str, str]]]] = {  # category → kind → (Vietnamese, English)
    "traffic": {
        "line_count": ("Lưu lượng", "Traffic flow"),
        "congestion": ("Ùn tắc", "Congestion"),
        "stopped_vehicle": ("Dừng đỗ sai", "Stopped vehicle"),
        "wrong_way": ("Đi ngược chiều", "Wrong way"),
        "speeding": ("Vượt tốc độ ước tính", "Speeding (estimate)"),
        "pedestrian_on_road": ("Người đi bộ trên đường", "Pedestrian on the road"),
        "obstacle": ("Vật cản", "Obstacle"),
        "accident": ("Tai nạn", "Accident"),
    },
    "security": {
        "intrusion": ("Xâm nhập", "Intrusion"),
        "line_crossing": ("Vượt hàng rào ảo", "Line crossing"),
        "loitering": ("Lảng vảng", "Loitering"),
        "crowd": ("Tụ tập đông người", "Crowd"),
        "abandoned_object": ("Vật bỏ lại", "Abandoned object"),
        "removed_object": ("Vật bị lấy đi", "Removed object"),
        "fall": ("Người ngã", "Fall"),
        "fight": ("Ẩu đả", "Fight"),
    },
    "wildfire": {"smoke": ("Khói", "Smoke"), "flame": ("Lửa", "Flame")},
    "camera": {
        "offline": ("Mất tín hiệu", "Camera offline"),
        "frozen": ("Đứng hình", "Frozen picture"),
        "covered": ("Bị che", "Camera covered"),
        "moved": ("Bị xoay lệch", "Camera moved"),
        "defocused": ("Mờ", "Out of focus"),
        "dark": ("Quá tối / chói", "Too dark or blinded"),
        "degraded": ("Giật, mất khung hình", "Losing frames"),
        "clock": ("Sai giờ", "Wrong clock"),
    },
    "node": {
        "offline": ("Mất kết nối nút biên", "Edge node offline"),
        "overloaded": ("Quá tải", "Overloaded"),
        "disk": ("Ổ đĩa", "Disk"),
        "outbox": ("Hàng chờ sự kiện", "Outbox"),
    },
}

SEVERITIES: Final[dict[str, tuple[str, str]]] = {  # most urgent first
    "critical": ("Khẩn cấp", "Critical"),
    "high": ("Cao", "High"),
    "medium": ("Trung bình", "Medium"),
    "low": ("Thấp", "Low"),
    "info": ("Thông tin", "Information"),
}


def event_type(category: str, kind: str) -> str:
    """Return the CloudEvents type; raises KeyError for a kind that is not in the list."""
    KINDS[category][kind]
    return f"vn.ioc.{category}.{kind}.v1"


def parse_event_type(text: str) -> tuple[str, str]:
    """Return (category, kind) of a CloudEvents type; raises ValueError for one that is not ours."""
    parts = text.split(".")
    if len(parts) != 5 or parts[:2] != ["vn", "ioc"] or parts[4] != "v1" or parts[3] not in KINDS.get(parts[2], {}):
        raise ValueError(f"not an event type of this product: {text!r}")
    return parts[2], parts[3]
