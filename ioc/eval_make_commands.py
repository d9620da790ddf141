"""`ioc eval make`: clips with truth by construction, for kinds that are rarely filmed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ioc.eval_app import eval_app
from ioc.output import UserMistake, emit, err, out


def register(app: typer.Typer) -> None:
    """The group `eval` is put on `app` by `eval_commands`; this file only adds to it."""


@eval_app.command()
def make(
    data: Annotated[Path, typer.Argument(help="the folder with counting/, events/ and tracking/ of real clips")],
    folder: Annotated[Path, typer.Argument(help="where the made clips and their truth go")],
    only: Annotated[str | None, typer.Option(help="make one of them; an unknown name lists all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Make clips of rare events out of real ones, with truth by construction, for `ioc eval events`."""
    from benchmarks.making.recipes import RECIPES
    from benchmarks.making.recipes import make as made

    if only is not None and only not in RECIPES:
        raise UserMistake(f"there is no recipe {only!r}; there are: {', '.join(RECIPES)}")
    if not data.is_dir():
        raise UserMistake(f"{data}: there is no such folder")
    with err.status("making clips…"):
        clips = {name: None if clip is None else str(clip) for name, clip in made(data, folder, only)}
    emit({"clips": clips}, as_json, _show)


def _show(result: Mapping[str, Any]) -> None:
    for name, clip in result["clips"].items():
        out.print(f"{name}: {clip or 'its real clips are not there'}", markup=False)
