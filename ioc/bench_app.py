"""The `ioc bench` group: measure this box."""

from __future__ import annotations

import typer

TITLE = "Measure this box: how many cameras, how late, at what cost."
bench_app = typer.Typer(name="bench", help=TITLE, no_args_is_help=True)
