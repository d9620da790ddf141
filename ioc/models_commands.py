"""`ioc models …`: which models there are, getting their weights by hash, and making new ones for this site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from common.places import Progress as Report
from ioc.output import UserMistake, emit, err, out

models_app = typer.Typer(
    name="models", help="Model cards and weights: list, pull, verify, export, quantize.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]
Dir = Annotated[Path | None, typer.Option("--dir", help="where weights are kept; empty: the user's cache")]
Names = Annotated[list[str] | None, typer.Argument(help="names of cards; empty: every card whose weights can be had")]


def register(app: typer.Typer) -> None:
    """Add the `models` group to `app`."""
    app.add_typer(models_app)


@models_app.command("list")
def list_(models_dir: Dir = None, as_json: AsJson = False) -> None:
    """Every model card: licence, what it is for, input, and whether its weights are here."""
    from models.card import all_cards

    with _mistakes():
        rows = [_described(card, models_dir) for card in all_cards(models_dir).values()]
    emit({"models": rows}, as_json, lambda result: _show(result["models"]))


@models_app.command()
def pull(names: Names = None, models_dir: Dir = None, as_json: AsJson = False) -> None:
    """Get weights from the first place that has them; a wrong hash is refused, a broken download is continued."""
    from models.store import ensure

    pulled = []
    with _mistakes():
        for card in _cards(names, models_dir):
            with _bar(card.file_name) as report:
                path = ensure(card, models_dir, report)
            pulled.append({"name": card.name, "path": str(path), "sha256": card.sha256, "licence": card.licence})
    emit({"pulled": pulled}, as_json, lambda result: _show(result["pulled"]))


@models_app.command()
def verify(names: Names = None, models_dir: Dir = None, as_json: AsJson = False) -> None:
    """Check the hash of the weights that are here, and that each model loads and gives what its card says."""
    from detectors.load import load_detector
    from detectors.lorries import LAYOUT, LorryCheck
    from models.errors import ModelError
    from models.store import local, read_checked

    rows: list[dict[str, Any]] = []
    with _mistakes():
        cards = _cards(names, models_dir)
    for card in cards:
        path = local(card, models_dir)
        row: dict[str, Any] = {"name": card.name, "path": str(path) if path else None, "ok": False, "problem": None}
        try:
            if path is None:
                raise ModelError(f"its weights are not here; run: ioc models pull {card.name}")
            if card.layout == LAYOUT:
                LorryCheck(card, read_checked(card, path))
            else:
                load_detector(card, path, threads=1)
            row["ok"] = True
        except ModelError as error:
            row["problem"] = str(error)
        rows.append(row)
    emit({"ok": all(row["ok"] for row in rows), "models": rows}, as_json, lambda result: _show(result["models"]))
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)


@models_app.command()
def export(
    model: Annotated[str, typer.Argument(help="an Ultralytics model such as yolo11s, or a .pt file of your own")],
    width: Annotated[int, typer.Option(help="of the input, in pixels; a multiple of 32")] = 640,
    height: Annotated[int, typer.Option(help="of the input, in pixels; a multiple of 32")] = 640,
    name: Annotated[str | None, typer.Option(help="of the new card; empty: the model's own name")] = None,
    models_dir: Dir = None,
    as_json: AsJson = False,
) -> None:
    """Make ONNX weights and a card out of any Ultralytics detector (needs: pip install 'ioc-edge[train]')."""
    from models.export import export_ultralytics

    with _mistakes():
        card, path = export_ultralytics(model, width=width, height=height, name=name, models_dir=models_dir)
    result = {"name": card.name, "path": str(path), "sha256": card.sha256, "licence": card.licence}
    emit(result, as_json, lambda made: _show([made]))


@models_app.command()
def quantize(
    name: Annotated[str, typer.Argument(help="name of the card to start from")],
    calibrate: Annotated[
        Path | None,
        typer.Option(
            help="pictures, or a video, of this site's own cameras; empty: the ranges that came with the model"
        ),
    ] = None,
    dataset: Annotated[
        Path | None,
        typer.Option(help="labelled pictures in YOLO layout to judge by; empty: judged against the FP32 model itself"),
    ] = None,
    max_loss: Annotated[float, typer.Option(help="points of mAP50 that may be lost; more is refused")] = 1.0,
    pictures: Annotated[int, typer.Option(help="pictures to calibrate on", min=16, max=200)] = 60,
    save_ranges: Annotated[
        Path | None, typer.Option(help="keep what calibration found, so that other boxes need no pictures")
    ] = None,
    models_dir: Dir = None,
    as_json: AsJson = False,
) -> None:
    """Make an 8-bit model (NAME-int8), calibrated on the site's own pictures; refused if it sees noticeably less."""
    from ioc.quantizing import quantize_as_shipped, quantize_model

    with _mistakes(), Progress(console=err, transient=True) as progress:
        task = progress.add_task("reading pictures", total=None)

        def report(title: str, done: int, total: int) -> None:
            progress.update(task, description=title, completed=done, total=total)

        if calibrate is None:
            result = quantize_as_shipped(name, models_dir)
        else:
            result = quantize_model(
                name,
                calibrate,
                dataset,
                max_loss=max_loss,
                pictures=pictures,
                models_dir=models_dir,
                save_ranges=save_ranges,
                report=report,
            )
    emit(result, as_json, lambda made: _show([made]))


def _cards(names: list[str] | None, models_dir: Path | None) -> list[Any]:
    from models.card import all_cards, find_card

    if names:
        return [find_card(name, models_dir) for name in names]
    return [card for card in all_cards(models_dir).values() if card.sha256 is not None]


def _described(card: Any, models_dir: Path | None) -> dict[str, Any]:
    from models.store import local

    path = local(card, models_dir)
    return {
        "name": card.name,
        "version": card.version,
        "licence": card.licence,
        "use": card.use,
        "input": f"{card.input.width}x{card.input.height}",
        "layout": card.layout,
        "classes": len(card.classes),
        "sha256": card.sha256,
        "path": str(path) if path else None,
        "sources": [str(place) for place in card.sources],
        "recipe": card.recipe.command if card.recipe else None,
        "quality": dict(card.quality),
    }


@contextmanager
def _mistakes() -> Iterator[None]:
    """Let what is wrong with a model or the user's files come out as one clear sentence."""
    from models.errors import ModelError

    try:
        yield
    except ModelError as error:
        raise UserMistake(str(error)) from error


@contextmanager
def _bar(title: str) -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


SHORT = ("name", "licence", "use", "input", "layout", "ok", "problem", "fp32_ms", "int8_ms", "speed_up", "loss", "path")


def _show(rows: list[Mapping[str, Any]]) -> None:
    columns = [name for name in SHORT if any(row.get(name) is not None for row in rows)]
    table = Table()
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if row.get(name) is None else str(row[name]) for name in columns))
    out.print(table)
