"""Puts `ioc eval` on the command line."""

from __future__ import annotations

import typer

from ioc.eval_app import eval_app


def register(app: typer.Typer) -> None:
    """Add the `eval` group to `app`; its commands come from their own files."""
    app.add_typer(eval_app)
