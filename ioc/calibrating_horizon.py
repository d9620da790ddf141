"""What `ioc camera calibrate --horizon` does: read landmarks, find the pose, judge it, draw the azimuths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from common.config import ConfigError
from edge.smoke.bearing import Pose, points_at
from edge.smoke.landmarks import Landmark, Solved, SurveyError, solve
from edge.smoke.raycast import skyline
from edge.terrain import Terrain, read_terrain
from ioc.calibrating import picture_of
from ioc.output import UserMistake, emit, out

Image = npt.NDArray[np.uint8]

INK: Final = {"scale": (0, 230, 255), "sky": (255, 160, 60), "mark": (80, 80, 255), "paper": (0, 0, 0)}  # B, G, R
STEPS_DEG: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class Marks:
    """What the user gave, as written on the command line."""

    landmarks: tuple[str, ...]
    at: str | None
    height_m: float
    hfov_deg: float | None
    click_error: float  # share of the width
    terrain: Path | None


def run(source: str, marks: Marks, chart: Path | None, as_json: bool) -> None:
    """Find the pose, show it, and draw it where asked."""
    picture = picture_of(source)
    try:
        terrain = read_terrain(marks.terrain) if marks.terrain else None
        solved, seen = find(marks, picture.width / picture.height, terrain)
    except (ConfigError, SurveyError) as mistake:
        raise UserMistake(str(mistake)) from mistake
    if chart is not None and not cv2.imwrite(str(chart), drawn(picture.bgr(), solved.pose, seen, terrain)):
        raise UserMistake(f"{chart}: cannot be written; is it a .jpg or .png in a folder that exists?")
    emit(told(solved, seen), as_json, _show)


def find(marks: Marks, aspect: float, terrain: Terrain | None) -> tuple[Solved, list[Landmark]]:
    """Return the pose and the landmarks with what the terrain knows of them. Raises SurveyError, UserMistake."""
    if marks.at is None:
        raise UserMistake("--horizon needs --at LAT,LON: where the camera stands")
    lat, lon, *altitude = _numbers(marks.at, "--at", (2, 3))
    seen = [_landmark(text, terrain) for text in marks.landmarks]
    lens_m = altitude[0] if altitude else _ground(terrain, lat, lon, marks.height_m)
    solved = solve(
        lat, lon, lens_m, seen, aspect=aspect, click_error=marks.click_error, hfov_deg=marks.hfov_deg
    )  # fmt: skip
    return replace(solved, pose=replace(solved.pose, height_m=marks.height_m)), seen


def told(solved: Solved, seen: list[Landmark]) -> dict[str, Any]:
    """Return the result as data: the `position` block, how sure it is, and how far off each landmark is."""
    pose = solved.pose
    block = {
        "lat": pose.lat, "lon": pose.lon, "height_m": pose.height_m, "azimuth_deg": round(pose.azimuth_deg, 3),
        "tilt_deg": round(pose.tilt_deg, 3), "roll_deg": round(pose.roll_deg, 3), "hfov_deg": round(pose.hfov_deg, 3),
        "distortion": round(pose.distortion, 4), "error_deg": round(pose.error_deg, 3),
    }  # fmt: skip
    rows = [
        {"x": mark.x, "y": mark.y, "azimuth_off_deg": round(float(off[0]), 3),
         "elevation_off_deg": None if np.isnan(off[1]) else round(float(off[1]), 3), "suspect": n in solved.suspects}
        for n, (mark, off) in enumerate(zip(seen, solved.residuals, strict=True))
    ]  # fmt: skip
    across_m = round(10_000 * math.tan(math.radians(pose.error_deg)))
    return {"position": block, "yaml": _as_yaml(block), "landmarks": rows, "judgement": _judgement(solved, across_m)}


def drawn(bgr: Image, pose: Pose, seen: list[Landmark], terrain: Terrain | None) -> Image:
    """Return the picture with its azimuths, the horizon, the skyline that the terrain foretells, and the landmarks."""
    image = bgr.copy()
    width = max(1, round(image.shape[1] / 900))
    azimuths = pose.azimuth_deg + np.linspace(-0.75, 0.75, 600) * pose.hfov_deg
    _line(image, points_at(pose, np.stack([azimuths, np.zeros(600)], axis=1)), INK["scale"], width)
    if terrain is not None:
        _line(image, points_at(pose, np.stack([azimuths, skyline(pose, azimuths, terrain)], axis=1)), INK["sky"], width)
    _ticks(image, pose, width)
    for mark in seen:
        at = _pixel(image, mark.x, mark.y)
        cv2.drawMarker(image, at, INK["mark"], cv2.MARKER_CROSS, 22 * width, 2 * width)
    return image


def _ticks(image: Image, pose: Pose, width: int) -> None:
    step = next(step for step in STEPS_DEG if step >= pose.hfov_deg / 12)
    first = math.ceil((pose.azimuth_deg - pose.hfov_deg) / step)
    for n in range(first, first + round(2 * pose.hfov_deg / step)):
        ends = points_at(pose, np.array([[n * step, 0.0], [n * step, pose.hfov_deg / 40]]))
        if np.isnan(ends).any() or not 0 <= ends[0, 0] <= 1:
            continue
        low, high = (_pixel(image, *end) for end in ends)
        cv2.line(image, low, high, INK["scale"], 2 * width)
        text = f"{n * step % 360:g}"
        for ink, thick in ((INK["paper"], 4 * width), (INK["scale"], width)):
            at, size = (high[0] - 12 * width, high[1] - 6), 0.55 * width
            cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, thick, cv2.LINE_AA)


def _line(image: Image, points: npt.NDArray[np.float64], ink: tuple[int, int, int], width: int) -> None:
    size = np.array([image.shape[1], image.shape[0]])
    kept = points[~np.isnan(points).any(axis=1)]
    if len(kept) > 1:
        corners = np.round(kept.clip(-2, 3) * size).astype(np.int32)
        cv2.polylines(image, [corners], False, ink, width, cv2.LINE_AA)


def _pixel(image: Image, x: float, y: float) -> tuple[int, int]:
    return round(x * image.shape[1]), round(y * image.shape[0])


def _landmark(text: str, terrain: Terrain | None) -> Landmark:
    x, y, lat, lon, *altitude = _numbers(text, "--landmark", (4, 5))
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise UserMistake(f"--landmark {text}: x and y are 0..1 of the picture")
    return Landmark(x, y, lat, lon, altitude[0] if altitude else _ground(terrain, lat, lon, 0.0))


def _ground(terrain: Terrain | None, lat: float, lon: float, above_m: float) -> float | None:
    if terrain is None:
        return None
    height = float(terrain.at(np.array([lat]), np.array([lon]))[0])
    return None if math.isnan(height) else height + above_m


def _numbers(text: str, option: str, counts: tuple[int, int]) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in counts or not np.isfinite(numbers).all():
        raise UserMistake(
            f"{option} {text}: {counts[0]} numbers with commas are needed, or {counts[1]} with an altitude"
        )
    return numbers


def _as_yaml(block: Mapping[str, Any]) -> str:
    return "position: {" + ", ".join(f"{key}: {value}" for key, value in block.items()) + "}"


def _judgement(solved: Solved, across_m: int) -> dict[str, str]:
    pose = solved.pose
    words = {"error": f"bearings are true to ±{pose.error_deg:.2f}° (one standard error): ±{across_m} m at 10 km"}
    if solved.suspects:
        names = ", ".join(str(n + 1) for n in solved.suspects)
        words["suspects"] = f"landmark {names} does not fit the others: is it the place that it is said to be?"
    if len(solved.residuals) < 3:
        words["few"] = "so few landmarks check nothing: add one or two at the sides of the picture"
    return words


def _show(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    out.print(result["yaml"], markup=False)
    table = Table("landmark", "azimuth off", "elevation off", "")
    for n, row in enumerate(result["landmarks"], start=1):
        up = "–" if row["elevation_off_deg"] is None else f"{row['elevation_off_deg']:+.3f}°"
        table.add_row(str(n), f"{row['azimuth_off_deg']:+.3f}°", up, "?" if row["suspect"] else "")
    out.print(table)
    for text in result["judgement"].values():
        out.print(text, markup=False)
