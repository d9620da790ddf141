"""A page on which a customer sees how the product did on his clips: figures, and each miss and false alarm."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from mqtt.kinds import KINDS
from rtsp.file_source import frames

MOMENTS: Final = (-2.0, -1.0, 0.0, 1.0, 2.0)  # seconds around what is shown
WIDTH: Final = 300
CONFIDENCE: Final = 1.96  # standard deviations: 95 %
COLUMNS: Final = (
    ("loại", "kind"), ("có thật", "true"), ("phát hiện", "detected"), ("báo giả", "false"),
    ("độ chính xác (95 %)", "precision"), ("độ phủ (95 %)", "recall"), ("F1", ""),
    ("báo giả / giờ camera (95 %)", "false alarms per camera-hour"), ("trễ trung vị, giây", "median delay, s"),
)  # fmt: skip
WRONG: Final = {"missed": ("bỏ sót", "missed"), "false": ("báo động giả", "false alarm")}
NONE: Final = '<p>Không có. <span lang="en">None.</span></p>'

STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1600px;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse}td,th{padding:.3rem .8rem;text-align:right;border-bottom:1px solid #d8dee4}
td:first-child,th:first-child{text-align:left}.wide{overflow-x:auto}[lang=en]{color:#59636e;font-size:.85em}
figure{margin:1.2rem 0}img{max-width:100%}
.false{border-left:5px solid #cf222e;padding-left:1rem}.missed{border-left:5px solid #bf8700;padding-left:1rem}
"""


def write_report(folder: Path, result: Mapping[str, Any], clips: Mapping[str, Path]) -> Path:
    """Write `index.html` and `report.json` into `folder`; return the page. Pictures are inside the page."""
    return write_page(folder, result, _page(result, clips))


def write_page(folder: Path, result: Mapping[str, Any], page: str) -> Path:
    """Write a page and the figures behind it; return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(result, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def interval(part: int, whole: int) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of a share (Wilson 1927), or None where there is nothing to share."""
    if not whole:
        return None
    z2, share = CONFIDENCE**2, part / whole
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = CONFIDENCE / (1 + z2 / whole) * np.sqrt(share * (1 - share) / whole + z2 / (4 * whole**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def rate_interval(count: int, hours: float) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of a rate per hour (Garwood 1936, exact for a Poisson count)."""
    if hours <= 0:
        return None
    low = 0.0 if count == 0 else float(chi2.ppf(0.025, 2 * count)) / 2
    return low / hours, float(chi2.ppf(0.975, 2 * count + 2)) / 2 / hours


def page_of(title: tuple[str, str], body: str) -> str:
    """Return a page with a title in Vietnamese and English."""
    return (
        f'<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title[0]}</title><style>{STYLE}</style><h1>{_both(*title)}</h1>{body}</html>"
    )


def _page(result: Mapping[str, Any], clips: Mapping[str, Path]) -> str:
    rows = "".join(_row(kind, figures) for kind, figures in [*result["kinds"].items(), ("", result["overall"])])
    heads = "".join(f"<th>{_both(*words)}" for words in COLUMNS)
    mistakes = "".join(_mistakes(clip, clips[clip["clip"]]) for clip in result["clips"])
    return page_of(
        ("Hệ thống đã thấy gì, và bỏ sót gì", "What the product saw, and what it did not"),
        f'<div class="wide"><table><tr>{heads}</tr>{rows}</table></div>'
        f"<h2>{_both('Bỏ sót và báo động giả', 'Misses and false alarms')}</h2>{mistakes or NONE}"
        f"<h2>{_both('Thiết lập nên đổi', 'Settings it would change')}</h2>{_advice(result.get('advice', ()))}",
    )


def _advice(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the changes with their figures: chosen on these very clips, and said to be so."""
    if not rows:
        return NONE
    changes = "".join(
        f"<li><b>{_kind(row['kind'])}</b>: <code>{row['setting']}</code> "
        + ", ".join(f"{html.escape(one['rule'])}: {one['from']} → {one['to']}" for one in row["rules"])
        + f"<br>{_outcome(row['now'])} → {_outcome(row['then'])}</li>"
        for row in rows
    )
    warning = _both(
        "Chọn trên chính các đoạn phim này: hãy thử lại trên đoạn phim khác.",
        "Chosen on these very clips: try them on others.",
    )
    return f"<p>{warning}</p><ul>{changes}</ul>"


def _outcome(figures: Mapping[str, Any]) -> str:
    return f"{figures['detected']}/{figures['truth']} ✓, {figures['false_alarms']} ✗, F1 {_number(figures['f1'])}"


def _both(vietnamese: str, english: str) -> str:
    return f'{html.escape(vietnamese)} <span lang="en">{html.escape(english)}</span>'


def _kind(kind: str) -> str:
    if not kind:
        return _both("tất cả", "all")
    names = next((kinds[kind] for kinds in KINDS.values() if kind in kinds), (kind, kind))
    return _both(*names)


def _row(kind: str, figures: Mapping[str, Any]) -> str:
    met, false = figures["detected"], figures["false_alarms"]
    cells = [
        _kind(kind), figures["truth"], met, false, _share(met, met + false), _share(met, figures["truth"]),
        _number(figures["f1"]), _rate(false, figures["camera_hours"]), _number(figures["delay_s"]["median"]),
    ]  # fmt: skip
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _rate(count: int, hours: float) -> str:
    between = rate_interval(count, hours)
    return "–" if between is None else f"{count / hours:.2f} ({between[0]:.2f}–{between[1]:.2f})"


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
        f'<figure class="{what}"><figcaption><b>{_both(*WRONG[what])}</b>: {_kind(kind)}, {at_s:.1f} s, '
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
