"""The `ioc eval` group: the product's own score on labelled data. Each file `ioc/eval_*commands.py` adds to it."""

from __future__ import annotations

import typer

eval_app = typer.Typer(
    name="eval",
    help="Score the product on labelled data; the same commands are the installer's acceptance test.",
    no_args_is_help=True,
)
