"""`ioc eval make-smoke`: labelled smoke sequences out of a camera's own stills, to judge and tune the watch on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ioc.eval_app import eval_app
from ioc.output import out


def register(app: typer.Typer) -> None:
    """The group `eval` is put on `app` by `eval_commands`; this file only adds to it."""


@eval_app.command("make-smoke")
def make_smoke(
    stills: Annotated[list[Path], typer.Argument(help="folders with images/, labels/ and an index.csv by camera")],
    into: Annotated[Path, typer.Option(help="where development/ and check/ are written; no camera is in both")],
    fires: Annotated[int, typer.Option(help="drawn fires for each group of clear stills")] = 2,
    nuisances: Annotated[int, typer.Option(help="sequences without fire for each group of clear stills")] = 3,
    clear_looks: Annotated[int, typer.Option(help="most pictures before a fire begins")] = 20,
    burning_looks: Annotated[int, typer.Option(help="pictures after it has begun")] = 20,
    step_s: Annotated[float, typer.Option(help="seconds between two pictures")] = 60.0,
    longest_px: Annotated[int, typer.Option(help="longer side of the pictures; 0 keeps that of the stills")] = 0,
    seed: Annotated[int, typer.Option(help="another seed draws other fires")] = 1,
) -> None:
    """Put stills of fixed cameras back into order, and draw fires and nuisances onto the clear ones."""
    from rich.console import Console
    from rich.progress import track

    from benchmarks.smoke_material.make import Amount, halves, takes, write
    from benchmarks.smoke_material.stills import read_groups

    groups = [group for folder in stills for group in read_groups(folder)]
    amount = Amount(fires, nuisances, clear_looks, burning_looks, step_s, longest_px)
    half = halves(groups)
    count = pictures = 0
    for take in track(list(takes(groups, amount, seed)), "sequences", console=Console(stderr=True)):
        pictures += write(take, into / half[take.camera])
        count += 1
    out.print(f"{count} sequences, {pictures} pictures of {len(half)} cameras in {into}")
