"""Do what central asks of the node, once, and answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from pydantic import JsonValue, TypeAdapter

from common.config import ConfigError, read_config
from edge.config import CameraSettings, NodeConfig
from edge.footage import LONGEST_CLIP_S
from edge.rules.base import DangerLevel
from models.errors import ModelError
from mqtt.nuisance import NuisanceAreas
from mqtt.wire import Command, Reply

CLIP_S: Final = 10.0


class Station(Protocol):
    """What commands may do to the node; `edge.node.Node` is one."""

    def restart_camera(self, camera_id: str) -> None: ...
    def apply(self, config: NodeConfig) -> dict[str, list[str]]: ...
    def save_snapshot(self, camera_id: str) -> dict[str, JsonValue]: ...
    def save_clip(self, camera_id: str, until: datetime | None, seconds: float) -> dict[str, JsonValue]: ...
    def refresh_models(self) -> list[str]: ...
    def set_nuisance(self, areas: NuisanceAreas) -> int: ...
    def set_fire_danger(self, levels: Mapping[str, DangerLevel]) -> int: ...


_LEVELS: TypeAdapter[dict[str, DangerLevel]] = TypeAdapter(dict[str, DangerLevel])


class Commands:
    """Answers every command; what cannot be done is said in the reply, never raised."""

    def __init__(self, station: Station, config_file: Path | None) -> None:
        self._station = station
        self._config_file = config_file
        self._do: dict[str, Callable[[Command], dict[str, JsonValue]]] = {
            "restart_camera": self._restart,
            "reload": self._reload,
            "snapshot": lambda command: self._station.save_snapshot(_camera_of(command)),
            "clip": self._clip,
            "pull_model": lambda command: {"models": list(self._station.refresh_models())},
            "fire_danger": self._fire_danger,
            "nuisance": self._nuisance,
        }

    def answer(self, command: Command) -> Reply:
        act = self._do.get(command.do)
        if act is None:
            return Reply(id=command.id, ok=False, error=f"this node cannot do {command.do!r}")
        try:
            return Reply(id=command.id, ok=True, result=act(command))
        except KeyError as missing:
            return Reply(id=command.id, ok=False, error=f"there is no camera {missing.args[0]!r} on this node")
        except (ConfigError, ModelError, OSError, ValueError) as error:
            return Reply(id=command.id, ok=False, error=str(error)[:1000])

    def _restart(self, command: Command) -> dict[str, JsonValue]:
        self._station.restart_camera(_camera_of(command))
        return {}

    def _clip(self, command: Command) -> dict[str, JsonValue]:
        """`seconds` (10) of video before `until` (ISO 8601 with its zone; now)."""
        seconds, until = float(command.arguments.get("seconds") or CLIP_S), command.arguments.get("until")
        if not 0 < seconds <= LONGEST_CLIP_S:
            raise ValueError(f"'seconds' must be above 0 and at most {LONGEST_CLIP_S:g}")
        at = None if until is None else datetime.fromisoformat(str(until).replace("Z", "+00:00"))
        if at is not None and at.tzinfo is None:
            raise ValueError("'until' needs a time zone, such as 2026-01-31T08:00:00Z")
        return self._station.save_clip(_camera_of(command), at, seconds)

    def _reload(self, command: Command) -> dict[str, JsonValue]:
        if self._config_file is None:
            raise ConfigError("this node was not started from a file")
        changed = self._station.apply(read_config(self._config_file, NodeConfig))
        return {what: list(names) for what, names in changed.items()}

    def _fire_danger(self, command: Command) -> dict[str, JsonValue]:
        """Take over today's danger levels: `levels` maps commune codes to I–V; communes that it omits are unknown."""
        levels = _LEVELS.validate_python(command.arguments.get("levels"))
        return {"cameras": self._station.set_fire_danger(levels)}

    def _nuisance(self, command: Command) -> dict[str, JsonValue]:
        """Take over where operators have called false alarms: `areas` is all of them; what was known is forgotten."""
        return {"areas": self._station.set_nuisance(NuisanceAreas.model_validate(command.arguments))}


def _camera_of(command: Command) -> str:
    if command.camera is None:
        raise ValueError(f"{command.do!r} needs the field 'camera'")
    return command.camera


def changes(before: list[CameraSettings], after: list[CameraSettings]) -> dict[str, list[str]]:
    """Return the ids of cameras to add, to remove and to start anew with other settings."""
    old, new = {c.id: c for c in before}, {c.id: c for c in after}
    return {
        "added": [i for i in new if i not in old],
        "removed": [i for i in old if i not in new],
        "changed": [i for i in new if i in old and new[i] != old[i]],
    }
