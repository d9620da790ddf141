"""The outbox: numbered without gaps, on disk before anything else, bounded with a counted loss."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from common.config import ConfigError
from mqtt.event import Event
from mqtt.outbox import Outbox
from mqtt.outbox_file import OutboxFile, Pending
from mqtt.priority import RANKS
from tests.mqtt.support import ROOT, make_event

OpenBox: TypeAlias = Callable[..., Outbox]
FROM_THE_START = [0] * RANKS


def put(box: Outbox, **what: object) -> Event:
    return box.put(lambda seq: make_event(seq, box.boot_id, **what))


def waiting(box: Outbox) -> list[str]:
    return [p.id for p in box.after(FROM_THE_START, 10_000)]


@pytest.fixture
def open_box() -> Iterator[OpenBox]:
    """Opens outboxes and closes them after the test."""
    boxes: list[Outbox] = []

    def opened(path: Path, **settings: object) -> Outbox:
        boxes.append(Outbox(path, **settings))
        return boxes[-1]

    yield opened
    for box in boxes:
        box.close()


class Hand:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_events_are_numbered_from_one_without_gaps(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")

    events = [put(box) for _ in range(3)] + box.put_many([lambda seq: make_event(seq, box.boot_id)] * 2)

    assert [event.data.seq for event in events] == [1, 2, 3, 4, 5]
    assert [event.id for event in events] == waiting(box)


def test_an_event_that_could_not_be_made_uses_up_no_number(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")

    def fails(seq: int) -> Event:
        raise LookupError("no such camera")

    with pytest.raises(LookupError):
        box.put_many([lambda seq: make_event(seq, box.boot_id), fails])

    assert put(box).data.seq == 2
    assert len(waiting(box)) == 2


def test_an_event_with_another_number_or_boot_is_refused(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")

    with pytest.raises(ValueError, match="must carry seq 1"):
        box.put(lambda seq: make_event(seq + 1, box.boot_id))
    with pytest.raises(ValueError, match="boot_id"):
        box.put(lambda seq: make_event(seq, "another boot"))

    assert put(box).data.seq == 1


def test_an_event_too_large_to_be_sent_is_refused_before_it_is_numbered(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")

    with pytest.raises(ValueError, match="larger than"):
        put(box, detail={"note": "x" * 300_000})

    assert put(box).data.seq == 1


def test_many_threads_share_the_numbers_and_the_writes(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")
    seen: list[int] = []

    def camera() -> None:
        seen.extend(put(box).data.seq for _ in range(25))

    threads = [threading.Thread(target=camera) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(range(1, 201)) == sorted(seen)
    assert 200 == len(waiting(box)) == box.health().depth


def test_each_start_has_a_new_boot_and_keeps_what_was_not_confirmed(open_box: OpenBox, tmp_path: Path) -> None:
    first = open_box(tmp_path / "o.db")
    old = [put(first).id for _ in range(3)]
    first.delivered(old[:1])
    first.close()

    again = open_box(tmp_path / "o.db")

    assert first.boot_id != again.boot_id
    assert put(again).data.seq == 1
    assert old[1:] == waiting(again)[:2]


def test_what_put_returned_survives_a_kill(open_box: OpenBox, tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[2]);"
        "from pathlib import Path; from mqtt.outbox import Outbox; from tests.mqtt.support import make_event;"
        "box = Outbox(Path(sys.argv[1]));\n"
        "while True: print(box.put(lambda seq: make_event(seq, box.boot_id)).id, flush=True)"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "o.db", ROOT], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    promised = [writer.stdout.readline().strip() for _ in range(20)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()

    assert promised == waiting(open_box(tmp_path / "o.db"))[:20]


def test_another_process_cannot_share_an_outbox(open_box: OpenBox, tmp_path: Path) -> None:
    mine = open_box(tmp_path / "o.db")

    with pytest.raises(ConfigError, match="another process uses this outbox"):
        open_box(tmp_path / "o.db")
    mine.close()

    open_box(tmp_path / "o.db").close()


def test_a_confirmation_of_something_unknown_is_no_error(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")
    event = put(box)

    box.delivered(["never heard of", event.id])
    box.delivered([event.id])

    assert waiting(box) == []
    assert 0 == box.health().depth == box.health().bytes


def test_smoke_and_security_leave_first_and_each_rank_in_order(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")
    flow = put(box, kind="traffic.line_count", severity="info").id
    jam = put(box, kind="traffic.congestion", severity="medium").id
    theft, prowler = put(box).id, put(box, severity="low").id
    smoke = put(box, kind="wildfire.smoke", severity="medium").id

    assert [smoke, theft, prowler, jam, flow] == waiting(box)


def test_the_least_important_is_given_up_first_and_counted_by_kind(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db", keep_events=4)
    smoke = [put(box, kind="wildfire.smoke").id for _ in range(2)]
    theft = put(box).id
    for _ in range(3):
        put(box, kind="traffic.line_count", severity="info")
    prowler = put(box, phase="update").id
    fire = put(box, kind="wildfire.flame").id

    assert [*smoke, fire, theft] == waiting(box)
    assert box.health().discarded == {"line_count": 3, "intrusion": 1}
    assert prowler not in waiting(box)


def test_the_bound_in_bytes_holds_too(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db", keep_bytes=20_000)
    for _ in range(30):
        put(box, detail={"note": "x" * 2_000})

    health = box.health()

    assert health.bytes <= 20_000
    assert health.depth + health.discarded["intrusion"] == 30


def test_events_are_given_up_to_the_bound_even_if_they_were_there_before_the_start(
    open_box: OpenBox, tmp_path: Path
) -> None:
    wide = open_box(tmp_path / "o.db")
    wide.put_many([lambda seq: make_event(seq, wide.boot_id)] * 50)
    wide.close()

    narrow = open_box(tmp_path / "o.db", keep_events=10)
    put(narrow)

    assert len(waiting(narrow)) == 10


def test_a_full_disk_makes_events_wait_in_memory_and_loses_none(open_box: OpenBox, tiny_disk: Path) -> None:
    hand = Hand()
    box = open_box(tiny_disk / "o.db", monotonic=hand)
    ballast = tiny_disk / "ballast"
    early = put(box).id
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 1024)

    late = [put(box, detail={"note": "x" * 5_000}).id for _ in range(60)]

    assert [early, *late] == waiting(box)
    assert box.health().trouble is not None
    assert box.health().in_memory > 0

    ballast.unlink()
    hand.now_s += 2.0
    box.delivered(late[30:])
    box.tend()

    assert (box.health().trouble, box.health().in_memory) == (None, 0)
    assert [early, *late[:30]] == waiting(box)
    assert put(box).data.seq == 62
    box.close()


def test_memory_is_bounded_too_while_the_disk_is_away(open_box: OpenBox, tmp_path: Path) -> None:
    blocked = tmp_path / "o.db"
    blocked.mkdir()  # not a file that could be opened
    hand = Hand()
    box = open_box(blocked, keep_in_memory=3, monotonic=hand)
    for _ in range(3):
        put(box, kind="traffic.line_count", severity="info")
    smoke, theft = put(box, kind="wildfire.smoke").id, put(box).id

    assert [smoke, theft] == waiting(box)[:2]
    assert box.health().discarded == {"line_count": 2}

    blocked.rmdir()
    hand.now_s += 2.0
    box.tend()

    assert [smoke, theft] == waiting(box)[:2]
    assert box.health().in_memory == 0


def test_events_of_an_older_boot_and_those_put_before_the_file_could_be_opened_are_both_kept(
    open_box: OpenBox, tmp_path: Path
) -> None:
    path, hidden = tmp_path / "o.db", tmp_path / "hidden.db"
    first = open_box(path)
    old = [put(first).id for _ in range(3)]
    first.close()
    path.rename(hidden)
    path.mkdir()
    hand = Hand()
    box = open_box(path, monotonic=hand)
    new = [put(box).id for _ in range(5)]
    generation = box.generation

    path.rmdir()
    hidden.rename(path)
    hand.now_s += 2.0
    box.tend()

    assert [*old, *new] == waiting(box)
    assert generation < box.generation


def test_a_file_that_is_no_database_is_moved_aside_and_counted(open_box: OpenBox, tmp_path: Path) -> None:
    (tmp_path / "o.db").write_bytes(b"this was never a database" * 400)

    box = open_box(tmp_path / "o.db")
    event = put(box).id

    assert [event] == waiting(box)
    assert box.health().dead_files == 1
    assert len(list(tmp_path.glob("o.dead-*.db"))) == 1


def test_damage_while_running_is_survived_and_what_can_be_read_is_saved(open_box: OpenBox, tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    box = open_box(path)
    ids = [e.id for e in box.put_many([lambda seq: make_event(seq, box.boot_id, detail={"n": "x" * 900})] * 300)]
    with sqlite3.connect(path) as other:
        other.execute("pragma wal_checkpoint(truncate)")
    other.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(16 * 4096))

    later = [put(box, detail={"n": "x" * 900}).id for _ in range(3)]
    for _ in range(3):  # reading may be what finds the damage
        waiting(box)
        box.tend()
    box.delivered(ids[:1])
    later.append(put(box).id)

    left = waiting(box)
    assert box.health().dead_files == 1
    assert later == left[-4:]
    assert len(left) > 100  # what was not under the damage
    assert box.health().trouble is None


def test_only_the_newest_dead_files_are_kept(open_box: OpenBox, tmp_path: Path) -> None:
    ticks = iter(range(1_000_000))
    for _ in range(5):
        (tmp_path / "o.db").write_bytes(b"garbage" * 1_000)
        open_box(tmp_path / "o.db", clock=lambda: 1e9 + next(ticks)).close()

    assert len(list(tmp_path.glob("o.dead-*.db"))) == 3


def test_health_tells_how_long_the_oldest_has_waited(open_box: OpenBox, tmp_path: Path) -> None:
    wall = Hand()
    box = open_box(tmp_path / "o.db", clock=wall)
    put(box)
    wall.now_s += 90.0
    put(box)

    assert (box.health().depth, box.health().oldest_age_s, box.health().last_seq) == (2, 90.0, 2)


def test_the_marks_make_reading_go_on_where_it_stopped(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")
    ids = [put(box).id for _ in range(5)]
    marks = [0] * RANKS
    read = []
    while batch := box.after(marks, 2):
        read += [p.id for p in batch]
        for pending in batch:
            marks[pending.rank] = pending.row

    assert ids == read


def test_the_disk_space_of_a_long_outage_is_given_back(open_box: OpenBox, tmp_path: Path) -> None:
    box = open_box(tmp_path / "o.db")
    ids = [e.id for e in box.put_many([lambda seq: make_event(seq, box.boot_id, detail={"n": "x" * 200_000})] * 120)]

    box.delivered(ids)
    put(box)
    box.close()

    assert (tmp_path / "o.db").stat().st_size < 2**20


def test_cameras_that_report_at_one_instant_share_a_write(open_box: OpenBox, tmp_path: Path) -> None:
    writes: list[int] = []
    first_is_writing, all_wait = threading.Event(), threading.Event()

    class Slow(OutboxFile):
        """Holds the first write up until seven more wait."""

        def insert(self, batch: Sequence[Pending]) -> None:
            if batch:
                writes.append(len(batch))
                first_is_writing.set()
                all_wait.wait(5.0)
            super().insert(batch)

    box = open_box(tmp_path / "o.db", open_file=Slow)
    numbered = [threading.Event() for _ in range(8)]

    def camera(n: int) -> None:
        def make(seq: int) -> Event:
            numbered[n].set()
            return make_event(seq, box.boot_id)

        box.put(make)

    threads = [threading.Thread(target=camera, args=(n,)) for n in range(8)]
    threads[0].start()
    first_is_writing.wait(5.0)
    for thread, told in zip(threads[1:], numbered[1:], strict=True):
        thread.start()
        told.wait(5.0)
    with box._door:  # the last one has left the door, so it waits for the disk
        all_wait.set()
    for thread in threads:
        thread.join(5.0)

    assert writes == [1, 7]
    assert len(waiting(box)) == 8
