"""How every command speaks: one JSON object or a readable table, and the same three exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import typer
from rich.console import Console

from common.machine import machine_facts, version

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class UserMistake(Exception):  # noqa: N818  it is the user's, not an error of ours
    """What the user asked for cannot be done as asked. One clear sentence; exit code 2."""


def emit(
    result: Mapping[str, Any],
    as_json: bool,
    show: Callable[[Mapping[str, Any]], None],
    *,
    machine: Mapping[str, object] | None = None,
) -> None:
    """Print `result` as one JSON object with the machine's facts, or hand it to `show` for people."""
    if not as_json:
        show(result)
        return
    document = {**result, "machine": machine or machine_facts(), "version": version()}
    typer.echo(json.dumps(document, ensure_ascii=False, default=str))
