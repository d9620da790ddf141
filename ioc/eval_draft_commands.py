"""`ioc eval draft`: a truth file to correct, proposed by the product, and a page to correct it on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ioc.eval_app import eval_app
from ioc.output import UserMistake, emit, err, out

if TYPE_CHECKING:
    from benchmarks.draft.draft import Draft
    from benchmarks.eval.truth import Truth


def register(app: typer.Typer) -> None:
    """The group `eval` is put on `app` by `eval_commands`; this file only adds to it."""


@eval_app.command()
def draft(
    clip: Annotated[Path, typer.Argument(help="a video file; its truth is written beside it as NAME.truth.yaml")],
    model: Annotated[str, typer.Option(help="model card that finds people and vehicles")] = "yolov8n",
    again: Annotated[bool, typer.Option(help="propose anew, although there is a truth file already")] = False,
    page: Annotated[bool, typer.Option(help="serve the page on which the draft is corrected")] = True,
    port: Annotated[int, typer.Option(help="port of the page on this machine; 0 takes a free one", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and serve no page")] = False,
) -> None:
    """Propose zones, lines, rules, events and counts for a clip, and correct them by hand on a page."""
    from benchmarks.draft.film import Film
    from benchmarks.draft.server import target_of
    from benchmarks.draft.truth_file import document_of, write_truth

    if not clip.is_file():
        raise UserMistake(f"{clip}: there is no such file")
    target = target_of(clip)
    known = _known(target, again)
    with tempfile.TemporaryDirectory(prefix="ioc-draft-") as folder:
        drafted = _look(clip, model, Film(Path(folder)))
        truth = known or drafted.judge(drafted.propose())
        if known is None:
            write_truth(target, truth)
        emit({"file": str(target), "new": known is None, "truth": document_of(truth)}, as_json, _show)
        if page and not as_json:
            _serve(drafted, truth, target, port)


def _known(target: Path, again: bool) -> Truth | None:
    """Return the truth that stands there already: a person's work is never overwritten unasked."""
    from benchmarks.eval.truth import Truth
    from common.config import read_config

    return read_config(target, Truth) if target.exists() and not again else None


def _look(clip: Path, model: str, film: Any) -> Draft:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from benchmarks.draft.draft import Draft
    from detectors.load import load_detector
    from models.card import find_card
    from models.store import ensure

    card = find_card(model)
    detector = load_detector(card, ensure(card))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(f"looking at {clip.name}")

        def show(step: str, time_s: float) -> None:
            progress.update(
                task, description=f"{'looking at' if step == 'look' else 'judging'} {clip.name} {time_s:.0f} s"
            )

        return Draft(clip, lambda picture: detector.detect([picture])[0], film, advance=show)


def _serve(drafted: Draft, truth: Truth, target: Path, port: int) -> None:
    from benchmarks.draft.server import Desk, DraftServer

    try:
        server = DraftServer(Desk(drafted, truth, target), port)
    except OSError as error:
        raise UserMistake(f"port {port} cannot be used: {error.strerror or error}") from error
    out.print(f"Correct it on this page, then press Ctrl-C here:\n{server.address}", soft_wrap=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            out.print(f"The truth stands in {target}", soft_wrap=True)


def _show(result: Mapping[str, Any]) -> None:
    truth, camera = result["truth"], result["truth"]["camera"]
    word = "proposed" if result["new"] else "found"
    out.print(f"{word}: {result['file']}", soft_wrap=True)
    out.print(
        f"{len(camera.get('zones', {}))} zones, {len(camera.get('lines', {}))} lines, {len(camera.get('rules', []))} "
        f"rules, {len(truth.get('events') or [])} events, {len(truth.get('counts') or [])} counts"
    )
