"""Plots as inline SVG: bars and lines that read on a phone, take the page's colours and need no library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 330  # of the drawing: it is scaled to its card, and its letters stay readable at 360 px
BAR: Final = 15
ROW: Final = 37
TALL: Final = 170
LEFT: Final = 46
BOTTOM: Final = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """A named value; `other` is the same figure of the report that this one is compared with."""

    name: str
    value: float
    other: float | None = None
    shade: str = "a"  # a class of the page: a ours, c a limit, d somebody else's


def bars(rows: Sequence[Bar], unit: str) -> str:
    """Draw one horizontal bar for each row, or two where there is another report."""
    largest = max((v for row in rows for v in (row.value, row.other or 0.0) if math.isfinite(v)), default=0.0) or 1.0
    height, parts = 4, list[str]()
    for row in rows:
        parts.append(f'<text class="name" x="0" y="{height + 11}">{escape(row.name)}</text>')
        parts.append(_bar(height + 15, row.value, largest, row.shade, unit))
        height += ROW
        if row.other is not None:
            parts.append(_bar(height - 3, row.other, largest, "b", unit))
            height += BAR + 3
    spoken = "; ".join(f"{row.name}: {plain(row.value)} {unit}".strip() for row in rows)
    return _svg(height, parts, spoken)


def _bar(top: int, value: float, largest: float, shade: str, unit: str) -> str:
    if not math.isfinite(value):
        return f'<text class="value" x="4" y="{top + 12}">–</text>'
    width = max(1.0, (WIDTH - 100) * max(0.0, value) / largest)
    return (
        f'<rect class="{shade}" x="0" y="{top}" width="{width:.1f}" height="{BAR}" rx="3"/>'
        f'<text class="value" x="{width + 5:.1f}" y="{top + 12}">{plain(value)} {escape(unit)}</text>'
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One curve. points: (x, y), in the order of x."""

    name: str
    points: Sequence[tuple[float, float]]
    shade: str = "a"


def lines(curves: Sequence[Line], x_unit: str, unit: str, *, dots: bool = False) -> str:
    """Draw curves over a common x; the y axis begins where the values do, and says so by its labels."""
    points = [point for curve in curves for point in curve.points if math.isfinite(point[1])]
    if not points:
        return '<p class="none">no values</p>'
    x0, x1 = _range([x for x, _ in points])
    y0, y1 = _range([y for _, y in points])

    def at(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - 8)
        return across, TALL - BOTTOM - (y - y0) / (y1 - y0) * (TALL - BOTTOM - 22)

    parts = [f'<text class="value" x="0" y="11">{escape(unit)}</text>']
    for share in (0.0, 0.5, 1.0):
        y = y0 + share * (y1 - y0)
        _, down = at(x0, y)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 8}" y1="{down:.1f}" y2="{down:.1f}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 5}" y="{down + 4:.1f}">{plain(y)}</text>')
    parts.append(f'<text class="tick" x="{LEFT}" y="{TALL - 6}">{plain(x0)}</text>')
    last = f"{plain(x1)} {x_unit}"
    parts.append(f'<text class="tick" text-anchor="end" x="{WIDTH - 8}" y="{TALL - 6}">{escape(last)}</text>')
    for curve in curves:
        seen = [at(x, y) for x, y in curve.points if math.isfinite(y)]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in seen)
        parts.append(f'<polyline class="{curve.shade}" points="{way}"/>')
        if dots:
            parts += [f'<circle class="{curve.shade}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in seen]
    names = ", ".join(curve.name for curve in curves)
    return _svg(TALL, parts, f"{names}: {plain(y0)} to {plain(y1)} {unit}")


def plain(value: float) -> str:
    """Return a number as a reader wants it: three or four digits that matter, thousands set apart."""
    if not math.isfinite(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return a span that is never empty."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _svg(height: float, parts: Sequence[str], spoken: str) -> str:
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(spoken, quote=True)}">{inside}</svg>'
