"""Whatever happens to an outbox, in whatever order: nothing that was put and not confirmed is missing."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mqtt.outbox import Outbox
from mqtt.outbox_file import DiskTrouble, OutboxFile, Pending
from mqtt.priority import RANKS
from tests.mqtt.support import make_event

KINDS = ["wildfire.smoke", "security.intrusion", "traffic.congestion", "traffic.line_count"]


class Disk:
    """Full, or broken, or well, as it is told."""

    def __init__(self) -> None:
        self.full = self.broken = False

    def open(self, path: Path) -> OutboxFile:
        if self.broken:
            raise DiskTrouble("input/output error")
        return FileOn(self, path)

    def check(self) -> None:
        if self.full:
            raise DiskTrouble("database or disk is full", full=True)
        if self.broken:
            raise DiskTrouble("input/output error")


class FileOn(OutboxFile):
    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        super().__init__(path)

    def insert(self, batch: Sequence[Pending]) -> None:
        self._disk.check()
        super().insert(batch)

    def delete(self, ids: Sequence[str]) -> tuple[int, int]:
        self._disk.check()
        return super().delete(ids)


class OutboxByChance(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.disk, self.now_s = Disk(), 0.0
        self.expected: dict[str, int] = {}  # id → rank
        self.box = self.opened()
        self.next_seq = 1
        self.marks = [0] * RANKS
        self.seen: list[str] = []
        self.generation = self.box.generation

    def opened(self) -> Outbox:
        path = Path(self.folder.name) / "o.db"
        return Outbox(path, monotonic=lambda: self.now_s, open_file=self.disk.open)

    @rule(kind=st.sampled_from(KINDS), count=st.integers(1, 4))
    def put(self, kind: str, count: int) -> None:
        for event in self.box.put_many([lambda seq: make_event(seq, self.box.boot_id, kind=kind)] * count):
            assert event.data.seq == self.next_seq
            self.next_seq += 1
            self.expected[event.id] = KINDS.index(kind)

    @rule(seed=st.integers(0, 2**32), share=st.floats(0, 1))
    def confirm(self, seed: int, share: float) -> None:
        gone = [i for i in self.expected if random.Random(f"{seed}{i}").random() < share]
        self.box.delivered([*gone, "unknown"])
        for event_id in gone:
            del self.expected[event_id]

    @rule()
    def time_passes(self) -> None:
        self.now_s += 2.0
        self.box.tend()

    @rule(how=st.sampled_from(["full", "broken"]))
    def disk_fails(self, how: str) -> None:
        setattr(self.disk, how, True)

    @rule()
    def disk_heals(self) -> None:
        self.disk.full = self.disk.broken = False
        self.now_s += 2.0
        self.box.tend()
        assert self.box.health().in_memory == 0
        assert self.box.health().trouble is None

    @precondition(lambda self: not (self.disk.full or self.disk.broken))
    @rule()
    def start_again(self) -> None:
        self.box.close()
        self.box, self.next_seq = self.opened(), 1
        self.forget_marks()

    @rule(limit=st.integers(1, 5))
    def read_on(self, limit: int) -> None:
        if self.generation != self.box.generation:
            self.forget_marks()
        for pending in self.box.after(self.marks, limit):
            self.marks[pending.rank] = pending.row
            self.seen.append(pending.id)

    def forget_marks(self) -> None:
        self.marks, self.seen, self.generation = [0] * RANKS, [], self.box.generation

    @invariant()
    def nothing_is_missing(self) -> None:
        waiting = self.box.after([0] * RANKS, 10_000)
        if not self.disk.broken:  # what is on a broken disk can't be read now
            assert {p.id for p in waiting} == self.expected.keys()
            assert self.box.health().depth == len(self.expected)
        assert [p.rank for p in waiting] == sorted(p.rank for p in waiting)

    @invariant()
    def reading_on_misses_nothing(self) -> None:
        if self.disk.broken or self.generation != self.box.generation:
            return
        ahead = {p.id for p in self.box.after(self.marks, 10_000)}
        assert self.expected.keys() <= ahead | set(self.seen)

    def teardown(self) -> None:
        self.box.close()
        self.folder.cleanup()


OutboxByChance.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestOutboxByChance = OutboxByChance.TestCase
