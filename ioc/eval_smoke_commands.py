"""`ioc eval smoke`: how truly and how soon the product finds fires in sequences of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ioc.eval_app import eval_app
from ioc.output import emit, out

if TYPE_CHECKING:
    from detectors.detections import Detections
    from detectors.picture import Picture


def register(app: typer.Typer) -> None:
    """The group `eval` is put on `app` by `eval_commands`; this file only adds to it."""


@eval_app.command()
def smoke(
    dataset: Annotated[Path, typer.Argument(help="a folder of sequences: pictures {unix}_{±offset}.jpg each")],
    model: Annotated[str, typer.Option(help="model card that finds smoke and flame")] = "smoke",
    evidence: Annotated[float | None, typer.Option(help="how much looks must add up to; empty: as shipped")] = None,
    threads: Annotated[int, typer.Option(help="threads of the model; 0 means one for each core")] = 0,
    boxes: Annotated[Path | None, typer.Option(help="remember the detector's boxes here: later runs are quick")] = None,
    curve: Annotated[
        Path | None, typer.Option(help="sweep the evidence, and write recall and delay against false alarms (HTML)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Watch sequences as a node would, and score: precision, recall, F1, time to detection, false alarms a day."""
    from rich.console import Console
    from rich.progress import track

    from benchmarks.eval.smoke import report, watch_with_each
    from benchmarks.eval.smoke_boxes import KnownBoxes
    from benchmarks.eval.smoke_curve import FACTORS, save
    from benchmarks.eval.smoke_curve import curve as curve_of
    from benchmarks.eval.smoke_sequences import read_sequences
    from edge.config import ViewSettings
    from edge.rules.smoke import SmokeSettings
    from edge.smoke.sight import LOOK, load_far_sight
    from models.card import find_card
    from models.store import ensure

    sequences = read_sequences(dataset)
    shipped = float(SmokeSettings.model_fields["evidence"].default)
    needed = shipped if evidence is None else evidence
    limits = {"forest": needed}
    if curve:
        limits |= {f"limit-{index}": round(shipped * factor, 3) for index, factor in enumerate(FACTORS)}
    rules = [{"kind": "smoke", "name": name, "evidence": limit} for name, limit in limits.items()]
    view = ViewSettings.model_validate({"rules": rules})
    card = find_card(model)
    detector = load_far_sight(card, ensure(card), threads=threads)

    def detect(picture: Picture) -> Detections:
        return detector.detect([picture])[0]

    known = KnownBoxes(boxes, f"{card.sha256} {LOOK}", detect) if boxes else None
    watched = [
        watch_with_each(sequence, view, known or detect)
        for sequence in track(sequences, "sequences", console=Console(stderr=True))
    ]
    if known:
        known.close()
    used = {"name": card.name, "version": card.version, "sha256": card.sha256}
    result = {**report([of_rule["forest"] for of_rule in watched]), "model": used, "evidence": needed}
    if curve:
        result["curve"] = curve_of({limit: [of_rule[name] for of_rule in watched] for name, limit in limits.items()})
        save(result, f"Smoke on {dataset.resolve().name}", curve)
    emit(result, as_json, _show)


def _show(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    table = Table("sequence", "fire", "found after s", "pictures", "false alarms")
    for row in result["sequences"]:
        wait = "–" if row["ttd_s"] is None else f"{row['ttd_s']:.0f}"
        frames = "–" if row["ttd_frames"] is None else str(row["ttd_frames"])
        table.add_row(row["name"], "yes" if row["fire"] else "no", wait, frames, str(row["false_alarms"]))
    out.print(table)
    for name, value in result["overall"].items():
        if isinstance(value, dict):
            out.print(f"{name}: median {_number(value['median'])}, mean {_number(value['mean'])}")
        else:
            out.print(f"{name}: {_number(value)}")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
