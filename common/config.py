"""Read a YAML file into a typed config, and explain every mistake by file, line, key and likely meaning."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

C = TypeVar("C", bound=BaseModel)

LARGEST_FILE_BYTES = 4 * 2**20  # a province's longest camera list is well below 1 MB
NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"  # of sites, nodes and cameras: safe in a topic, a URL, a file


class ConfigError(Exception):
    """The operator's file is wrong. The message is meant for the operator: one line for each mistake."""


class StrictLoader(yaml.SafeLoader):
    """Plain YAML, but a key written twice is a mistake instead of a silent overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is written twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_config(path: Path, schema: type[C]) -> C:
    """Return the file as a `schema`; raise `ConfigError` that names all its mistakes at once."""
    text = _read(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.load(text, Loader=StrictLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(_yaml_mistake(path, error)) from error
    if root is None:
        raise ConfigError(f"{path}:1: the file is empty")
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        known = setting_names(schema)
        problems = [_explain(path, root, item, known) for item in error.errors(include_url=False)]
        raise ConfigError("\n".join(dict.fromkeys(problems))) from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise ConfigError(f"{path}: larger than {LARGEST_FILE_BYTES // 2**20} MB: is this the right file?")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start}); save the file as UTF-8") from error


def _yaml_mistake(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or str(error)
    return f"{path}{line}: not valid YAML: {problem}"


def _explain(path: Path, root: yaml.Node, item: ErrorDetails, known: set[str]) -> str:
    line, key = _locate(root, item["loc"])
    where = f"{path}:{line}: {key}" if key else f"{path}:{line}"
    if item["type"] == "extra_forbidden":
        return f"{where}: there is no such setting{_hint(str(item['loc'][-1]), known)}"
    if item["type"] == "union_tag_invalid":
        context = item.get("ctx", {})
        kinds = {kind.strip(" '") for kind in str(context.get("expected_tags", "")).split(",")}
        return f"{where}: there is no kind {context.get('tag')!r}{_hint(str(context.get('tag')), kinds)}"
    if item["type"] == "union_tag_not_found":
        return f"{where}: 'kind' is missing"
    if item["type"] == "missing":
        return f"{where}: is missing"
    if item["type"] == "string_type" and isinstance(item["input"], int | float):
        return f"{where}: must be text: write it in quotes"
    if item["type"] == "string_pattern_mismatch" and item.get("ctx", {}).get("pattern") == NAME_PATTERN:
        return f"{where}: may only have lower-case letters, digits, - and _"
    return f"{where}: {item['msg'].removeprefix('Value error, ')}"


def _hint(written: str, known: set[str]) -> str:
    close = difflib.get_close_matches(written, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _locate(node: yaml.Node, loc: tuple[str | int, ...]) -> tuple[int, str]:
    """Return the line and dotted key of `loc`; parts that are not in the file name a type or a gap."""
    line, keys = node.start_mark.line + 1, []
    for depth, part in enumerate(loc, start=1):
        step = _child(node, part)
        if step is not None:
            line, node = step[0].start_mark.line + 1, step[1]
        if step is not None or depth == len(loc):
            keys.append(str(part))
    return line, ".".join(keys)


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return (where it is written, its value) for one step down, or None."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def setting_names(schema: type[BaseModel]) -> set[str]:
    """Return every setting name that `schema` or a part of it knows."""
    return set(_names(schema.model_json_schema()))


def _names(document: dict[str, object]) -> Iterator[str]:
    definitions = document.get("$defs", {})
    parts = [document, *(definitions.values() if isinstance(definitions, dict) else [])]
    for part in parts:
        yield from part.get("properties", {})
