"""The whole trade of a smoke watch: recall and delay against false alarms a day, by sweeping the needed evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from benchmarks.eval.smoke import Outcome, report
from benchmarks.report_page import TEMPLATE
from benchmarks.report_plots import Line, lines

FACTORS: Final = (0.7, 0.85, 1.0, 1.3, 1.7, 2.2, 3.0)
"""Times the needed evidence as configured: from hair trigger to nearly deaf."""


def curve(outcomes: Mapping[float, Sequence[Outcome]]) -> list[dict[str, Any]]:
    """Return one row of figures for each evidence limit, in the order of the limits."""
    return [_row(limit, report(list(of_limit))["overall"]) for limit, of_limit in sorted(outcomes.items())]


def page(result: Mapping[str, Any], title: str) -> str:
    """Return the HTML of `ioc eval smoke --curve`: two plots, the table behind them, and every sequence."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        subtitle=escape(_subtitle(result)),
        body=f'<div class="cards">{_plots(result["curve"])}</div>{_table(result["curve"])}{_groups(result)}',
    )


def _row(limit: float, overall: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("recall", "precision", "f1", "false_alarm_rate", "false_alarms_per_camera_day")
    return {"evidence": limit, **{key: overall[key] for key in keys}, "ttd_s": overall["ttd_s"]["median"]}


def _subtitle(result: Mapping[str, Any]) -> str:
    overall = result["overall"]
    watched = f"{overall['sequences']} sequences, {overall['fires']} with a fire, {overall['camera_days'] * 24:.1f} h"
    return f"{watched} in which a false alarm was possible · {result['model']['name']} {result['model']['version']}"


def _plots(rows: Sequence[Mapping[str, Any]]) -> str:
    """Draw against false alarms a day, so that the best corner is the upper (recall) or lower (delay) left."""
    drawn = sorted((row for row in rows if row["false_alarms_per_camera_day"] is not None), key=_alarms)
    recall = [(_alarms(row), row["recall"]) for row in drawn if row["recall"] is not None]
    delay = [(_alarms(row), row["ttd_s"] / 60) for row in drawn if row["ttd_s"] is not None]
    by_limit = [(row["evidence"], row["f1"]) for row in rows if row["f1"] is not None]
    return "".join(
        f"<section><h2>{heading}</h2>{lines([Line(heading, points, shade)], x, unit, dots=True)}</section>"
        for heading, points, shade, x, unit in (
            ("Recall · Tỷ lệ phát hiện", recall, "a", "false alarms per camera-day", "recall"),
            ("Time to detection · Thời gian phát hiện", delay, "c", "false alarms per camera-day", "min, median"),
            ("F1", by_limit, "d", "evidence", "F1"),
        )
    )


def _alarms(row: Mapping[str, Any]) -> float:
    return float(row["false_alarms_per_camera_day"])


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    keys = ("evidence", "recall", "precision", "f1", "false_alarms_per_camera_day", "ttd_s")
    names = ("evidence", "recall", "precision", "F1", "false alarms per camera-day", "time to detection, s")
    head = "".join(f'<th class="n">{escape(name)}</th>' for name in names)
    body = "".join(f"<tr>{''.join(_cell(row[key]) for key in keys)}</tr>" for row in rows)
    return f'<section class="wide"><table><tr>{head}</tr>{body}</table></section>'


def _groups(result: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(tag)}</td>{_cell(group['fires'])}{_cell(group['detected'])}{_cell(group['sequences'])}"
        f"{_cell(group['false_alarms'])}</tr>"
        for tag, group in result["tags"].items()
    )
    head = "<th>what it shows</th>" + "".join(
        f'<th class="n">{name}</th>' for name in ("fires", "found", "sequences", "false alarms")
    )
    return f'<section class="wide"><table><tr>{head}</tr>{rows}</table></section>' if rows else ""


def _cell(value: float | None) -> str:
    return f'<td class="n">{"–" if value is None else f"{value:.3g}"}</td>'


def save(result: Mapping[str, Any], title: str, file: Path) -> None:
    """Write the page. Raises `OSError`."""
    file.write_text(page(result, title), encoding="utf-8")
