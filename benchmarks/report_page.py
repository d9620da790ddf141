"""A report as one page that stands by itself: no script, no network, readable from a phone to a wall."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from benchmarks.report import Compared, compare, detector_name, figures, missing
from benchmarks.report_plots import Bar, Line, bars, lines, plain

TEMPLATE: Final = Path(__file__).with_name("report.html")
BUSY_SHARE: Final = 0.5  # of the cores, taken by something else before a benchmark began
TITLES: Final = {
    "decode": ("Decoding, one core", "Giải mã, một lõi"),
    "detect": ("Detection", "Phát hiện đối tượng"),
    "pipeline": ("The whole path and its limits", "Toàn bộ chuỗi xử lý và giới hạn"),
    "latency": ("From the camera to the operator's screen", "Từ camera đến màn hình trực ban"),
    "delivery": ("Node to central and back", "Từ nút đến trung tâm và ngược lại"),
    "central": ("Central to the open screens", "Từ trung tâm đến các màn hình"),
    "cameras": ("Cameras carried", "Số camera đáp ứng được"),
    "soak": ("Long run with cut connections", "Chạy dài, kết nối bị ngắt ngẫu nhiên"),
    "peers": ("Beside other products", "So với sản phẩm khác"),
}
FACTS: Final = {"cpu": "processor", "memory_gb": "memory, GB", "os": "system"}

Part = tuple[str, str]  # heading, SVG or HTML
Result = Mapping[str, Any]


def page(report: Result, other: Result | None = None) -> str:
    """Return the HTML of a report; beside `other` if there is one."""
    cards = [_machine(report, other), *_warnings(report, other)]
    cards += [_card(name, report, other) for name in report["benches"]]
    cards += [_missing(report)] if missing(report) else []
    table = _compared(compare(report, other)) if other else _table(report)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(f"Measurements of {report['machine'].get('cpu', 'this box')}"),
        subtitle=escape(f"{_at(report)} · IOC Edge {report['version']} · {report['seconds']:g} s for each benchmark"),
        body=f'<div class="cards">{"".join(cards)}</div>{table}',
    )


def _at(report: Result) -> str:
    return str(report["at"]).replace("T", " ").replace("+00:00", " UTC")


def _machine(report: Result, other: Result | None) -> str:
    shown: list[tuple[str, Result]] = [("", report)] if other is None else [("a", report), ("b", other)]
    names = list(dict.fromkeys(name for _, one in shown for name in one["machine"]))
    head = "".join(f"<th>{_key(shade)}{escape(_at(one))}</th>" for shade, one in shown) if other else ""
    rows = [
        f"<tr><th>{escape(FACTS.get(name, name))}</th>"
        + "".join(f"<td>{escape(_words(one['machine'].get(name, '–')))}</td>" for _, one in shown)
        + "</tr>"
        for name in names
    ]
    head = f"<tr><th></th>{head}</tr>" if head else ""
    return f"<section><h2>This box <small>Máy này</small></h2><table>{head}{''.join(rows)}</table></section>"


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _key(shade: str) -> str:
    return f'<span class="key {shade}"></span>' if shade else ""


def _warnings(report: Result, other: Result | None) -> Iterator[str]:
    said = []
    cores = report["machine"].get("cores") or 1
    busy = {name: load for name, load in report.get("load_before", {}).items() if load > BUSY_SHARE * cores}
    if busy:
        told = ", ".join(f"{name} {load:g}" for name, load in busy.items())
        said.append(f"The box was busy with something else (load on {cores} cores before: {told}): figures are low.")
    if other and other["machine"].get("cpu") != report["machine"].get("cpu"):
        said.append("The two reports are of different processors: ratios compare boxes, not versions.")
    if other and other["seconds"] != report["seconds"]:
        said.append(f"The other report measured for {other['seconds']:g} s, this one for {report['seconds']:g} s.")
    if said:
        rows = "".join(f"<li>{escape(one)}</li>" for one in said)
        yield f'<section class="warn"><h2>Read with care <small>Lưu ý</small></h2><ul>{rows}</ul></section>'


def _missing(report: Result) -> str:
    rows = "".join(f"<li><b>{escape(name)}</b>: {escape(why)}</li>" for name, why in missing(report).items())
    return f"<section><h2>Not measured <small>Chưa đo</small></h2><ul>{rows}</ul></section>"


def _card(name: str, report: Result, other: Result | None) -> str:
    bench = name.split()[0]
    english, vietnamese = TITLES[bench]
    which = name.removeprefix(bench).strip()
    theirs = {one.name: one.value for one in figures(other) if one.bench == name} if other else {}
    parts = _DRAW[bench](report["benches"][name], theirs)
    inside = "".join(f"<h3>{escape(heading)}</h3>{drawn}" for heading, drawn in parts)
    mix = f": {escape(which)}" if which else ""
    return f"<section><h2>{english}{mix} <small>{vietnamese}</small></h2>{inside}</section>"


Theirs = Mapping[str, float]


def _decode(result: Result, theirs: Theirs) -> list[Part]:
    rows = [(row["name"], row) for row in result["results"]]
    said = [f"{n}: {plain(row['cameras_per_core'])}" for n, row in rows if row.get("cameras_per_core")]
    note = f'<p class="note">Cameras for one core. {escape("; ".join(said))}</p>' if said else ""
    passed = [Bar(name, row["stream_fps"], theirs.get(name)) for name, row in rows]
    return [("Frames of the stream passed in a second", bars(passed, "/s") + note)]


def _detect(result: Result, theirs: Theirs) -> list[Part]:
    rows = [(detector_name(row), row) for row in result["results"]]
    speed = [Bar(name, row["fps"], theirs.get(name)) for name, row in rows]
    cost = [Bar(name, row["processor_ms"], theirs.get(f"{name}: processor per look")) for name, row in rows]
    return [
        ("Pictures a second, with everything around the model", bars(speed, "/s")),
        ("Processor time for one look", bars(cost, "ms")),
    ]


def _pipeline(result: Result, theirs: Theirs) -> list[Part]:
    rows = [
        Bar("whole path", result["fps"], theirs.get("whole path")),
        Bar("limit: decoding alone", result["decode_limit_fps"], shade="c"),
        Bar("limit: inference alone", result["inference_limit_fps"], shade="c"),
    ]
    note = f'<p class="note">{plain(result["ratio"] * 100)} % of the lower limit, measured in the same run.</p>'
    return [("Frames a second", bars(rows, "/s") + note)]


def _latency(result: Result, theirs: Theirs) -> list[Part]:
    ways = [
        Bar(q[:3], result[q], theirs.get(f"{q[:3]} until shown"))
        for q in ("p50_ms", "p95_ms", "p99_ms")
        if result.get(q) is not None
    ]
    stages = [Bar(leg, ms["p95"], shade="c") for leg, ms in result.get("stages", {}).items() if ms.get("p95")]
    events, viewer = result.get("events", 0), result.get("viewer", "stream")
    note = f'<p class="note">{events} events of {result.get("cameras", "?")} cameras, seen by {escape(viewer)}.</p>'
    return [("Until it is shown", bars(ways, "ms") + note), *([("p95 of each leg", bars(stages, "ms"))] * bool(stages))]


def _events(result: Result, theirs: Theirs) -> list[Part]:
    ways = [Bar(q[:3], result[q], theirs.get(q[:3])) for q in ("p50_ms", "p95_ms", "p99_ms") if q in result]
    burst = [Bar("in a burst", result["events_per_s"], theirs.get("events per second (burst)"))]
    counts = f"{result['published']} published, {result['stored']} stored"
    fate = f"{result['lost']} lost, {result['double']} double"
    shade = "worse" if result["lost"] or result["double"] else "better"
    note = f'<p class="note">{counts}, <span class="{shade}">{fate}</span>.</p>'
    return [("Latency at a steady rate", bars(ways, "ms")), ("Events a second", bars(burst, "/s") + note)]


def _cameras(result: Result, theirs: Theirs) -> list[Part]:
    trials = sorted(result["trials"], key=lambda trial: trial["cameras"])
    carried = [Bar("IOC Edge", result["cameras"], theirs.get("cameras carried"))]
    carried += [Bar(peer["name"], peer["cameras"], shade="d") for peer in result.get("peers", [])]
    parts = [("Cameras", bars(carried, "") + f'<p class="note">recall {result.get("recall")}</p>')]
    for heading, key, unit in (
        ("Processor", "node_cpu_cores", "cores"),
        ("p95 from frame to event", "p95_ms", "ms"),
        ("Memory of the node", "rss_mb", "MB"),
    ):
        points = [(float(trial["cameras"]), float(trial[key])) for trial in trials if trial.get(key) is not None]
        parts.append((heading, lines([Line(heading, points)], "cameras", unit, dots=True)))
    return parts


def _soak(result: Result, theirs: Theirs) -> list[Part]:
    series = result["series"]
    hours = [at / 3600 for at in series["at_s"]]
    told = f"{_slope(result)}; {result['faults']} faults."
    fate = f"{result['published']} events published, {result['stored']} stored, {result['lost']} lost."
    drawn = [("Memory of the node", "rss_mb", "MB"), ("File descriptors", "fds", ""), ("Threads", "threads", "")]
    drawn.append(("Frame to judgement, p95 of the cameras", "latency_ms", "ms"))
    note = f'<p class="note">{escape(told)} {escape(fate)}</p>'
    return [("Outcome", note)] + [
        (heading, lines([Line(heading, list(zip(hours, map(_number, series[key]), strict=True)))], "h", unit))
        for heading, key, unit in drawn
    ]


def _slope(result: Result) -> str:
    if result["rss_mb_per_h"] is None:
        return "Too short for a memory slope"
    low, high = result["rss_mb_per_h_between"]
    verdict = {None: ", too short to tell", True: ", steady", False: ", growing"}[result.get("steady")]
    return f"{plain(result['rss_mb_per_h'])} MB/h (95 %: {plain(low)} to {plain(high)}){verdict}"


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _peers(result: Result, theirs: Theirs) -> list[Part]:
    ours = result.get("ours")
    rows = [(ours, "a")] if ours else []
    rows += [(peer, "d") for peer in result["peers"] if not peer.get("failed")]
    failed = "".join(
        f'<p class="note">{escape(p["name"])}: {escape(p["failed"])}</p>' for p in result["peers"] if p.get("failed")
    )
    per_camera = [Bar(one["name"], one["cpu_cores"] / max(1, one["cameras"]), shade=shade) for one, shade in rows]
    looks = [Bar(one["name"], one["looks_per_s"], shade=shade) for one, shade in rows]
    memory = [Bar(one["name"], one["rss_mb"] / max(1, one["cameras"]), shade=shade) for one, shade in rows]
    return [
        ("Cores for a camera", bars(per_camera, "") + failed),
        ("Looks a second, all cameras", bars(looks, "/s")),
        ("Memory for a camera, with its share of the process", bars(memory, "MB")),
    ]


_DRAW: Final[dict[str, Callable[[Result, Theirs], list[Part]]]] = {
    "decode": _decode,
    "detect": _detect,
    "pipeline": _pipeline,
    "latency": _latency,
    "delivery": _events,
    "central": _events,
    "cameras": _cameras,
    "soak": _soak,
    "peers": _peers,
}


def _table(report: Result) -> str:
    head = '<tr><th>figure</th><th class="n">value</th></tr>'
    rows = [
        (one.bench, f'<tr><td>{escape(one.name)}</td><td class="n">{_with(one.value, one.unit)}</td></tr>')
        for one in figures(report)
    ]
    return _wide("All figures <small>Tất cả số liệu</small>", head, rows)


def _compared(rows: Sequence[Compared]) -> str:
    head = (
        f'<tr><th>figure</th><th class="n">{_key("a")}this</th>'
        f'<th class="n">{_key("b")}other</th><th class="n">ratio</th></tr>'
    )
    return _wide("Side by side <small>So sánh</small>", head, [(one.figure.bench, _row(one)) for one in rows])


def _row(one: Compared) -> str:
    figure, verdict = one.figure, one.verdict
    ratio = "–" if one.ratio is None else f"{one.ratio:.2f} ×"
    told = f'<span class="{verdict}">{ratio} {verdict}</span>' if verdict else ratio
    unit = f' <span class="muted">{escape(figure.unit)}</span>' if figure.unit else ""
    return (
        f'<tr><td>{escape(figure.name)}{unit}</td><td class="n">{plain(figure.value)}</td>'
        f'<td class="n">{"–" if one.other is None else plain(one.other)}</td><td class="n">{told}</td></tr>'
    )


def _with(value: float, unit: str) -> str:
    return escape(f"{plain(value)} {unit}".strip() if math.isfinite(value) else "–")


def _wide(title: str, head: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return a table over the page's whole width; the rows of one benchmark stand under its name."""
    parts = []
    for bench, group in itertools.groupby(rows, key=lambda row: row[0]):
        parts.append(f'<tr><th colspan="9" class="group">{escape(bench)}</th></tr>')
        parts += [row for _, row in group]
    return f'<section class="wide"><h2>{title}</h2><table>{head}{"".join(parts)}</table></section>'
