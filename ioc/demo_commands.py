"""`ioc demo`: the whole product on one machine, on real footage, with nothing to configure."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from common.processes import ProcessError, ProcessGroup, fresh_folder
from ioc.output import UserMistake, err, out

STEPS = 6


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    data: Annotated[Path, typer.Option(help="folder for this run; emptied first")] = Path("var/demo"),
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="port of the console, on this machine only; if taken, another")
    ] = 8080,
    for_s: Annotated[float, typer.Option(min=0, help="stop by itself after so many seconds; 0 means Ctrl-C")] = 0.0,
) -> None:
    """Everything on one machine: cameras from real footage, broker, edge node, central, console."""
    from common.processes import ProcessGroup
    from ioc.demo.start import USER, build

    signal.signal(signal.SIGTERM, _as_ctrl_c)
    world = ProcessGroup(_emptied(data))
    try:
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task("starting", total=STEPS)

            def tell(step: str) -> None:
                progress.console.print(f"  {step}", markup=False, style="dim")

            address, password = build(world, port, tell, lambda: progress.advance(task))
        out.print(
            f"\n[bold]Console[/bold]   {address}\n[bold]User[/bold]      {USER}\n[bold]Password[/bold]  {password}"
        )
        out.print(f"\nLogs are in {world.data}. Ctrl-C stops everything.", highlight=False)
        _watch(world, for_s)
    except KeyboardInterrupt:
        pass
    except ProcessError as error:
        err.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    finally:
        world.stop()
        out.print("Stopped.")


def _emptied(data: Path) -> Path:
    try:
        return fresh_folder(data)
    except ProcessError as error:
        raise UserMistake(f"--data: {error}") from error


def _watch(world: ProcessGroup, for_s: float) -> None:
    until_s = time.monotonic() + for_s if for_s > 0 else float("inf")
    while time.monotonic() < until_s:
        world.check()
        time.sleep(0.2)


def _as_ctrl_c(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
