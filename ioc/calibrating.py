"""What `ioc camera calibrate` does: read what was measured, fit the ground, judge it, draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from pydantic import ValidationError

from edge.geometry import Points
from edge.ground import Ground, GroundSettings
from edge.ground_grid import drawn
from edge.ground_survey import Lines, Survey, SurveyError, from_distances, from_lines, from_rectangle, pairs_of
from ioc.ground_block import as_yaml
from ioc.output import UserMistake
from ioc.some_pictures import STILLS, some_pictures
from rtsp.picture import VideoPicture
from rtsp.still import first_picture

TRIALS: Final = 60  # how often the survey is repeated with its inputs off by their errors


@dataclass(frozen=True, slots=True)
class Measured:
    """What the user gave, as written on the command line."""

    points: tuple[str, ...] = ()
    rectangle: str | None = None
    distances: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    width_m: float | None = None
    length: str | None = None
    hfov_deg: float | None = None
    checks: tuple[str, ...] = ()
    click_error: float = 0.004
    tape_error: float = 0.02


def picture_of(source: str) -> VideoPicture:
    """Return a picture of a camera's URL, a clip or a still picture."""
    path = Path(source.removeprefix("file:"))
    if path.is_file():
        wanted = 1 if path.suffix.lower() in STILLS else 3
        pictures = some_pictures(path, wanted)
        return pictures[len(pictures) // 2]
    if ":" not in source:
        raise UserMistake(f"{source}: there is no such file, and a camera's address looks like rtsp://host/path")
    return first_picture(source)


def calibrate(measured: Measured, picture: VideoPicture, grid: Path | None = None) -> dict[str, Any]:
    """Return the ground block, as data and as YAML, and how far it can be trusted; draw the grid where asked."""
    aspect = picture.width / picture.height
    try:
        survey = _survey(measured, aspect)
        settings = _settings(survey, measured, scale_error=measured.tape_error)
        settings = settings.model_copy(update={"scale_error": _scale_error(measured, aspect, settings)})
    except SurveyError as mistake:
        raise UserMistake(str(mistake)) from mistake
    except ValidationError as error:
        raise UserMistake(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from error
    ground = Ground(settings, aspect)
    if grid is not None and not cv2.imwrite(str(grid), drawn(picture.bgr(), ground)):
        raise UserMistake(f"{grid}: cannot be written; is it a .jpg or .png in a folder that exists?")
    block = settings.model_dump(mode="json")
    checks = [_checked(ground, text) for text in measured.checks]
    facts = _facts(ground, survey, checks)
    return {"ground": block, "yaml": as_yaml(block), **facts, "judgement": _judgement(facts)}


def _survey(measured: Measured, aspect: float) -> Survey:
    if measured.lines:
        return from_lines(_lines(measured), aspect)
    if len(measured.points) < 4:
        raise SurveyError("four places on the ground (--point) are needed, or two parallel lines (--line)")
    if all("=" in text for text in measured.points):
        pairs = [text.split("=") for text in measured.points]
        return Survey(np.array([_numbers(a, 2) for a, _ in pairs]), np.array([_numbers(m, 2) for _, m in pairs]))
    at = np.array([_numbers(text, 2) for text in measured.points])
    if measured.rectangle is not None:
        width_m, length_m = _numbers(measured.rectangle.replace("x", ","), 2)
        if len(at) != 4:
            raise SurveyError("a rectangle has four points")
        return from_rectangle(at, width_m, length_m)
    return from_distances(at, _distances(measured.distances, len(at)))


def _lines(measured: Measured) -> Lines:
    if len(measured.lines) != 2:
        raise SurveyError("two lines that are parallel on the road are needed: --line twice")
    ends = np.array([_numbers(text, 4) for text in measured.lines]).reshape(2, 2, 2)
    if measured.length is None:
        return Lines(ends, measured.width_m, hfov_deg=measured.hfov_deg)
    along, along_m = _known_length(measured.length)
    return Lines(ends, measured.width_m, along, along_m, measured.hfov_deg)


def _distances(texts: Sequence[str], points: int) -> dict[tuple[int, int], float]:
    parts = [text.partition("=") for text in texts]
    pairs = pairs_of([name for name, _, _ in parts])
    wrong = next((pair for pair in pairs if max(pair) >= points), None)
    if wrong is not None:
        raise SurveyError(f"there is no point {max(wrong) + 1}: {points} were given")
    return {pair: _numbers(metres, 1)[0] for pair, (_, _, metres) in zip(pairs, parts, strict=True)}


def _known_length(text: str) -> tuple[Points, float]:
    ends, _, metres = text.partition("=")
    return np.array(_numbers(ends, 4)).reshape(2, 2), _numbers(metres, 1)[0]


def _numbers(text: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not np.isfinite(numbers).all():
        shape = {1: "a number of metres", 2: "two numbers like 0.31,0.80", 4: "four numbers like 0.1,0.9,0.4,0.5"}
        raise SurveyError(f"{text!r} should be {shape[count]}")
    return numbers


def _settings(survey: Survey, measured: Measured, *, scale_error: float) -> GroundSettings:
    points = [
        {"at": [round(float(v), 5) for v in at], "metres": [round(float(v), 3) for v in metres]}
        for at, metres in zip(survey.at, survey.metres, strict=True)
    ]
    known = {"points": points, "click_error": measured.click_error, "scale_error": round(scale_error, 4)}
    return GroundSettings.model_validate(known)


def _scale_error(measured: Measured, aspect: float, settings: GroundSettings) -> float:
    """Return the share by which lengths are off because the inputs of the lines' survey are: tape, field of view, ends.

    For points the errors of the clicks are carried by the ground itself, and what is left is the tape's.
    """
    if not measured.lines:
        return measured.tape_error
    rng, known, lengths = np.random.default_rng(1), _lines(measured), []
    for _ in range(TRIALS):
        try:
            metres = from_lines(_off(known, measured, rng, aspect), aspect).metres
        except SurveyError:
            continue
        lengths.append(np.hypot(*(metres[1] - metres[0])))
    if len(lengths) < TRIALS // 2:
        raise SurveyError("the lines are too short or too parallel to tell where they meet: take longer ones")
    return round(min(1.0, float(np.std(lengths) / np.mean(lengths))), 4)


def _off(known: Lines, measured: Measured, rng: np.random.Generator, aspect: float) -> Lines:
    click = measured.click_error * np.array([1 / aspect, 1.0])
    tape = 1 + measured.tape_error * rng.standard_normal(2)
    return replace(
        known,
        lines=known.lines + click * rng.standard_normal((2, 2, 2)),
        along=None if known.along is None else known.along + click * rng.standard_normal((2, 2)),
        width_m=None if known.width_m is None else known.width_m * float(tape[0]),
        along_m=None if known.along_m is None else known.along_m * float(tape[1]),
        hfov_deg=None if known.hfov_deg is None else known.hfov_deg * float(1 + 0.05 * rng.standard_normal()),
    )


def _checked(ground: Ground, text: str) -> dict[str, Any]:
    ends, stated_m = _known_length(text)
    got_m = float(ground.distance_m(ends[:1], ends[1:])[0])
    error_m = float(ground.distance_error_m(ends[:1], ends[1:])[0])
    return {
        "stated_m": stated_m, "measured_m": _rounded(got_m), "error_m": _rounded(error_m),
        "off_by": _rounded(got_m / stated_m - 1),
    }  # fmt: skip


def _facts(ground: Ground, survey: Survey, checks: list[dict[str, Any]]) -> dict[str, Any]:
    near, far = int(ground.at[:, 1].argmax()), int(ground.at[:, 1].argmin())
    middle = ground.on_ground.mean(axis=0)
    return {
        "reprojection_error": _rounded(float(ground.residuals().max())),
        "misfit": _rounded(survey.misfit),
        "scale_uncertainty": {
            "near": _share_around(ground, ground.on_ground[near]),
            "middle": _share_around(ground, middle),
            "far": _share_around(ground, ground.on_ground[far]),
        },
        "checks": checks,
    }


def _share_around(ground: Ground, metres: Points) -> float | None:
    """Return the standard error of a length of a tenth of the calibrated area's extent, as a share of it."""
    step = 0.05 * np.ptp(ground.on_ground, axis=0)
    a, b = ground.picture(np.array([metres - step, metres + step]))
    share = ground.distance_error_m(a[None], b[None]) / ground.distance_m(a[None], b[None])
    return _rounded(float(share[0]))


def _judgement(facts: Mapping[str, Any]) -> dict[str, str]:
    scale = facts["scale_uncertainty"]
    texts = {
        "reprojection error": f"{facts['reprojection_error']:.2%} of the picture's height (four points always fit)",
        "scale uncertainty": ", ".join(f"{where} ±{share:.1%}" for where, share in scale.items() if share is not None),
    }
    for number, check in enumerate(facts["checks"], start=1):
        stated = f"{check['measured_m']:g} ± {check['error_m']:g} m measured, {check['stated_m']:g} m stated"
        texts[f"check {number}"] = f"{stated} ({check['off_by']:+.1%})"
    return texts


def _rounded(value: float) -> float:
    return round(value, 4)
