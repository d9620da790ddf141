"""A page on which a customer sees how the product did on his clips: figures, and each miss and false alarm."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from rtsp.file_source import frames

MOMENTS: Final = (-2.0, -1.0, 0.0, 1.0, 2.0)  # seconds around what is shown
WIDTH: Final = 300
CONFIDENCE: Final = 1.96  # standard deviations: 95 %

STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1600px;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse}td,th{padding:.3rem .8rem;text-align:right;border-bottom:1px solid #d8dee4}
td:first-child,th:first-child{text-align:left}figure{margin:1.2rem 0}img{max-width:100%}
.false{border-left:5px solid #cf222e;padding-left:1rem}.missed{border-left:5px solid #bf8700;padding-left:1rem}
"""


def write_report(folder: Path, result: Mapping[str, Any], clips: Mapping[str, Path]) -> Path:
    """Write `index.html` and `report.json` into `folder`; return the page. Pictures are inside the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(result, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    page = folder / "index.html"
    page.write_text(_page(result, clips), encoding="utf-8")
    return page


def interval(part: int, whole: int) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of a share (Wilson 1927), or None where there is nothing to share."""
    if not whole:
        return None
    z2, share = CONFIDENCE**2, part / whole
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = CONFIDENCE / (1 + z2 / whole) * np.sqrt(share * (1 - share) / whole + z2 / (4 * whole**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _page(result: Mapping[str, Any], clips: Mapping[str, Path]) -> str:
    rows = "".join(_row(kind, figures) for kind, figures in [*result["kinds"].items(), ("all", result["overall"])])
    mistakes = "".join(_mistakes(clip, clips[clip["clip"]]) for clip in result["clips"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>ioc eval events</title><style>{STYLE}</style>'
        "<h1>What the product saw, and what it did not</h1><table><tr><th>kind<th>true<th>detected<th>false"
        "<th>precision (95 %)<th>recall (95 %)<th>F1<th>false / camera-hour<th>median delay, s</tr>"
        f"{rows}</table><h2>Misses and false alarms</h2>{mistakes or '<p>None.</p>'}</html>"
    )


def _row(kind: str, figures: Mapping[str, Any]) -> str:
    met, false = figures["detected"], figures["false_alarms"]
    cells = [
        html.escape(kind), figures["truth"], met, false, _share(met, met + false), _share(met, figures["truth"]),
        _number(figures["f1"]), _number(figures["false_alarms_per_camera_hour"]), _number(figures["delay_s"]["median"]),
    ]  # fmt: skip
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _share(part: int, whole: int) -> str:
    between = interval(part, whole)
    return "–" if between is None else f"{part / whole:.2f} ({between[0]:.2f}–{between[1]:.2f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _mistakes(clip: Mapping[str, Any], path: Path) -> str:
    wrong = [("missed", one["kind"], one["start_s"], ()) for one in clip["missed"]]
    wrong += [("false", one["kind"], one["at_s"], one["boxes"]) for one in clip["false"]]
    if not wrong:
        return ""
    strips = _strips(path, [(at_s, boxes) for _, _, at_s, boxes in wrong])
    return "".join(
        f'<figure class="{what}"><figcaption><b>{what}</b>: {html.escape(kind)} at {at_s:.1f} s in '
        f"{html.escape(path.name)}</figcaption>{_image(strip)}</figure>"
        for (what, kind, at_s, _), strip in zip(wrong, strips, strict=True)
    )


def _strips(path: Path, wanted: list[tuple[float, Iterable[Iterable[float]]]]) -> list[list[npt.NDArray[np.uint8]]]:
    """Return the pictures around each moment, with the boxes of what was reported; one pass through the clip."""
    strips: list[list[npt.NDArray[np.uint8]]] = [[] for _ in wanted]
    todo = sorted((at_s + offset, i) for i, (at_s, _) in enumerate(wanted) for offset in MOMENTS if at_s + offset >= 0)
    for frame in frames(path):
        while todo and frame.time_s >= todo[0][0]:
            _, i = todo.pop(0)
            height = round(WIDTH * frame.picture.height / frame.picture.width)
            shown = np.array(frame.picture.scaled(WIDTH, height))
            for x0, y0, x1, y1 in wanted[i][1]:
                corners = (int(x0 * WIDTH), int(y0 * height)), (int(x1 * WIDTH), int(y1 * height))
                cv2.rectangle(shown, *corners, (40, 40, 230), 2)
            cv2.putText(shown, f"{frame.time_s:.1f} s", (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
            strips[i].append(shown)
        if not todo:
            break
    return strips


def _image(strip: list[npt.NDArray[np.uint8]]) -> str:
    if not strip:
        return "<p>The clip has no picture there.</p>"
    _, jpeg = cv2.imencode(".jpg", np.hstack(strip), [cv2.IMWRITE_JPEG_QUALITY, 80])
    text = base64.b64encode(jpeg.tobytes()).decode()
    return f'<img alt="pictures around the moment" src="data:image/jpeg;base64,{text}">'
