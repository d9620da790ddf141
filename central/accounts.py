"""People and machines: who may come in, and as what. Nothing here is kept in a form that a thief could use."""

from __future__ import annotations

import functools
import hashlib
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from central.inbox import now_utc
from central.store import Store
from central.store.tables import audit, sessions, tokens, users

UserRole: TypeAlias = Literal["viewer", "operator", "admin"]
TokenRole: TypeAlias = Literal["node", "reader"]
USER_ROLES: Final[tuple[UserRole, ...]] = ("viewer", "operator", "admin")
TOKEN_ROLES: Final[tuple[TokenRole, ...]] = ("node", "reader")
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200
SESSION_LASTS: Final = timedelta(hours=12)  # a shift and its hand-over

_NAME = re.compile(r"^[\w.@-]{1,64}$")
_HASHER = PasswordHasher()  # argon2id with the library's present defaults
_ONE_BY_ONE = threading.Semaphore(2)  # each verification takes 64 MiB: a flood of logins must not


class AccountError(Exception):
    """What was asked for cannot be done with accounts; the message says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `csrf` is set for people with a session, who have to repeat it on every change."""

    name: str
    role: UserRole | TokenRole
    csrf: str | None = None

    @property
    def is_machine(self) -> bool:
        return self.role in TOKEN_ROLES


@dataclass(frozen=True, slots=True)
class Session:
    """A fresh session; `token` goes into the cookie and is not stored anywhere else."""

    token: str
    identity: Identity
    expires_at: datetime


def ensure_user(store: Store, name: str, role: UserRole) -> str | None:
    """Make the user if there is none of that name. Return the generated password, or None when they exist."""
    with store.read() as db:
        if db.execute(sa.select(users.c.name).where(users.c.name == name)).first() is not None:
            return None
    password = generate_password()
    add_user(store, name, role, password)
    return password


def generate_password() -> str:
    """Return about 80 random bits in groups that can be read out over the telephone."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def add_user(store: Store, name: str, role: UserRole, password: str) -> None:
    """Raise AccountError for a name that is taken or no name, and for a password that is too short."""
    if not _NAME.match(name):
        raise AccountError(f"{name!r} is no user name: up to 64 letters, digits and . _ @ -")
    hashed = _hash(password)
    with store.write() as db:
        if db.execute(sa.select(users.c.name).where(users.c.name == name)).first() is not None:
            raise AccountError(f"there is a user {name!r} already")
        db.execute(sa.insert(users).values(name=name, password_hash=hashed, role=role, created_at=now_utc()))
        note(db, "system", "user_added", {"user": name, "role": role})


def set_password(store: Store, name: str, password: str) -> None:
    """Change a password and end every session of that user."""
    hashed = _hash(password)
    with store.write() as db:
        changed = db.execute(sa.update(users).where(users.c.name == name).values(password_hash=hashed)).rowcount
        if not changed:
            raise AccountError(f"there is no user {name!r}")
        db.execute(sa.delete(sessions).where(sessions.c.user_name == name))
        note(db, "system", "password_set", {"user": name})


def remove_user(store: Store, name: str) -> None:
    with store.write() as db:
        if not db.execute(sa.delete(users).where(users.c.name == name)).rowcount:
            raise AccountError(f"there is no user {name!r}")
        db.execute(sa.delete(sessions).where(sessions.c.user_name == name))
        note(db, "system", "user_removed", {"user": name})


def list_users(store: Store) -> list[dict[str, Any]]:
    with store.read() as db:
        rows = db.execute(sa.select(users.c.name, users.c.role, users.c.created_at).order_by(users.c.name)).mappings()
        return [dict(row) for row in rows]


def make_token(store: Store, name: str, role: TokenRole) -> str:
    """Return a new token for a machine; one of the same name stops working."""
    if not _NAME.match(name):
        raise AccountError(f"{name!r} is no name for a token: up to 64 letters, digits and . _ @ -")
    token = f"ioc_{secrets.token_urlsafe(32)}"
    with store.write() as db:
        db.execute(sa.delete(tokens).where(tokens.c.name == name))
        db.execute(sa.insert(tokens).values(name=name, token_hash=_digest(token), role=role, created_at=now_utc()))
        note(db, "system", "token_made", {"token": name, "role": role})
    return token


class Accounts:
    """Checks passwords, sessions and tokens for the API."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = now_utc) -> None:
        self._store = store
        self._clock = clock

    @functools.cached_property
    def _decoy(self) -> str:
        """What an unknown name is checked against, so that it takes as long as a wrong password."""
        return _HASHER.hash(secrets.token_hex())

    def log_in(self, name: str, password: str) -> Session | None:
        """Return a new session, or None for a wrong name or password, after the same time."""
        with self._store.read() as db:
            row = db.execute(sa.select(users).where(users.c.name == name)).mappings().first()
        if not _verify(row["password_hash"] if row else self._decoy, password) or row is None:
            return None
        now, token, csrf = self._clock(), secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        with self._store.write() as db:
            db.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
            db.execute(
                sa.insert(sessions).values(
                    token_hash=_digest(token),
                    user_name=name,
                    csrf=csrf,
                    created_at=now,
                    expires_at=now + SESSION_LASTS,
                )
            )
            note(db, name, "login", {})
        return Session(token, Identity(name, row["role"], csrf), now + SESSION_LASTS)

    def log_out(self, token: str) -> None:
        with self._store.write() as db:
            gone = db.execute(
                sa.delete(sessions).where(sessions.c.token_hash == _digest(token)).returning(sessions.c.user_name)
            ).scalar()
            if gone is not None:
                note(db, gone, "logout", {})

    def by_session(self, token: str) -> Identity | None:
        """Return who holds this session. The role is looked up each time: a demotion takes effect at once."""
        query = (
            sa.select(users.c.name, users.c.role, sessions.c.csrf)
            .join(sessions, sessions.c.user_name == users.c.name)
            .where(sessions.c.token_hash == _digest(token), sessions.c.expires_at > self._clock())
        )
        with self._store.read() as db:
            row = db.execute(query).first()
        return Identity(row.name, row.role, row.csrf) if row else None

    def by_token(self, token: str) -> Identity | None:
        with self._store.read() as db:
            row = db.execute(sa.select(tokens).where(tokens.c.token_hash == _digest(token))).mappings().first()
        return Identity(row["name"], row["role"]) if row else None


def note(db: sa.Connection, who: str, action: str, detail: dict[str, Any], *, incident_id: str | None = None) -> None:
    """Write one line of the audit, in the same transaction as what it tells of."""
    db.execute(sa.insert(audit).values(at=now_utc(), who=who, action=action, incident_id=incident_id, detail=detail))


def _hash(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return _HASHER.hash(password)


def _verify(hashed: str, password: str) -> bool:
    with _ONE_BY_ONE:
        try:
            return _HASHER.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
