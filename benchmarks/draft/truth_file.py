"""Write a truth file so that people like to read it, and never half of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from benchmarks.eval.truth import Truth


def document_of(truth: Truth) -> dict[str, Any]:
    """Return what somebody wrote or would write: only what is set, in plain lists and numbers."""
    document: dict[str, Any] = _in_order(
        truth.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    )
    return document


def _in_order(value: Any) -> Any:
    """Sort lists of names, which are sets, and begin with the kind: nothing changes because nothing has changed."""
    if isinstance(value, dict):
        first = {"kind": value["kind"]} if "kind" in value else {}
        return {key: _in_order(part) for key, part in {**first, **value}.items()}
    if isinstance(value, list):
        return sorted(value) if all(isinstance(v, str) for v in value) else [_in_order(v) for v in value]
    return value


def write_truth(path: Path, truth: Truth) -> None:
    """Write or replace the file in one step. Raises OSError."""
    text = yaml.safe_dump(
        document_of(truth), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None
    )  # lists of numbers and short mappings stand on one line
    waiting = path.with_name(f".{path.name}.new")
    waiting.write_text(text, encoding="utf-8")
    waiting.replace(path)
