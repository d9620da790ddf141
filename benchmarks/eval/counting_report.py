"""A page on which a customer sees how the product counted: figures with intervals, and each line on its picture."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.eval.report import page_of, write_page
from edge.config import LineSettings, ViewSettings
from rtsp.file_source import frames

WIDTH: Final = 560
ROUNDS: Final = 2000
SHOWN_AT_S: Final = 2.0
HEADS: Final = (
    ("vạch", "line"), ("hướng", "direction"), ("loại", "label"), ("có thật", "true"), ("đếm được", "counted"),
    ("sai", "error"), ("tự báo sai số", "± by itself"),
)  # fmt: skip
ARROW: Final = 0.08  # of the picture's width


def write_counting_report(
    folder: Path, result: Mapping[str, Any], clips: Mapping[str, Path], views: Mapping[str, ViewSettings]
) -> Path:
    """Write `index.html` and `report.json` into `folder`; return the page."""
    rows = result["clips"]
    parts = "".join(
        _clip(name, [row for row in rows if row["clip"] == name], clips[name], views[name]) for name in _names(rows)
    )
    title = ("Hệ thống đếm đúng đến đâu", "How well the product counts")
    return write_page(folder, result, page_of(title, _overall(result["overall"], rows) + parts))


def accuracy_interval(rows: Sequence[Mapping[str, Any]], seed: int = 1) -> tuple[float, float] | None:
    """Return the 95 % interval of the accuracy over other clips like these (bootstrap over clips, Efron 1979).

    None for fewer than three clips: nothing can be said about others.
    """
    names = _names(rows)
    if len(names) < 3:
        return None
    sums = np.array([[sum(r[key] for r in rows if r["clip"] == n) for key in ("error", "truth")] for n in names])
    drawn = sums[np.random.default_rng(seed).integers(len(names), size=(ROUNDS, len(names)))].sum(axis=1)
    low, high = np.quantile(1 - drawn[:, 0] / np.maximum(drawn[:, 1], 1), (0.025, 0.975))
    return float(low), float(high)


def _names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["clip"] for row in rows))


def _overall(overall: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    between = accuracy_interval(rows)
    spread = "" if between is None else f" ({between[0]:.3f}–{between[1]:.3f}, 95 %)"
    return (
        f'<p><b>{overall["accuracy"]:.3f}</b>{spread} = 1 − Σ|đếm − thật| / Σ thật <span lang="en">accuracy</span>: '
        f"{overall['counted']} / {overall['truth']}</p>"
    )


def _clip(name: str, rows: Sequence[Mapping[str, Any]], path: Path, view: ViewSettings) -> str:
    heads = "".join(f'<th>{vi} <span lang="en">{en}</span>' for vi, en in HEADS)
    keys = ("line", "direction", "label", "truth", "counted", "error", "doubtful")
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(row[key]))}" for key in keys) + "</tr>" for row in rows)
    picture = _picture(path, view)
    shown = "" if picture is None else f'<img alt="" src="data:image/jpeg;base64,{picture}">'
    return (
        f"<figure><figcaption><b>{html.escape(name)}</b></figcaption>{shown}"
        f'<div class="wide"><table><tr>{heads}</tr>{body}</table></div></figure>'
    )


def _picture(path: Path, view: ViewSettings) -> str | None:
    """Return a picture of the clip with its lines, each with an arrow to its right-hand side."""
    image: npt.NDArray[np.uint8] | None = None
    for frame in frames(path):
        height = round(WIDTH * frame.picture.height / frame.picture.width)
        image = np.array(frame.picture.scaled(WIDTH, height))
        if frame.time_s >= SHOWN_AT_S:
            break
    if image is None:
        return None
    for name, line in view.lines.items():
        _draw(image, name, line)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return base64.b64encode(jpeg.tobytes()).decode()


def _draw(image: npt.NDArray[np.uint8], name: str, line: LineSettings) -> None:
    size = np.array([image.shape[1], image.shape[0]])
    start, end = np.array(line.from_) * size, np.array(line.to) * size
    way = (end - start) / max(1.0, float(np.hypot(*(end - start))))
    middle = (start + end) / 2
    tip = middle + np.array([-way[1], way[0]]) * ARROW * WIDTH  # the right-hand side as seen on the screen
    points = [tuple(int(v) for v in p) for p in (start, end, middle, tip)]
    cv2.line(image, points[0], points[1], (255, 216, 40), 2)
    cv2.arrowedLine(image, points[2], points[3], (255, 216, 40), 2, tipLength=0.3)
    cv2.putText(image, f"{name} > right", points[0], cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
