from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.commands import Commands, changes
from edge.config import NodeConfig
from edge.self_watch import SelfWatch
from edge.strain import Load
from mqtt.event import Event
from mqtt.wire import Command, OutboxHealth
from tests.edge.scenes import NOON, camera

GB = 2**30


class Reports:
    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.details: list[dict[str, Any]] = []

    def report_node(
        self, kind: str, *, phase: str, severity: str, started_at: datetime, detail: dict[str, Any]
    ) -> Event:
        self.said.append((kind, phase))
        self.details.append(detail)
        return None  # type: ignore[return-value]


def watch(reports: Reports, free: Callable[[Path], int] = lambda _: 9 * GB, **outbox: Any) -> SelfWatch:
    return SelfWatch(reports, lambda: OutboxHealth(**outbox), Path("/"), utc=lambda: NOON, free_bytes=free)


def test_a_full_disk_is_one_incident_with_a_beginning_and_an_end():
    reports, free = Reports(), [9 * GB, GB // 4, GB // 4, 600 * 2**20, 9 * GB]
    judge = watch(reports, lambda _: free.pop(0))

    for _ in range(5):
        judge.look([], 1.0)

    assert reports.said == [("disk", "start"), ("disk", "end")]


def test_an_outbox_that_central_does_not_empty_is_told():
    reports = Reports()

    watch(reports, depth=10, oldest_age_s=400.0).look([], 1.0)

    assert reports.said == [("outbox", "start")]


def test_too_many_cameras_are_told_with_those_that_are_watched_less():
    reports, analysed, replaced = Reports(), 0, 0
    judge = watch(reports)

    for _ in range(12):
        analysed, replaced = analysed + 1, replaced + 9
        judge.look([Load("street", "traffic", analysed, replaced, 0, 0), Load("hill", "smoke", analysed, 0, 0, 0)], 1.0)
    for _ in range(2):
        analysed += 10
        judge.look([Load("street", "traffic", analysed, replaced, 0, 0), Load("hill", "smoke", analysed, 0, 0, 0)], 1.0)

    assert reports.said == [("overloaded", "start"), ("overloaded", "end")]
    assert reports.details[0]["less_watched"] == ["street"]
    assert reports.details[0]["left_out"] == {"traffic": 0.9, "security": 0.0, "smoke": 0.0}


def test_decoding_that_comes_too_late_is_an_overload_as_well():
    reports = Reports()
    judge = watch(reports)

    for second in range(12):
        judge.look([Load("gate", "security", 5 * second, 0, 25 * second, 10 * second)], 1.0)

    assert reports.said == [("overloaded", "start")]


class Station:
    def __init__(self) -> None:
        self.restarted: list[str] = []

    def restart_camera(self, camera_id: str) -> None:
        if camera_id != "cam":
            raise KeyError(camera_id)
        self.restarted.append(camera_id)

    def apply(self, config: NodeConfig) -> dict[str, list[str]]:
        return {"added": [c.id for c in config.cameras]}

    def save_snapshot(self, camera_id: str) -> dict[str, Any]:
        raise ValueError("no picture yet")

    def refresh_models(self) -> list[str]:
        return ["yolov8n"]


def test_commands_are_done_or_refused_with_a_reason(tmp_path: Path):
    file = tmp_path / "node.yaml"
    file.write_text("node: {}\n", encoding="utf-8")
    station = Station()
    commands = Commands(station, file)

    def ask(do: str, **more: Any) -> tuple[bool, str]:
        reply = commands.answer(Command.model_validate({"id": "1", "do": do, **more}))
        return reply.ok, reply.error or ""

    assert ask("restart_camera", camera="cam") == (True, "")
    assert ask("restart_camera", camera="x") == (False, "there is no camera 'x' on this node")
    assert ask("snapshot", camera="cam") == (False, "no picture yet")
    assert ask("snapshot") == (False, "'snapshot' needs the field 'camera'")
    assert not ask("reload")[0] and "is missing" in ask("reload")[1]
    assert station.restarted == ["cam"]


def test_a_new_configuration_touches_only_the_cameras_that_changed():
    before = [camera(id="a"), camera(id="b"), camera(id="c")]
    after = [camera(id="a"), camera(id="b", name="moved"), camera(id="d")]

    assert changes(before, after) == {"added": ["d"], "removed": ["c"], "changed": ["b"]}
