"""`ioc eval smoke`: how truly and how soon the product finds fires in sequences of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ioc.eval_app import eval_app
from ioc.output import emit, out


def register(app: typer.Typer) -> None:
    """The group `eval` is put on `app` by `eval_commands`; this file only adds to it."""


@eval_app.command()
def smoke(
    dataset: Annotated[Path, typer.Argument(help="a folder of sequences: pictures {unix}_{±offset}.jpg each")],
    model: Annotated[str, typer.Option(help="model card that finds smoke and flame")] = "smoke",
    evidence: Annotated[float | None, typer.Option(help="how much looks must add up to; empty: as shipped")] = None,
    threads: Annotated[int, typer.Option(help="threads of the model; 0 means one for each core")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Watch sequences as a node would, and score: precision, recall, F1, time to detection, false alarms a day."""
    from rich.console import Console
    from rich.progress import track

    from benchmarks.eval.smoke import report, watch_sequence
    from benchmarks.eval.smoke_sequences import read_sequences
    from edge.config import ViewSettings
    from edge.smoke.sight import load_far_sight
    from models.card import find_card
    from models.store import ensure

    sequences = read_sequences(dataset)
    rule = {"kind": "smoke", "name": "forest"} | ({} if evidence is None else {"evidence": evidence})
    view = ViewSettings.model_validate({"rules": [rule]})
    card = find_card(model)
    detector = load_far_sight(card, ensure(card), threads=threads)
    outcomes = [
        watch_sequence(sequence, view, lambda picture: detector.detect([picture])[0])
        for sequence in track(sequences, "sequences", console=Console(stderr=True))
    ]
    used = {"name": card.name, "version": card.version, "sha256": card.sha256}
    emit({**report(outcomes), "model": used}, as_json, _show)


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
