"""What every rule in the catalogue must keep, the next one included."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge.rules
from edge.camera import make_rules
from edge.config import NodeConfig, ViewSettings
from edge.rules import CATALOG
from edge.rules.base import Rule
from mqtt.kinds import KINDS
from tests.edge.rules.scenes import at, looks, rule, starts, stays, straight, tell, thing

SETTINGS: dict[str, dict[str, Any]] = {
    "line_count": {"line": "mid", "interval_s": 5},
    "line_crossing": {"line": "mid"},
    "speeding": {"limit_kmh": 3},
    "wrong_way": {"zone": "gate", "allowed_deg": 0},
    "crowd": {"zone": "gate", "at_least": 2, "for_s": 1},
}

CONTRACT = """
rules:
  - {kind: line_count, name: northbound, line: north, labels: [car, motorcycle, bus, truck]}
  - {kind: intrusion, name: gate, zone: gate, labels: [person], after_s: 1}
  - {kind: loitering, name: gate-loiter, zone: gate, labels: [person], after_s: 20}
  - {kind: abandoned_object, name: left, zone: gate, after_s: 30}
  - {kind: crowd, name: square, zone: gate, at_least: 12, for_s: 10}
  - {kind: stopped_vehicle, name: shoulder, zone: gate, after_s: 10}
  - {kind: wrong_way, name: one-way, zone: gate, allowed_deg: 90, tolerance_deg: 60}
  - {kind: tamper}
"""


def made(kind: str) -> Rule[Any]:
    return rule(kind, **SETTINGS.get(kind, {}))


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_a_rule_says_what_it_is_and_what_each_setting_means(kind: str) -> None:
    known = {k for kinds in KINDS.values() for k in kinds}

    module = importlib.import_module(CATALOG[kind].__module__)

    assert module.__doc__ and len(module.__doc__.splitlines()[0]) > 20
    assert len(CATALOG[kind].says) == 2 and all(CATALOG[kind].says)
    assert set(CATALOG[kind].kinds or (kind,)) <= known
    for name, field in CATALOG[kind].Settings.model_fields.items():
        assert field.description, f"{kind}.{name} is not described"


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_a_rule_needs_nothing_but_its_own_settings(kind: str) -> None:
    assert made(kind).settings.kind == kind


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_an_empty_scene_tells_nothing(kind: str) -> None:
    if kind == "line_count":
        pytest.skip("an empty interval is a count of zero")

    assert tell(made(kind), looks([], 20)) == []


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_what_ended_is_forgotten(kind: str) -> None:
    of = made(kind)
    people = [
        thing(i, label, straight(0, 6, at(0.3 + i / 9, 0.3), at(0.3, 0.9))) for i, label in ((1, "person"), (2, "car"))
    ]
    tell(of, looks(people, 6))

    of.forget([1, 2])

    assert remembered(of, {1, 2}) == []


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_a_cause_starts_once_and_ends_under_the_same_key_with_facts_that_json_knows(kind: str) -> None:
    of = made(kind)
    many = [thing(i, label, [*straight(0, 4, at(x, 0.2), at(x, 0.8)), *stays(4.2, 70, at(x, 0.8))])
            for i, label, x in ((1, "person", 0.2), (2, "car", 0.5), (3, "person", 0.7))]  # fmt: skip

    findings = [*tell(of, looks(many, 70)), *of.finish(70.0)]

    for key in {f.key for f in findings if f.phase == "start"}:
        phases = [f.phase for f in findings if f.key == key]
        assert phases.count("start") == 1 and phases[0] == "start"
        assert phases.count("end") == 1 and phases[-1] == "end"
    for finding in findings:
        json.dumps(dict(finding.detail))
        assert finding.kind in (of.kinds or (of.kind,))
        assert finding.started_s <= finding.time_s
        assert (finding.ended_s is not None) == (finding.phase == "end")


def test_the_example_of_the_contract_loads_as_it_stands() -> None:
    import yaml

    view = {
        "zones": {"gate": [[0.1, 0.55], [0.48, 0.52], [0.5, 0.98]]},
        "lines": {"north": {"from": [0.2, 0.6], "to": [0.8, 0.6]}},
    }

    settings = ViewSettings.model_validate({**view, **yaml.safe_load(CONTRACT)})

    assert [r.kind for r in make_rules(settings)][:2] == ["line_count", "intrusion"]
    assert settings.rules[-1].name == "tamper"
    assert NodeConfig.model_fields["cameras"]


def test_rules_know_no_clock_no_camera_and_no_network() -> None:
    forbidden = {"rtsp", "mqtt", "time", "datetime", "threading", "asyncio", "socket"}

    for path in Path(edge.rules.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & forbidden, path.name


def remembered(of: object, ids: set[int], depth: int = 0) -> list[str]:
    """Return the attributes, down to three levels, whose keys still name a track."""
    found = []
    for name, value in vars(of).items():
        if name.endswith("_ids") and isinstance(value, np.ndarray) and set(value.tolist()) & ids:
            found.append(name)
        if isinstance(value, dict) and name not in {"_causes"}:
            keys = {part for key in value for part in (key if isinstance(key, tuple) else (key,))}
            if keys & ids:
                found.append(name)
        if depth < 3 and type(value).__module__.startswith("edge.rules") and hasattr(value, "__dict__"):
            found += [f"{name}.{inner}" for inner in remembered(value, ids, depth + 1)]
    return found


def test_each_rule_stands_in_its_own_file() -> None:
    for kind, each in CATALOG.items():
        assert re.fullmatch(rf"edge\.rules\.{kind}", each.__module__)


def test_a_flicker_of_a_few_seconds_is_the_same_cause() -> None:
    of = rule("intrusion", zone="gate", after_s=1)
    path = [*stays(0, 4, at(0.5, 0.8)), *stays(7, 12, at(0.5, 0.8))]

    findings = tell(of, looks([thing(1, "person", path)], 12))

    assert len(starts(findings)) == 1
