"""The `ground:` block of a camera as text, and putting it into a node's file without touching the rest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ioc.output import UserMistake


def as_yaml(block: Mapping[str, Any]) -> str:
    """Return the block as a camera's settings have it."""
    points = [f"  - {{at: {point['at']}, metres: {point['metres']}}}" for point in block["points"]]
    rest = [f"  {name}: {block[name]}" for name in ("click_error", "scale_error")]
    return "\n".join(["ground:", "  points:", *points, *rest])


def put_into(file: Path, camera: str, block: Mapping[str, Any]) -> None:
    """Put the block into one camera of a node's file, in place of the one it has, leaving all else as it is."""
    text = _text(file)
    node = _camera_node(yaml.compose(text), camera, file)
    lines = text.splitlines()
    indent = " " * node.start_mark.column
    key = next((k for k, _ in node.value if k.value == "ground"), None)
    value = next((v for k, v in node.value if k.value == "ground"), None)
    begin = key.start_mark.line if key is not None else node.value[0][1].end_mark.line + 1
    end = _end_line(value) if value is not None else begin
    new = [indent + line for line in as_yaml(block).splitlines()]
    file.write_text("\n".join([*lines[:begin], *new, *lines[end:]]) + "\n", encoding="utf-8")


def _end_line(value: yaml.Node) -> int:
    """Return the line after the last one of a block; its end mark stands at the next token's."""
    return int(value.end_mark.line + (1 if value.end_mark.column > 0 and getattr(value, "flow_style", False) else 0))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UserMistake(f"{file}: cannot be read: {error.strerror or error}") from error


def _camera_node(root: yaml.Node | None, camera: str, file: Path) -> yaml.MappingNode:
    cameras = next((v for k, v in root.value if k.value == "cameras"), None) if root is not None else None
    for node in cameras.value if cameras is not None else ():
        if any(k.value == "id" and v.value == camera for k, v in node.value):
            if node.flow_style:
                raise UserMistake(f"{file}: camera {camera!r} is written in one line {{…}}; paste the block yourself")
            return node  # type: ignore[no-any-return]
    raise UserMistake(f"{file}: there is no camera {camera!r} in it")
