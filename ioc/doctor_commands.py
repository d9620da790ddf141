"""`ioc doctor`: what is wrong with this installation, in order of importance, and what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ioc.output import emit, out

Weight = Literal["broken", "weak", "fine"]
ORDER: dict[Weight, int] = {"broken": 0, "weak": 1, "fine": 2}
COLOURS: dict[Weight, str] = {"broken": "red", "weak": "yellow", "fine": "green"}
ENOUGH_DISK_BYTES = 2 * 2**30
ENOUGH_MEMORY_BYTES = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Diagnosis:
    weight: Weight
    about: str
    says: str
    do: str = ""


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    file: Annotated[Path | None, typer.Argument(help="a node's configuration, to be judged as well")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Look at Python, libraries, models, disk, clock and a node's file; say what to do about what is wrong."""
    found = sorted(examine(file), key=lambda d: ORDER[d.weight])
    emit({"ok": all(d.weight != "broken" for d in found), "findings": [asdict(d) for d in found]}, as_json, _show)
    if found[0].weight == "broken":
        raise typer.Exit(1)


def examine(file: Path | None) -> Iterator[Diagnosis]:
    """Yield everything that was looked at, good or bad."""
    yield from _python()
    yield from _machine()
    yield from _libraries()
    yield from _models()
    if file is not None:
        yield from _node(file)


def _python() -> Iterator[Diagnosis]:
    yield Diagnosis("fine", "python", f"Python {sys.version.split()[0]}")


def _machine() -> Iterator[Diagnosis]:
    import psutil

    free = shutil.disk_usage(Path.cwd()).free
    if free < ENOUGH_DISK_BYTES:
        yield Diagnosis("weak", "disk", f"{free / 2**30:.1f} GB are free here", "free some space: evidence needs it")
    else:
        yield Diagnosis("fine", "disk", f"{free / 2**30:.0f} GB are free here")
    available = psutil.virtual_memory().available
    if available < ENOUGH_MEMORY_BYTES:
        yield Diagnosis("weak", "memory", f"{available / 2**30:.1f} GB are available", "use fewer cameras on this box")
    else:
        yield Diagnosis("fine", "memory", f"{available / 2**30:.0f} GB are available, {psutil.cpu_count()} cores")


def _libraries() -> Iterator[Diagnosis]:
    import importlib.metadata

    names = {d.metadata["Name"].lower() for d in importlib.metadata.distributions() if d.metadata["Name"]}
    if {"opencv-python", "opencv-python-headless"} <= names:
        yield Diagnosis(
            "weak",
            "opencv",
            "both the GUI and the headless build are installed and overwrite each other",
            "pip uninstall opencv-python, then reinstall opencv-python-headless",
        )


def _models() -> Iterator[Diagnosis]:
    from models.card import all_cards
    from models.errors import ModelError
    from models.store import ensure

    for name in ("yolov8n", "smoke"):
        card = all_cards().get(name)
        if card is None:
            yield Diagnosis("weak", f"model {name}", "there is no card for it", "update this installation")
            continue
        try:
            ensure(card)
            yield Diagnosis("fine", f"model {name}", f"version {card.version}, hash as on its card")
        except ModelError as error:
            yield Diagnosis("broken", f"model {name}", str(error), f"ioc models pull {name}")


def _node(file: Path) -> Iterator[Diagnosis]:
    from common.config import ConfigError, read_config
    from edge.config import NodeConfig

    try:
        config = read_config(file, NodeConfig)
    except ConfigError as error:
        for line in str(error).splitlines():
            yield Diagnosis("broken", "configuration", line, "correct this line")
        return
    yield Diagnosis("fine", "configuration", f"{file}: {len(config.cameras)} cameras, no mistakes")
    for camera in config.cameras:
        if not camera.rules:
            yield Diagnosis(
                "weak", f"camera {camera.id}", "has no rules: nobody watches it", "add rules, at least tamper"
            )
    if config.central is None:
        yield Diagnosis("weak", "evidence", "pictures stay on this box", "set central's address under 'central:'")


def _show(result: Mapping[str, Any]) -> None:
    for found in result["findings"]:
        out.print(f"[{COLOURS[found['weight']]}]●[/] [bold]{found['about']}[/]: ", end="")
        out.print(found["says"], markup=False)
        if found["do"]:
            out.print(f"    → {found['do']}", markup=False)
