"""`ioc bench report`: all benchmarks of this box on one page with plots, alone or beside another report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from ioc.bench_app import bench_app
from ioc.output import UserMistake, emit, err, out


def register(app: typer.Typer) -> None:
    """The group `bench` is put on `app` by `bench_commands`; this file only adds to it."""


@bench_app.command()
def report(
    page: Annotated[Path, typer.Option("--out", help="the page; its figures lie beside it as .json")] = Path(
        "var/bench/report.html"
    ),
    only: Annotated[list[str] | None, typer.Option(help="a benchmark; may be repeated; empty: all quick ones")] = None,
    seconds: Annotated[float, typer.Option(min=0.2, help="how long to measure, each")] = 20.0,
    clip: Annotated[Path | None, typer.Option(help="a video of your own; empty: the demo's street")] = None,
    browser: Annotated[bool, typer.Option(help="time what Chromium shows, where there is one")] = True,
    add: Annotated[
        list[Path] | None, typer.Option(help="JSON of bench cameras, soak or peers to show too; may be repeated")
    ] = None,
    again: Annotated[Path | None, typer.Option("--from", help="show this report's JSON again; measure nothing")] = None,
    compare: Annotated[Path | None, typer.Option(help="another report's JSON to show beside this one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """All benchmarks of this box on one page with plots; two reports side by side.

    Mọi phép đo của máy này trên một trang có biểu đồ; so sánh hai báo cáo.
    """
    from benchmarks.report import add as put_in
    from benchmarks.report_page import page as drawn

    other = _report(compare) if compare else None
    extra = [(file, _json(file)) for file in add or []]
    found = _report(again) if again else _measure(only, seconds, browser, clip)
    for file, result in extra:
        try:
            found = put_in(found, result)
        except ValueError as error:
            raise UserMistake(f"{file}: {error}") from error
    page.parent.mkdir(parents=True, exist_ok=True)
    page.with_suffix(".json").write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    page.write_text(drawn(found, other), encoding="utf-8")
    emit({**found, "page": str(page)}, as_json, _show, machine=found["machine"])
    if found["failed"]:
        raise typer.Exit(1)


def _measure(only: list[str] | None, seconds: float, browser: bool, clip: Path | None) -> dict[str, Any]:
    from benchmarks.report import QUICK, make_report

    benches = only or list(QUICK)
    for bench in benches:
        if bench not in QUICK:
            raise UserMistake(f"there is no quick benchmark {bench!r}; there are: {', '.join(QUICK)}")
    if clip is not None and not clip.is_file():
        raise UserMistake(f"{clip}: there is no such file")
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task(benches[0], total=len(benches))
        rest = iter([*benches[1:], "done"])

        def tell(bench: str, failure: str | None) -> None:
            bar.console.print(f"  {bench}: {failure or 'measured'}", markup=False, style="red" if failure else "dim")
            bar.update(task, advance=1, description=next(rest))

        return make_report(
            benches, seconds=seconds, browser=browser and shutil.which("chromium") is not None, clip=clip, tell=tell
        )


def _report(file: Path) -> dict[str, Any]:
    from benchmarks.report import KIND

    document = _json(file)
    if document.get("kind") != KIND:
        raise UserMistake(f"{file}: it is not the JSON of ioc bench report")
    return document


def _json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserMistake(f"{file}: cannot be read: {error.strerror or error}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserMistake(f"{file}: it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise UserMistake(f"{file}: it is JSON, but not an object")
    return document


def _show(result: Mapping[str, Any]) -> None:
    from benchmarks.report import figures
    from benchmarks.report_plots import plain

    table = Table("benchmark", "figure", "value")
    for one in figures(result):
        table.add_row(one.bench, one.name, f"{plain(one.value)} {one.unit}")
    out.print(table)
    out.print(result["page"], markup=False, soft_wrap=True)
