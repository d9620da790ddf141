"""Recipes on a motorway whose ground is known from its lane markings: re-timed, so that speeds are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from benchmarks.making.film import FPS, re_timed, stretch, write

FREE: Final = "counting/m6_video7.mp4"  # right: free flow at 80 to 115 km/h; left: dense at 50 to 60
DENSE: Final = "counting/m6_video1.mp4"  # left: dense at 35 to 45 km/h
TOWARDS: Final = [[0.515, 0.42], [0.56, 0.42], [1, 0.85], [1, 1], [0.62, 1]]
AWAY: Final = [[0.38, 0.45], [0.47, 0.45], [0.4, 1], [0, 1], [0, 0.8]]
# Lanes of 3.65 m and dashes every 9 m, as the country's rules for markings have them.
GROUND: Final[dict[str, Any]] = {
    "points": [
        {"at": [0.534, 0.6], "metres": [0.0, 0.0]}, {"at": [0.612, 0.98], "metres": [0.0, -24.167]},
        {"at": [0.72, 0.575], "metres": [11.0, 3.692]}, {"at": [0.99, 0.865], "metres": [11.0, -20.699]},
    ],
    "click_error": 0.004, "scale_error": 0.04,
}  # fmt: skip


def speeding(data: Path, folder: Path) -> Path:
    """Part of the clip is played 1.6 times as fast: 80 to 115 km/h become 130 to 185."""
    start_s, fast_s = 5.0, 5.0
    images = stretch(data / FREE, 0, 13)
    before, fast = images[: int(start_s * FPS)], re_timed(images[int(start_s * FPS) :], 1.6)
    slow_again = re_timed(images[: int(7 * FPS)], 0.9)
    rules = [{"kind": "speeding", "name": "fast", "zone": "towards", "limit_kmh": 130}]
    events = [_event("speeding", start_s, start_s + fast_s, "towards")]
    return write(
        folder, "made_speeding_motorway", [*before, *fast, *slow_again], _camera(rules), events,
        "5 s as filmed (80 to 115 km/h), 5 s at 1.6 times the speed (130 to 185 km/h), then at 0.9 times.",
    )  # fmt: skip


def congestion(data: Path, folder: Path) -> Path:
    """Dense traffic that flows at 35 to 45 km/h comes down to a fifth of that for 50 s."""
    images = stretch(data / DENSE, 0, 16)
    flows, crawls, flows_again = images[: 6 * FPS], re_timed(images[6 * FPS :], 0.2), images
    rules = [{"kind": "congestion", "name": "jam", "zone": "away", "for_s": 10, "at_least": 5, "slow_below_kmh": 15}]
    start_s = len(flows) / FPS
    events = [_event("congestion", start_s, start_s + len(crawls) / FPS, "away")]
    return write(
        folder, "made_congestion_motorway", [*flows, *crawls, *flows_again], _camera(rules), events,
        "6 s as filmed (dense, 35 to 45 km/h), 50 s at a fifth of the speed (7 to 9 km/h), then as filmed.",
    )  # fmt: skip


def congestion_uncalibrated(data: Path, folder: Path) -> Path:
    """The same, judged in vehicle lengths: the camera is not calibrated."""
    images = stretch(data / DENSE, 0, 16)
    flows, crawls = images[: 6 * FPS], re_timed(images[6 * FPS :], 0.2)
    rules = [{"kind": "congestion", "name": "jam", "zone": "away", "for_s": 10, "at_least": 5}]
    start_s = len(flows) / FPS
    events = [_event("congestion", start_s, start_s + len(crawls) / FPS, "away")]
    camera = {"zones": {"towards": TOWARDS, "away": AWAY}, "rules": rules}
    notes = "As made_congestion_motorway, without a ground block: speeds in vehicle lengths."
    return write(folder, "made_congestion_uncalibrated", [*flows, *crawls, *images], camera, events, notes)


def wrong_way(data: Path, folder: Path) -> Path:
    """Everything runs backwards for 6 s; outside the two zones nobody is asked."""
    forwards = stretch(data / FREE, 0, 6)
    rules = [{"kind": "wrong_way", "name": "one-way", "zone": "towards", "allowed_deg": 160, "tolerance_deg": 70}]
    events = [_event("wrong_way", 6.0, 12.0, "towards")]
    return write(
        folder, "made_wrong_way_motorway", [*forwards, *re_timed(forwards, -1.0)], _camera(rules), events,
        "6 s as filmed, then the same 6 s backwards.",
    )  # fmt: skip


def as_filmed(data: Path, folder: Path) -> Path:
    """The motorway as it is."""
    rules = [
        {"kind": "speeding", "name": "fast", "zone": "towards", "limit_kmh": 130},
        {"kind": "wrong_way", "name": "one-way", "zone": "towards", "allowed_deg": 160, "tolerance_deg": 70},
        {"kind": "stopped_vehicle", "name": "stop", "after_s": 5},
        {"kind": "pedestrian_on_road", "name": "walker", "after_s": 1},
        {"kind": "obstacle", "name": "thing", "zone": "towards", "after_s": 6},
        {"kind": "congestion", "name": "jam", "zone": "towards", "for_s": 8},
    ]
    images = stretch(data / FREE, 0, 13.3)
    return write(folder, "made_nothing_motorway", images, _camera(rules), [], "As filmed: for false alarms.")


def _camera(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"zones": {"towards": TOWARDS, "away": AWAY}, "ground": GROUND, "rules": rules}


def _event(kind: str, start_s: float, end_s: float, zone: str) -> dict[str, Any]:
    return {"kind": kind, "start_s": round(start_s, 2), "end_s": round(end_s, 2), "zone": zone}
