"""The same store on PostgreSQL, shared by several aggregators. Set IOC_TEST_POSTGRES to an empty database's URL."""

import os
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from central import retention, views
from central.inbox import Inbox
from central.store import SchemaMismatch, Store, migrate, prepare
from central.store.tables import events, incidents, metadata, nodes
from mqtt.subscriber import DeadLetter, Received
from mqtt.wire import Health
from tests.central.support import NODE, T0, event, received

URL = os.environ.get("IOC_TEST_POSTGRES", "")

pytestmark = pytest.mark.skipif(
    not URL, reason="no PostgreSQL to test with (set IOC_TEST_POSTGRES to a database's URL)"
)


@pytest.fixture
def store():
    made = Store(URL)
    with made.engine.begin() as connection:
        connection.execute(sa.text("drop schema public cascade"))
        connection.execute(sa.text("create schema public"))
    yield made
    made.close()


@pytest.fixture
def migrated(store):
    migrate(store)
    return store


def test_a_shared_database_is_not_migrated_by_the_way(store):
    with pytest.raises(SchemaMismatch, match="ioc central migrate"):
        prepare(store)

    migrate(store)

    prepare(store)
    with store.engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)


def test_everything_is_stored_once_and_merged(migrated):
    told = []
    inbox = Inbox(migrated, told.extend)
    batch = received(event("start"), event("end", time_s=1), event(started=600), event(started=300))

    inbox.take(batch)
    inbox.take(batch)
    inbox.bury(DeadLetter("t", "r", b"p", T0))
    inbox.take(
        [
            Received(
                NODE,
                "health",
                Health.model_validate({"at": T0, "boot_id": "b", "version": "1", "cameras": {"c": {}}}),
                b"",
                T0,
            )
        ]
    )

    with migrated.read() as db:
        assert [4] == [row.event_count for row in db.execute(sa.select(incidents))]
        assert 4 == db.execute(sa.select(sa.func.count()).select_from(events)).scalar()
        assert 1 == len(list(db.execute(sa.select(nodes))))
        found = views.select_incidents().where(views.mentions("CAM-0"), views.area_is("24848"))
        assert 1 == len(views.incidents(db, found, {}))
    assert 0 < retention.forget(migrated, T0 + timedelta(days=9_999))


def test_two_aggregators_at_once_make_one_incident_of_one_cause(migrated):
    inboxes = [Inbox(Store(URL), lambda changes: None) for _ in range(2)]
    told = [event("update", started=0, time_s=n) for n in range(100)]

    def work(inbox, mine):
        for one in mine:
            inbox.take(received(one))

    threads = [
        threading.Thread(target=work, args=(inbox, told[n:] + told[:n]))
        for n, inbox in zip((0, 50), inboxes, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with migrated.read() as db:
        assert [100] == [row.event_count for row in db.execute(sa.select(incidents))]
    assert (100, 100) == (sum(i.stored for i in inboxes), sum(i.repeated for i in inboxes))
    for inbox in inboxes:
        inbox._store.close()
