"""Write the reference pages (events, settings, commands) from the code itself, so that they cannot lie."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from central.config import CentralConfig
from edge.config import NodeConfig
from edge.rules import CATALOG
from ioc.main import app, load_groups
from mqtt.kinds import KINDS, SEVERITIES, event_type

NOTICE = "<!-- Written by `make docs` from the code; a test compares the two. -->\n"


def pages() -> dict[str, str]:
    """Return file name → content of every generated page."""
    return {"events.md": _events(), "settings.md": _settings(), "commands.md": _commands()}


def write(folder: Path) -> None:
    """Write the pages into `folder`."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def _events() -> str:
    rules = {kind: name for name, rule in CATALOG.items() for kind in (rule.kinds or (name,))}
    lines = [NOTICE, "# Events\n", "Every kind of event, what operators call it, and the rule that reports it.\n"]
    lines += ["| type | Tiếng Việt | English | rule |", "|---|---|---|---|"]
    for category, kinds in KINDS.items():
        for kind, (vietnamese, english) in kinds.items():
            rule = "the node itself" if category == "node" else f"`{rules[kind]}`" if kind in rules else "–"
            lines.append(f"| `{event_type(category, kind)}` | {vietnamese} | {english} | {rule} |")
    lines += ["\n## Severity\n", "| value | Tiếng Việt | English |", "|---|---|---|"]
    lines += [f"| `{value}` | {vi} | {en} |" for value, (vi, en) in SEVERITIES.items()]
    return "\n".join(lines) + "\n"


def _settings() -> str:
    lines = [NOTICE, "# Settings\n", "## The node's file\n", *_model_tables(NodeConfig)]
    lines += ["\n## Central's file\n", *_model_tables(CentralConfig), "\n## Rules\n"]
    for name, rule in sorted(CATALOG.items()):
        vietnamese, english = rule.says
        help_text = inspect.getdoc(inspect.getmodule(rule)) or ""
        lines += [f"\n### `{name}`: {vietnamese} / {english}\n", help_text, "", *_table(rule.Settings)]
    return "\n".join(lines) + "\n"


def _model_tables(model: type[BaseModel]) -> Iterator[str]:
    document = model.model_json_schema()
    parts = [("", document), *sorted(document.get("$defs", {}).items())]
    rule_names = {rule.Settings.__name__ for rule in CATALOG.values()}
    for name, part in parts:
        if name in rule_names or "properties" not in part:
            continue
        if name:
            yield f"\n### {name.removesuffix('Settings') or name}\n"
        yield from _rows(part)


def _table(model: type[BaseModel]) -> Iterator[str]:
    return _rows(model.model_json_schema())


def _rows(part: dict[str, Any]) -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    required = set(part.get("required", []))
    for name, field in part["properties"].items():
        if name == "kind":
            continue
        default = "required" if name in required else f"`{_plain(field.get('default'))}`"
        yield f"| `{name}` | {default} | {field.get('description', '').replace('|', chr(92) + '|')} |"


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "…" if value else "{}"
    return "empty" if value is None or value == [] else str(value)


def _commands() -> str:
    load_groups()
    root = typer.main.get_command(app)
    lines = [
        NOTICE,
        "# Commands\n",
        "`--json` prints one JSON object; exit 0 is success, 2 your mistake, 1 a failure.\n",
    ]
    lines += ["| command | does |", "|---|---|"]
    lines += [f"| `{path}` | {_first_line(command)} |" for path, command in _walk("ioc", root)]
    return "\n".join(lines) + "\n"


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        arguments = [p.name.upper() for p in command.params if p.param_type_name == "argument" and p.name]
        yield " ".join([path, *arguments]), command
        return
    for name in sorted(children):
        yield from _walk(f"{path} {name}", children[name])


def _first_line(command: Any) -> str:
    return (command.help or "").strip().split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
