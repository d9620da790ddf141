"""Flows of 1, 5 and 15 minutes leave the node through the outbox, and agree with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.camera import Told
from edge.evidence import EvidenceStore
from edge.report import Reporter
from mqtt.outbox import Outbox
from mqtt.priority import RANKS
from tests.edge.rules.scenes import at, looks, rule, straight, tell, thing
from tests.edge.scenes import NOON, camera

CARS = 30
QUARTER_S = 900.0


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(tmp_path / "outbox.db")
    yield box
    box.close()


@pytest.mark.parametrize(("interval_s", "messages"), [(60, 15), (300, 3), (900, 1)])
def test_each_interval_is_one_flow_message_on_disk(
    tmp_path: Path, outbox: Outbox, interval_s: int, messages: int
) -> None:
    of = rule("line_count", line="mid", interval_s=interval_s)
    cars = [thing(n, "car", straight(t, t + 2, at(0.5, 0.3), at(0.5, 0.7))) for n, t in enumerate(range(5, 900, 30))]
    reporter = Reporter(
        site="lam-dong", node="box-01", boot_id=outbox.boot_id, outgoing=outbox, evidence=EvidenceStore(tmp_path)
    )

    findings = [*tell(of, looks(cars, QUARTER_S)), *of.finish(QUARTER_S)]
    told = [(Told(f, "it", NOON, NOON, NOON, None), None) for f in findings]
    events = reporter.report_all(camera(), told)

    waiting = outbox.after([-1] * RANKS, 100)
    total: Counter[str] = Counter()
    for event in events:
        total.update(event.data.detail["counts"]["right"])
    assert [message.id for message in waiting] == [event.id for event in events]
    assert {message.channel for message in waiting} == {"flow"}
    assert len(events) == messages
    assert total == {"car": CARS}
