"""The report of a box: figures in, one page out; two reports side by side; what is missing is said."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.report import KIND, QUICK, BenchFailed, add, arguments, compare, figures, make_report, missing
from benchmarks.report_page import page
from benchmarks.report_plots import Bar, Line, bars, lines, plain
from ioc.main import app, load_groups
from ioc.output import UserMistake

MACHINE = {"cpu": "Test <CPU> & Co", "cores": 2, "memory_gb": 8.0, "providers": ["CPUExecutionProvider"]}
DECODE: dict[str, Any] = {
    "results": [
        {"name": "every frame", "fps": 300.0, "stream_fps": 300.0, "cameras_per_core": 12.0},
        {"name": "key frames", "fps": 42.0, "stream_fps": 2100.0, "cameras_per_core": 84.0},
    ]
}
DETECT = {"results": [{"name": "m", "threads": 1, "input": "640x384", "fps": 40.0, "processor_ms": 25.0}]}
PIPELINE = {"fps": 38.0, "decode_limit_fps": 200.0, "inference_limit_fps": 40.0, "ratio": 0.95}
LATENCY: dict[str, Any] = {
    "cameras": 4, "viewer": "stream", "events": 30, "p50_ms": 200.0, "p95_ms": 350.0, "p99_ms": 400.0,
    "stages": {"camera to event": {"p50": 150.0, "p95": 250.0}}, "start_to_first_analysed_s": 2.5,
}  # fmt: skip
EVENTS: dict[str, Any] = {
    "published": 100, "stored": 100, "lost": 0, "double": 0, "events_per_s": 900.0,
    "p50_ms": 5.0, "p95_ms": 9.0, "p99_ms": 15.0,
}  # fmt: skip
CAMERAS: dict[str, Any] = {
    "mix": "mixed", "cameras": 64, "recall": 0.995, "p95_ms": 700.0, "rss_mb_per_camera": 12.0, "peers": [],
    "trials": [
        {"cameras": 1, "p95_ms": None, "node_cpu_cores": 0.1, "rss_mb": 200.0},
        {"cameras": 64, "p95_ms": 700.0, "node_cpu_cores": 1.5, "rss_mb": 956.0},
    ],
}  # fmt: skip
SOAK: dict[str, Any] = {
    "rss_mb_per_h": 0.4, "rss_mb_per_h_between": [0.1, 0.8], "fds_grown": 0, "threads_grown": 0, "faults": 12,
    "published": 50, "stored": 50, "lost": 0,
    "series": {"at_s": [0, 5], "rss_mb": [200, 201], "fds": [60, 60], "threads": [20, 20], "latency_ms": [None, 40]},
}  # fmt: skip
PEERS: dict[str, Any] = {
    "mix": "mixed",
    "ours": {"name": "IOC Edge", "cameras": 2, "cpu_cores": 0.1, "looks_per_s": 10.0, "rss_mb": 200.0},
    "peers": [
        {"name": "opencv", "cameras": 2, "cpu_cores": 0.9, "looks_per_s": 10.0, "rss_mb": 500.0},
        {"name": "other", "cameras": 2, "failed": "torch is not installed"},
    ],
}
RESULTS = {
    "decode": DECODE, "detect": DETECT, "pipeline": PIPELINE, "latency": LATENCY, "delivery": EVENTS, "central": EVENTS,
}  # fmt: skip


def a_report(results: dict[str, Any] = RESULTS, **more: Any) -> dict[str, Any]:
    return {
        "kind": KIND, "at": "2026-01-02T03:04:05+00:00", "seconds": 20.0, "benches": results, "failed": {},
        "load_before": {}, "machine": MACHINE, "version": "0.1.0", **more,
    }  # fmt: skip


class Reader(HTMLParser):
    """Reads a page: every element must be closed, and whatever it would fetch is noted."""

    void = frozenset({"meta", "br", "img", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "xlink:href"}]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def drawings(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(found) for found in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


def test_a_page_stands_by_itself():
    html = page(a_report())

    reader = read(html)
    assert reader.open == []
    assert reader.fetched == []
    assert "<script" not in html
    assert "url(" not in html
    assert "Test <CPU> & Co" in reader.text


def test_every_benchmark_has_its_plots():
    everything = a_report()
    for result in (CAMERAS, SOAK, PEERS):
        everything = add(everything, result)

    html = page(everything)

    assert len(drawings(html)) == 1 + 2 + 1 + 2 + 2 + 2 + 4 + 4 + 3
    assert list(everything["benches"]) == [*QUICK, "cameras mixed", "soak", "peers mixed"]
    assert "torch is not installed" in html
    assert missing(everything) == {}


def test_what_was_not_measured_is_said_with_its_reason():
    report = a_report({"decode": DECODE}, failed={"detect": "there is no model <m>"})

    told = missing(report)

    assert told["detect"] == "there is no model <m>"
    assert told["central"] == "not asked for"
    assert told["soak"].startswith("add it")
    assert "detect: there is no model <m>" in read(page(report)).text


def test_a_busy_box_is_warned_of():
    quiet, busy = page(a_report(load_before={"decode": 0.3})), page(a_report(load_before={"decode": 7.5}))

    assert "Read with care" not in quiet
    assert "decode 7.5" in busy


def test_two_reports_stand_side_by_side_with_ratios():
    slower = {**DECODE, "results": [{**DECODE["results"][0], "stream_fps": 150.0}]}
    later = {**LATENCY, "p95_ms": 175.0}
    report, other = a_report(), a_report({"decode": slower, "latency": later, "pipeline": PIPELINE})

    rows = {(one.figure.bench, one.figure.name): one for one in compare(report, other)}

    assert (rows["decode", "every frame"].ratio, rows["decode", "every frame"].verdict) == (2.0, "better")
    assert rows["latency", "p95 until shown"].verdict == "worse"
    assert rows["pipeline", "whole path"].verdict == ""
    assert rows["decode", "key frames"].other is None
    assert rows["central", "lost"].ratio is None
    text = read(page(report, other)).text
    assert "2.00 × better" in text
    assert "2.00 × worse" in text


def test_what_only_the_other_report_has_is_shown_too():
    rows = compare(a_report({"decode": DECODE}), a_report({"pipeline": PIPELINE}))

    only_there = [one for one in rows if one.figure.bench == "pipeline"]
    assert [one.other for one in only_there] == [38.0, 0.95]
    assert "38" in read(page(a_report({"decode": DECODE}), a_report({"pipeline": PIPELINE}))).text


def test_reports_of_different_boxes_are_compared_with_a_warning():
    elsewhere = a_report(machine={**MACHINE, "cpu": "another"}, seconds=5.0)

    html = page(a_report(), elsewhere)

    assert "different processors" in html
    assert "The other report measured for 5 s" in html


def test_a_benchmark_that_fails_does_not_end_the_others():
    def run(bench: str, line: Sequence[str], patience_s: float) -> dict[str, Any]:
        if bench == "detect":
            raise BenchFailed("no weights")
        return {"line": list(line)}

    report = make_report(
        ["decode", "detect", "central"], seconds=2.0, browser=False, run=run, load=lambda: 0.5,
        now=lambda: datetime(2026, 1, 2, tzinfo=UTC),
    )  # fmt: skip

    assert list(report["benches"]) == ["decode", "central"]
    assert report["failed"] == {"detect": "no weights"}
    assert report["load_before"] == {"decode": 0.5, "detect": 0.5, "central": 0.5}
    assert report["at"] == "2026-01-02T00:00:00+00:00"


def test_the_seconds_become_what_each_benchmark_understands():
    assert arguments("decode", 3.0, browser=True) == ["decode", "--seconds", "3"]
    assert arguments("latency", 3.0, browser=False) == ["latency", "--seconds", "3", "--no-browser"]
    assert arguments("delivery", 10.0, browser=True)[:3] == ["delivery", "--events", "830"]
    assert arguments("pipeline", 3.0, browser=True, clip=Path("a.mp4"))[-2:] == ["--clip", "a.mp4"]


def test_only_results_of_long_benchmarks_are_added():
    with pytest.raises(ValueError, match="not a result of"):
        add(a_report(), {"p95_ms": 1.0})
    with pytest.raises(ValueError, match="--compare"):
        add(a_report(), a_report())


def test_figures_that_were_not_measured_are_left_out():
    silent = {**LATENCY, "p95_ms": None, "start_to_first_analysed_s": None}

    names = [one.name for one in figures(a_report({"latency": silent}))]

    assert names == ["p50 until shown", "p99 until shown"]
    assert drawings(page(a_report({"latency": silent})))


def test_a_soak_too_short_for_a_slope_and_a_peer_alone_are_shown():
    short = {**SOAK, "rss_mb_per_h": None, "rss_mb_per_h_between": None, "steady": None}
    alone = {**PEERS, "ours": None}

    html = page(add(add(a_report({}), short), alone))

    assert "Too short for a memory slope" in html
    assert len(drawings(html)) == 4 + 3


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: bars([], "ms"),
        lambda: bars([Bar("a <b>", 0.0), Bar("c", float("nan"), 2.0)], "ms"),
        lambda: lines([Line("one", [(1.0, 5.0)])], "h", "MB", dots=True),
        lambda: lines([Line("flat", [(0.0, 5.0), (1.0, float("nan")), (2.0, 5.0)])], "h", "MB"),
    ],
)
def test_odd_values_give_a_drawing_all_the_same(drawn: Callable[[], str]):
    assert ElementTree.fromstring(drawn()).tag == "svg"


def test_numbers_are_written_as_they_are_read():
    assert [plain(v) for v in (12345.6, 42.0, 42.25, 0.12345, float("nan"))] == [
        "12\u202f346",
        "42",
        "42.2",
        "0.123",
        "–",
    ]


def test_the_command_writes_page_and_figures_from_an_earlier_report(tmp_path: Path):
    earlier, long, target = tmp_path / "old.json", tmp_path / "soak.json", tmp_path / "new" / "report.html"
    earlier.write_text(json.dumps(a_report()), encoding="utf-8")
    long.write_text(json.dumps(SOAK), encoding="utf-8")
    given = ["--from", str(earlier), "--compare", str(earlier), "--add", str(long), "--out", str(target), "--json"]
    load_groups()

    done = CliRunner().invoke(app, ["bench", "report", *given])

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["page"] == str(target)
    assert "soak" in json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))["benches"]
    assert "Side by side" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--only", "everything"], "no quick benchmark 'everything'"),
        (["--from", "HERE"], "not the JSON of ioc bench report"),
        (["--compare", "nowhere.json"], "cannot be read"),
    ],
)
def test_a_users_mistake_is_one_sentence(tmp_path: Path, given: list[str], why: str):
    (tmp_path / "some.json").write_text("{}", encoding="utf-8")
    line = [str(tmp_path / "some.json") if word == "HERE" else word for word in given]
    load_groups()

    done = CliRunner().invoke(app, ["bench", "report", *line, "--out", str(tmp_path / "r.html")])

    assert isinstance(done.exception, UserMistake)
    assert why in str(done.exception)
