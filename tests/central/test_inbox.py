"""Everything once: repeats, batches, gaps, dead letters, presence, and a store that is away."""

import sqlite3
from datetime import timedelta

import pytest
import sqlalchemy as sa

from central import presence
from central.inbox import MOST_DEAD_LETTERS, Inbox
from central.store import StoreUnavailable
from central.store.incident_rows import from_row
from central.store.tables import (
    audit,
    cameras,
    dead_letters,
    events,
    evidence_of,
    flows,
    incidents,
    nodes,
    sequences,
)
from mqtt.subscriber import DeadLetter, Received
from mqtt.wire import Health, Status
from tests.central.support import NODE, T0, at, event, received


@pytest.fixture
def told():
    return []


@pytest.fixture
def inbox(store, told):
    return Inbox(store, told.extend, clock=lambda: T0)


def rows(store, table):
    with store.read() as db:
        return [dict(row) for row in db.execute(sa.select(table)).mappings()]


def status(state="online", boot="boot-1", when=T0, retained=False):
    message = Status(state=state, boot_id=boot, version="0.1.0", at=when)
    return Received(NODE, "status", message, b"", when, retained)


def health(boot="boot-1", when=T0, last_seq=0, names=("cam-01",)):
    body = {
        "at": when, "boot_id": boot, "version": "0.1.0", "outbox": {"last_seq": last_seq},
        "cameras": {name: {"name": f"Camera {name}", "area": "24848", "fps_in": 25} for name in names},
    }  # fmt: skip
    return Received(NODE, "health", Health.model_validate(body), b"", when)


def test_an_event_that_comes_again_is_stored_once(inbox, store, told):
    batch = received(event("start"), event("end", time_s=9))

    inbox.take(batch)
    inbox.take(batch + batch)

    assert 2 == len(rows(store, events))
    assert [2] == [row["event_count"] for row in rows(store, incidents)]
    assert (2, 4, 1) == (inbox.stored, inbox.repeated, len(told))


def test_a_batch_becomes_one_change_for_each_incident(inbox, told):
    inbox.take(received(event(), event("update", time_s=1), event(camera="cam-02")))

    assert [1, 2] == [change["cursor"] for change in told]
    assert ["Phường" in str(change["incident"]["area_name"]) for change in told] == [False, False]


def test_what_was_two_incidents_becomes_one_with_all_its_events(inbox, store, told):
    inbox.take(received(event("start"), event("end", time_s=1), event(started=600)))
    inbox.take(received(event(started=300)))

    alive = [row for row in rows(store, incidents) if row["merged_into"] is None]
    gone = [row for row in rows(store, incidents) if row["merged_into"]]

    assert [4] == [row["event_count"] for row in alive]
    assert [alive[0]["id"]] == [row["merged_into"] for row in gone]
    assert {alive[0]["id"]} == {row["incident_id"] for row in rows(store, events)}
    assert ["absorbed"] == [row["action"] for row in rows(store, audit)]
    assert {None, alive[0]["id"]} == {change["incident"]["merged_into"] for change in told[2:]}


def test_two_incidents_of_one_batch_that_a_third_event_joins_leave_no_trace(inbox, store):
    inbox.take(received(event("start"), event("end", time_s=1), event(started=600), event(started=300)))

    [incident] = rows(store, incidents)

    assert 4 == incident["event_count"]
    assert {incident["id"]} == {row["incident_id"] for row in rows(store, events)}


def test_what_never_came_is_counted_until_it_comes(inbox, store):
    inbox.take(received(*(event(seq=n, started=n) for n in (1, 2, 5))))
    inbox.take([health(last_seq=7)])
    before = rows(store, sequences)[0]["missing_count"]

    inbox.take(received(event(seq=4), event(seq=6)))

    assert (4, 2) == (before, rows(store, sequences)[0]["missing_count"])


def test_counts_of_traffic_are_kept_by_interval_and_are_no_incident(inbox, store):
    detail = {"line": "north", "counts": {"left": {"car": 3}, "right": {"motorcycle": 41, "bus": 1}}}

    inbox.take(
        received(event("end", time_s=60, kind="traffic.line_count", detail=detail, line="north"), channel="flow")
    )

    assert [("left", "car", 3), ("right", "motorcycle", 41), ("right", "bus", 1)] == [
        (row["direction"], row["label"], row["count"]) for row in rows(store, flows)
    ]
    assert ([], 1) == (rows(store, incidents), len(rows(store, events)))


@pytest.mark.parametrize("counts", [None, 7, {"left": 3}, {"left": {"car": "many"}}, {"left": {"car": -1}}])
def test_a_flow_with_odd_counts_is_stored_and_counts_nothing(inbox, store, counts):
    inbox.take(received(event("end", kind="traffic.line_count", detail={"counts": counts}), channel="flow"))

    assert ([], 1) == (rows(store, flows), len(rows(store, events)))


