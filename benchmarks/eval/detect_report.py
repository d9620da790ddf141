"""A page on which a customer sees what his detector finds: the curve of each label, and the figures of each camera."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from benchmarks.eval.report import STYLE
from benchmarks.report_plots import Line, lines

CURVES: Final = """
svg{width:min(100%,560px)}polyline{fill:none;stroke:#0969da;stroke-width:2}
polyline.c{stroke:#cf222e}line.grid{stroke:#d8dee4}text{font:11px system-ui,sans-serif;fill:#57606a}
"""
COLUMNS: Final = ("map50", "precision", "recall", "truth", "pictures", "clear", "clear_with_alarm")
HEADS: Final = ("mAP50", "precision", "recall", "true", "pictures", "clear", "clear with a false alarm")


def write_detect_report(folder: Path, result: Mapping[str, Any], dataset: str) -> Path:
    """Write `index.html` and `report.json` of what `ioc eval detect` found into `folder`; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    page = folder / "index.html"
    page.write_text(_page(result, dataset), encoding="utf-8")
    return page


def _page(result: Mapping[str, Any], dataset: str) -> str:
    title = escape(f"{result['model']} on {dataset}")
    curves = "".join(_curve(label, one) for label, one in result["curves"].items())
    rows = {**result["cameras"], "all": {**result["overall"], "pictures": result["pictures"]}}
    head = "".join(f"<th>{name}" for name in ("camera", *HEADS))
    table = "".join(_row(name, row) for name, row in rows.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}{CURVES}</style>'
        f"<h1>{title}</h1><p>{result['pictures']} pictures; boxes at an overlap of 0.5; precision and recall in the "
        f"table at confidence {result['confidence']:g}.</p>{curves}<h2>Cameras</h2><table><tr>{head}</tr>{table}"
        "</table></html>"
    )


def _curve(label: str, curve: Mapping[str, Any]) -> str:
    points = sorted((recall, precision) for _, precision, recall in curve["points"])
    by_confidence = sorted((confidence, recall) for confidence, _, recall in curve["points"])
    precision_there = sorted((confidence, precision) for confidence, precision, _ in curve["points"])
    good = curve["at_precision_0.8"]
    said = f"recall {good['recall']:.3f} at confidence {good['confidence']:.3f}" if good else "never reached"
    both = [Line("recall", by_confidence), Line("precision", precision_there, "c")]
    return (
        f"<h2>{escape(label)}</h2><p>Precision 0.8: {said}.</p><figure>"
        f"{lines([Line(label, points)], 'recall', 'precision')}"
        f"{lines(both, 'confidence', 'recall (blue), precision (red)')}</figure>"
    )


def _row(name: str, row: Mapping[str, Any]) -> str:
    cells = (f"{row[key]:.3f}" if isinstance(row.get(key), float) else str(row.get(key, "–")) for key in COLUMNS)
    return f"<tr><td>{escape(name)}{''.join(f'<td>{cell}' for cell in cells)}</tr>"
