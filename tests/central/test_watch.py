"""What central notices and forgets by itself, and a schema that is what the code believes."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from central import retention
from central.evidence import EvidenceFiles
from central.inbox import Inbox
from central.store import SchemaMismatch, Store, migrate, prepare
from central.store.tables import audit, events, incidents, metadata, nodes
from central.watch import OFFLINE_GRACE, SILENT_AFTER, Watch
from mqtt.subscriber import Received
from mqtt.wire import Status
from tests.central.support import NODE, T0, event, received


class World:
    """A watch over a store, with a clock that only moves when told."""

    def __init__(self, store, folder):
        self.now, self.connected, self.told, self.store = T0, True, [], store
        self.inbox = Inbox(store, self.told.extend, clock=lambda: self.now)
        files = EvidenceFiles(folder, store, clock=lambda: self.now)
        self.watch = Watch(
            store, self.inbox, files, lambda: self.connected, keep=timedelta(days=30), clock=lambda: self.now
        )

    def status(self, state):
        message = Status(state=state, boot_id="boot-1", version="1", at=self.now)
        self.inbox.take([Received(NODE, "status", message, b"", self.now)])

    def later(self, by):
        self.now += by
        self.watch.look()
        with self.store.read() as db:
            return [(i.kind, i.condition) for i in db.execute(sa.select(incidents.c.kind, incidents.c.condition))]


@pytest.fixture
def world(store, tmp_path):
    return World(store, tmp_path / "evidence")


def test_a_short_absence_is_no_incident(world):
    world.status("online")
    world.status("offline")

    assert [] == world.later(OFFLINE_GRACE / 2)
    world.status("online")
    assert [] == world.later(OFFLINE_GRACE * 2)


def test_a_long_absence_is_one_incident_until_the_node_is_back(world):
    world.status("online")
    world.status("offline")

    away = world.later(OFFLINE_GRACE)
    still = world.later(OFFLINE_GRACE)
    world.status("online")

    assert ([("offline", "active")], [("offline", "active")]) == (away, still)
    assert [("offline", "cleared")] == world.later(timedelta(0))


def test_a_node_that_falls_silent_without_a_will_is_noticed(world):
    world.watch.look()
    world.status("online")

    assert [] == world.later(SILENT_AFTER / 2)
    assert [("offline", "active")] == world.later(SILENT_AFTER / 2)


def test_nobody_is_called_silent_while_central_itself_hears_nothing(world):
    world.status("online")
    world.connected = False
    assert [] == world.later(SILENT_AFTER * 2)

    world.connected = True

    assert [] == world.later(SILENT_AFTER / 2)  # it has only just begun to listen again


def test_old_incidents_go_with_all_that_belongs_to_them_and_open_ones_stay(store):
    told = []
    inbox = Inbox(store, told.extend, clock=lambda: T0)
    inbox.take(received(event("start", camera="over"), event("end", time_s=5, camera="over"), event(camera="going-on")))

    gone = retention.forget(store, T0 + timedelta(days=1))

    with store.read() as db:
        left = list(db.execute(sa.select(events.c.camera)).scalars())
        cases = list(db.execute(sa.select(incidents.c.camera)).scalars())
    assert (["going-on"], ["going-on"]) == (left, cases)
    assert gone >= 1


def test_the_forgetting_happens_once_an_hour(world):
    world.watch.tidy()
    with world.store.write() as db:
        db.execute(sa.insert(audit).values(at=T0 - timedelta(days=99), who="x", action="login", detail={}))

    world.watch.tidy()
    early = _count(world.store, audit)
    world.now += timedelta(hours=1)
    world.watch.tidy()

    assert (1, 0) == (early, _count(world.store, audit))


def _count(store, table):
    with store.read() as db:
        return db.execute(sa.select(sa.func.count()).select_from(table)).scalar()


def test_the_migrations_make_the_tables_that_the_code_believes_in(store):
    with store.engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)


def test_a_database_of_a_newer_program_is_refused_in_a_sentence(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/deep/er/central.db")
    migrate(store)
    with store.write() as db:
        db.exec_driver_sql("update alembic_version set version_num = '9999'")

    with pytest.raises(SchemaMismatch, match="another version"):
        prepare(store)
    store.close()


def test_a_node_that_was_never_heard_is_never_away(world):
    assert [] == world.later(timedelta(days=1))
    assert 0 == _count(world.store, nodes)
