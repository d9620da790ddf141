"""`ioc bench …`: figures with the limits they are held against, measured in the same run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from ioc.bench_app import bench_app
from ioc.output import UserMistake, emit, err, out

Clip = Annotated[Path | None, typer.Option(help="a video of your own; empty: the demo's street")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]
Seconds = Annotated[float, typer.Option(help="how long to measure")]
Model = Annotated[str, typer.Option(help="model card")]


def register(app: typer.Typer) -> None:
    app.add_typer(bench_app)


@bench_app.command()
def decode(clip: Clip = None, seconds: Seconds = 10.0, as_json: AsJson = False) -> None:
    """Frames per second of one core: every frame, key frames alone, and scaled for a model."""
    from benchmarks.decode import bench_decode

    emit(bench_decode([_as_camera(clip)], seconds), as_json, show_rows)


@bench_app.command()
def detect(
    models: Annotated[list[str] | None, typer.Option("--model", help="model card; may be repeated")] = None,
    clip: Clip = None,
    seconds: Seconds = 10.0,
    as_json: AsJson = False,
) -> None:
    """Pictures per second of each model, alone and with everything around it."""
    from benchmarks.detect import bench_detect
    from models.card import find_card

    for name in models or ():
        find_card(name)
    emit(bench_detect(models or ["yolov8n"], _as_camera(clip), seconds=seconds), as_json, show_rows)


@bench_app.command()
def pipeline(clip: Clip = None, model: Model = "yolov8n", seconds: Seconds = 30.0, as_json: AsJson = False) -> None:
    """The whole path on one busy file, against what decoding and inference do alone."""
    from benchmarks.pipeline import bench_pipeline
    from detectors.load import load_detector
    from edge.config import CameraSettings
    from models.card import find_card
    from models.store import ensure

    card = find_card(model)
    path = ensure(card)
    camera = CameraSettings.model_validate({"id": "bench", "url": "file:/bench", **BUSY_RULES})
    result = bench_pipeline(_as_camera(clip), lambda: load_detector(card, path, threads=1), camera, seconds=seconds)
    emit(result, as_json, show_facts)


@bench_app.command()
def latency(
    clip: Clip = None,
    seconds: Seconds = 60.0,
    browser: Annotated[bool, typer.Option(help="time what Chromium shows, not what the stream says")] = True,
    as_json: AsJson = False,
) -> None:
    """Four live 1080p25 cameras: from a frame entering RTSP to its incident standing on the page."""
    from benchmarks.latency import BrowserViewer, StreamViewer, bench_latency

    file = _as_camera(clip)
    viewer = BrowserViewer if browser and shutil.which("chromium") else StreamViewer
    with _stack() as stack:
        emit(bench_latency(stack, file, BUSY_RULES, seconds=seconds, viewer=viewer), as_json, show_facts)


@bench_app.command()
def cameras(
    mix: Annotated[str, typer.Option(help="busy, mixed or forest")] = "mixed",
    first: Annotated[int, typer.Option(min=1, help="cameras to begin with")] = 4,
    most: Annotated[int, typer.Option(min=1, help="cameras to stop at")] = 256,
    seconds: Seconds = 60.0,
    settle: Annotated[float, typer.Option(min=0, help="seconds before measuring, so that quiet cameras sleep")] = 45.0,
    model: Model = "yolov8n",
    as_json: AsJson = False,
) -> None:
    """The largest number of live cameras this box carries without losing events against full decoding."""
    from benchmarks.cameras import Trial, bench_cameras
    from benchmarks.mixes import MIXES
    from benchmarks.reference import reference
    from detectors.load import load_detector
    from edge.smoke.sight import LOOK, load_far_sight
    from ioc.demo.clips import prepare
    from models.card import find_card
    from models.precision import choose

    if mix not in MIXES:
        raise UserMistake(f"there is no mix {mix!r}; there are: {', '.join(MIXES)}")
    find_card(model)  # a mistyped name is told before minutes of work

    def say(said: str) -> None:
        err.print(f"  {said}", markup=False, style="dim")

    chosen = MIXES[mix]({**prepare(say), **prepare(say, manifest=BENCH_CLIPS)})
    weights = choose(find_card("smoke" if chosen.sense == "smoke" else model), "auto")  # those that the node will take
    load = load_far_sight if chosen.sense == "smoke" else load_detector
    detector = load(weights.card, weights.path, threads=0)
    with _bar("what full decoding sees") as progress:
        truth = reference(chosen, detector, progress, seen_by=f"{weights.card.sha256} {LOOK}")

    def tell(trial: Trial) -> None:
        verdict = "carried" if trial.ok else trial.why_not
        say(f"{trial.cameras} cameras: {verdict}; recall {trial.recall}, p95 {trial.p95_ms} ms, "
            f"{trial.node_cpu_cores} cores, {trial.rss_mb} MB")  # fmt: skip

    result = bench_cameras(chosen, truth, _stack, first=first, most=most, seconds=seconds, settle_s=settle, tell=tell)
    emit(result, as_json, show_facts)


BENCH_CLIPS = Path(__file__).resolve().parent.parent / "benchmarks" / "clips.yaml"
BUSY_RULES: dict[str, Any] = {
    "zones": {"street": [[0.0, 0.1], [1.0, 0.1], [1.0, 1.0], [0.0, 1.0]]},
    "lines": {f"l{n}": {"from": [x, 0.1], "to": [x, 1.0]} for n, x in enumerate((0.2, 0.35, 0.5, 0.65, 0.8))},
    "rules": [
        *({"kind": "line_crossing", "name": f"cross-{n}", "line": f"l{n}"} for n in range(5)),
        {"kind": "intrusion", "name": "street", "zone": "street", "labels": ["person"], "after_s": 1},
        {"kind": "crowd", "name": "crowd", "zone": "street", "labels": ["person"], "at_least": 6, "for_s": 3},
        {"kind": "tamper", "name": "camera"},
    ],
}


@contextmanager
def _stack() -> Iterator[Any]:
    from benchmarks.stack import Stack
    from common.processes import ProcessGroup

    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as folder:
        stack = Stack(ProcessGroup(Path(folder)))
        try:
            yield stack
        finally:
            stack.stop()


def _as_camera(clip: Path | None) -> Path:
    """Return the clip, or the demo's busiest, as 1080p25 H.264 at 4 Mbit/s."""
    from benchmarks.footage import as_camera
    from ioc.demo.clips import prepare

    if clip is not None and not clip.is_file():
        raise UserMistake(f"{clip}: there is no such file")
    source = clip or prepare(lambda said: err.print(f"  {said}", markup=False, style="dim"))["square"]
    with _bar(f"making a camera's stream of {source.name}") as progress:
        try:
            return as_camera(source.resolve(), source.stem, progress)
        except ValueError as error:
            raise UserMistake(f"{source}: cannot be read as video") from error


@contextmanager
def _bar(title: str) -> Iterator[Callable[[float], None]]:
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def show_rows(result: Mapping[str, Any]) -> None:
    """Print `results` as a table."""
    rows = result["results"]
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*names)
    for row in rows:
        table.add_row(*(_plain(row.get(name)) for name in names))
    out.print(table)


def show_facts(result: Mapping[str, Any]) -> None:
    """Print one fact a line."""
    table = Table(show_header=False)
    for name, value in result.items():
        table.add_row(name, _plain(value))
    out.print(table)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "  ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
