"""The `ioc camera` group, to which the files about cameras add their commands."""

from __future__ import annotations

import typer

camera_app = typer.Typer(
    name="camera",
    help="Look at cameras: what one sends, which there are, and simulated ones.",
    no_args_is_help=True,
)
