"""Puts `ioc eval` on the command line, and `ioc eval tracking`: how well the product follows objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ioc.eval_app import eval_app
from ioc.output import UserMistake, emit, err, out

if TYPE_CHECKING:
    from benchmarks.eval.mot import Sequence
    from benchmarks.eval.tracking import Scored

FIGURES = ("hota", "mota", "idf1", "deta", "assa", "id_switches", "ms_per_frame")


def register(app: typer.Typer) -> None:
    """Add the `eval` group to `app`; its other commands come from their own files."""
    app.add_typer(eval_app)


@eval_app.command()
def tracking(
    dataset: Annotated[Path, typer.Argument(help="a sequence in MOTChallenge layout, or a folder of them")],
    detector: Annotated[
        str | None, typer.Option(help="model card: look at the pictures instead of taking det/det.txt")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="what the truth speaks of [default: as the sequence's name ends, else person]")
    ] = None,
    only: Annotated[str, typer.Option(help="score only sequences whose name matches this pattern")] = "*",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Follow the objects of labelled sequences, and compare with the truth: HOTA, MOTA, IDF1, ID switches."""
    from benchmarks.eval.mot import read_dataset

    _needs_trackeval()
    sequences = read_dataset(dataset, only)
    for sequence in sequences:
        sequence.check_truth()
    scored, skipped = _score_pictures(sequences, detector, label) if detector else (_score_public(sequences), [])
    if not scored:
        raise UserMistake(f"{dataset}: no sequence has pictures or a video beside it, which --detector needs")
    from benchmarks.eval.tracking import result

    detections = detector or "public (det.txt)"
    emit({**result(scored), "detections": detections, "skipped": skipped}, as_json, _show)


def _needs_trackeval() -> None:
    from importlib.util import find_spec

    if find_spec("trackeval") is None:
        raise UserMistake("scoring tracks needs TrackEval: pip install 'ioc-edge[eval]'")


def _score_public(sequences: list[Sequence]) -> dict[str, Scored]:
    from benchmarks.eval.tracking import PUBLIC, public_looks, score_sequence

    with _bar() as bar:
        return {each.name: score_sequence(each, public_looks(each), PUBLIC, _advance(bar, each)) for each in sequences}


def _score_pictures(
    sequences: list[Sequence], card_name: str, label: str | None
) -> tuple[dict[str, Scored], list[str]]:
    from benchmarks.eval.tracking import DETECTED, score_sequence
    from benchmarks.eval.tracking_pictures import detected_looks, label_of, pictures_of
    from detectors.load import load_detector
    from models.card import find_card
    from models.errors import ModelError
    from models.store import ensure

    places = {each.name: pictures_of(each) for each in sequences}
    if not any(places.values()):
        return {}, list(places)
    try:
        card = find_card(card_name)
    except ModelError as error:
        raise UserMistake(str(error)) from error
    detector = load_detector(card, ensure(card))
    scored = {}
    with _bar() as bar:
        for each in sequences:
            if (place := places[each.name]) is not None:
                wanted = label or label_of(each, detector.labels)
                if wanted not in detector.labels:
                    raise UserMistake(f"{card.name} has no label {wanted!r}; it has: {', '.join(detector.labels)}")
                looks = detected_looks(each, place, detector, wanted)
                scored[each.name] = score_sequence(each, looks, DETECTED, _advance(bar, each))
    return scored, [name for name, place in places.items() if place is None]


def _bar() -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=err)


def _advance(bar: Any, sequence: Sequence) -> Any:
    task = bar.add_task(sequence.name, total=sequence.frames)
    return lambda done: bar.update(task, completed=done)


def _show(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    table = Table("sequence", *FIGURES)
    for name, row in [*result["sequences"].items(), ("overall", result["overall"])]:
        table.add_row(name, *(str(row[key]) for key in FIGURES))
    out.print(table)
    out.print(f"detections: {result['detections']}; overall: {result['overall']['combined_by']}")
    if result["skipped"]:
        out.print(f"without pictures, left out: {', '.join(result['skipped'])}")
