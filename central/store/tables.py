"""The tables of central, as SQLAlchemy Core sees them. Alembic's migrations make them."""

from __future__ import annotations

import sqlalchemy as sa

from central.store.columns import Document, UtcTime

metadata = sa.MetaData()

_Cursor = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers rows only in an INTEGER key

events = sa.Table(
    "events",
    metadata,
    sa.Column("cursor", _Cursor, primary_key=True, autoincrement=True),  # order of storage
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("site", sa.String(63), nullable=False),
    sa.Column("node", sa.String(63), nullable=False),
    sa.Column("camera", sa.String(63)),
    sa.Column("category", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("phase", sa.String(8), nullable=False),
    sa.Column("boot_id", sa.String(200), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("time", UtcTime, nullable=False),
    sa.Column("stored_at", UtcTime, nullable=False),
    sa.Column("incident_id", sa.String(36), index=True),  # null for flows
    sa.Column("body", Document, nullable=False),  # the whole CloudEvent as it came
    sa.Index("events_by_age", "stored_at"),
    sqlite_autoincrement=True,
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),  # what people say on the telephone
    sa.Column("key", sa.String(500), nullable=False),
    sa.Column("category", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("site", sa.String(63), nullable=False),
    sa.Column("node", sa.String(63), nullable=False),
    sa.Column("camera", sa.String(63)),
    sa.Column("area", sa.String(200)),
    sa.Column("severity", sa.String(8), nullable=False),
    sa.Column("condition", sa.String(8), nullable=False),
    sa.Column("handling", sa.String(16), nullable=False),
    sa.Column("handled_at", UtcTime),
    sa.Column("assignee", sa.String(200)),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("last_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("opened_at", UtcTime, nullable=False),  # when central first heard of it
    sa.Column("facts", Document, nullable=False),  # everything else that merging knows
    sa.Column("event_count", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False, unique=True),  # cursor of the latest change
    sa.Column("merged_into", sa.String(36)),
    sa.Index("incidents_by_key", "key", "last_at"),
    sa.Index("incidents_by_handling", "handling", "number"),
    sa.Index("incidents_active", "node", "condition"),
    sa.Index("incidents_by_age", "last_at"),
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

flows = sa.Table(
    "flows",
    metadata,
    sa.Column("event_id", sa.String(36), primary_key=True),
    sa.Column("direction", sa.String(32), primary_key=True),
    sa.Column("label", sa.String(200), primary_key=True),
    sa.Column("site", sa.String(63), nullable=False),
    sa.Column("node", sa.String(63), nullable=False),
    sa.Column("camera", sa.String(63), nullable=False),
    sa.Column("line", sa.String(200), nullable=False),
    sa.Column("from_at", UtcTime, nullable=False),
    sa.Column("to_at", UtcTime, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Index("flows_by_time", "to_at"),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("media_type", sa.String(32), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("stored_at", UtcTime, nullable=False, index=True),
)

evidence_of = sa.Table(  # which incidents a picture proves
    "evidence_of",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("event_id", sa.String(36), primary_key=True),
    sa.Column("incident_id", sa.String(36), nullable=False, index=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("media_type", sa.String(32), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

sequences = sa.Table(  # what each boot of each node has sent, and what of it never came
    "sequences",
    metadata,
    sa.Column("site", sa.String(63), primary_key=True),
    sa.Column("node", sa.String(63), primary_key=True),
    sa.Column("boot_id", sa.String(200), primary_key=True),
    sa.Column("highest", sa.BigInteger, nullable=False),
    sa.Column("missing", Document, nullable=False),  # [[first, last], …]
    sa.Column("missing_count", sa.BigInteger, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
)

nodes = sa.Table(
    "nodes",
    metadata,
    sa.Column("site", sa.String(63), primary_key=True),
    sa.Column("node", sa.String(63), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),  # online | offline | unknown
    sa.Column("since", UtcTime, nullable=False),  # of the state, by the node's own word
    sa.Column("heard_at", UtcTime, nullable=False),  # by central's clock
    sa.Column("boot_id", sa.String(200)),
    sa.Column("version", sa.String(200)),
    sa.Column("reported_at", UtcTime),  # start of the offline incident, while one is open
    sa.Column("health", Document),
)

cameras = sa.Table(
    "cameras",
    metadata,
    sa.Column("site", sa.String(63), primary_key=True),
    sa.Column("node", sa.String(63), primary_key=True),
    sa.Column("camera", sa.String(63), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("area", sa.String(200)),
    sa.Column("position", Document),
    sa.Column("heard_at", UtcTime, nullable=False),
    sa.Column("health", Document),
)

weather = sa.Table(  # each commune's day, and the fire danger that follows from it and the days before
    "weather",
    metadata,
    sa.Column("area", sa.String(10), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("temperature_c", sa.Float, nullable=False),
    sa.Column("humidity", sa.Float, nullable=False),
    sa.Column("rain_mm", sa.Float, nullable=False),
    sa.Column("danger_index", sa.Float, nullable=False),
    sa.Column("missing_days", sa.Integer, nullable=False),  # without weather since the index began at 0
    sa.Column("level", sa.String(3), nullable=False),
    sa.Column("told_at", UtcTime, nullable=False, index=True),
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("cursor", _Cursor, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("topic", sa.String(500), nullable=False),
    sa.Column("reason", sa.String(1000), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),  # its first 64 KiB
    sqlite_autoincrement=True,
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("password_hash", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("user_name", sa.String(64), nullable=False, index=True),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

nuisance_removals = sa.Table(  # areas that operators said were no nuisance; verdicts from before count no more
    "nuisance_removals",
    metadata,
    sa.Column("cursor", _Cursor, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False, index=True),
    sa.Column("who", sa.String(64), nullable=False),
    sa.Column("site", sa.String(63), nullable=False),
    sa.Column("node", sa.String(63), nullable=False),
    sa.Column("camera", sa.String(63), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("box", Document, nullable=False),  # x0 y0 x1 y1
    sqlite_autoincrement=True,
)

audit = sa.Table(  # who did what; the rows of one incident are its history
    "audit",
    metadata,
    sa.Column("cursor", _Cursor, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False, index=True),
    sa.Column("who", sa.String(64), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("incident_id", sa.String(36), index=True),
    sa.Column("detail", Document, nullable=False),
    sqlite_autoincrement=True,
)