def test_a_picture_named_twice_in_one_event_is_listed_once(inbox, store):
    shot = {"role": "snapshot", "sha256": "a" * 64, "media_type": "image/jpeg", "bytes": 9}

    inbox.take(received(event(evidence=[shot, shot])))

    assert ["a" * 64] == [row["sha256"] for row in rows(store, evidence_of)]


def test_dead_letters_keep_their_reason_and_are_bounded(inbox, store, monkeypatch):
    monkeypatch.setattr("central.inbox.MOST_DEAD_LETTERS", 3)

    for n in range(5):
        inbox.bury(DeadLetter("ioc/v1/a/b/event", f"reason {n}", b"x" * 100_000, T0))

    assert 3 < MOST_DEAD_LETTERS
    assert ["reason 2", "reason 3", "reason 4"] == [row["reason"] for row in rows(store, dead_letters)]
    assert {65_536} == {len(row["payload"]) for row in rows(store, dead_letters)}


def test_health_names_the_cameras_and_forgets_those_that_are_gone(inbox, store):
    inbox.take([health(names=("cam-01", "cam-02"))])
    inbox.take([health(names=("cam-02",))])

    assert ["Camera cam-02"] == [row["name"] for row in rows(store, cameras)]


def test_a_node_that_starts_anew_ends_what_it_watched_before(inbox, store):
    inbox.take([status(boot="boot-1"), *received(event(boot="boot-1"))])
    inbox.take([status(boot="boot-2", when=at(60))])
    inbox.take(received(event("update", boot="boot-1", time_s=50)))

    [row] = rows(store, incidents)

    assert "cleared" == row["condition"]
    assert at(60) == from_row(row).ended_at


def test_health_that_overtakes_the_birth_ends_what_was_watched_before_as_well(inbox, store):
    inbox.take([status(boot="boot-1"), *received(event(boot="boot-1"))])
    inbox.take([health(boot="boot-2", when=at(60))])
    inbox.take([status(boot="boot-2", when=at(59))])

    assert ["cleared"] == [row["condition"] for row in rows(store, incidents)]


def test_the_late_will_of_an_earlier_life_says_nothing_about_this_one(inbox, store):
    inbox.take([status(boot="boot-1"), status(boot="boot-2", when=at(5))])
    inbox.take([status("offline", boot="boot-1")])

    assert ["online"] == [row["state"] for row in rows(store, nodes)]


def test_a_node_that_died_is_an_incident_until_it_is_back(inbox, store):
    inbox.take([status()])
    inbox.take([status("offline")])
    with store.read() as db:
        [away] = presence.silent_nodes(db, offline_before=at(30), silent_before=T0 - timedelta(days=1))
    inbox.take_absence(away)
    inbox.take_absence(away)
    while_away = rows(store, incidents)[0]

    inbox.take([status(when=at(60))])

    [back] = rows(store, incidents)
    assert ("node", "offline", "active") == (while_away["category"], while_away["kind"], while_away["condition"])
    assert ("cleared", None) == (back["condition"], rows(store, nodes)[0]["reported_at"])
    assert [] == rows(store, sequences)  # central's own events are no part of the node's numbers


def test_a_retained_status_says_nothing_about_now(inbox, store):
    inbox.take([status(when=T0 - timedelta(days=1), retained=True)])

    assert T0 - timedelta(days=1) == rows(store, nodes)[0]["heard_at"]


def test_a_locked_store_keeps_nothing_says_so_and_recovers_by_itself(inbox, store, told, monkeypatch):
    batch = received(event())
    other = sqlite3.connect(store.url.database, isolation_level=None)
    other.execute("begin immediate")
    with store.engine.connect() as connection:
        connection.exec_driver_sql("pragma busy_timeout = 50")

    with pytest.raises(StoreUnavailable):
        inbox.take(batch)
    trouble = inbox.trouble
    other.execute("rollback")
    other.close()
    inbox.take(batch)

    assert "locked" in str(trouble)
    assert (None, 1, 1) == (inbox.trouble, len(rows(store, events)), len(told))


def test_a_full_disk_keeps_nothing_and_recovers_by_itself(inbox, store):
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar()
    with store.engine.connect() as connection:
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")
    batch = received(*(event(camera=f"cam-{n}") for n in range(400)))

    with pytest.raises(StoreUnavailable, match="full"):
        inbox.take(batch)
    kept = len(rows(store, events))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("pragma max_page_count = 1000000")
    inbox.take(batch)

    assert (0, 400) == (kept, len(rows(store, events)))
