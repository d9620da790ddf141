"""People and machines: nothing by default, nothing in the clear, and a limit to guessing."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from central.accounts import (
    SESSION_LASTS,
    AccountError,
    Accounts,
    add_user,
    ensure_user,
    list_users,
    make_token,
    remove_user,
    set_password,
)
from central.attempts import WINDOW_S, Attempts
from central.store.tables import sessions, tokens, users
from tests.central.support import T0

PASSWORD = "correct-horse-battery"


@pytest.fixture
def now():
    return [T0]


@pytest.fixture
def accounts(store, now):
    return Accounts(store, clock=lambda: now[0])


def test_there_is_no_user_until_somebody_makes_one(store):
    assert [] == list_users(store)


def test_a_generated_password_is_told_once_and_lets_in(store, accounts):
    password = ensure_user(store, "truc-ban", "operator")

    assert ensure_user(store, "truc-ban", "operator") is None
    assert password is not None
    assert accounts.log_in("truc-ban", password) is not None
    assert accounts.log_in("truc-ban", password + "x") is None


def test_secrets_are_not_stored(store, accounts):
    add_user(store, "minh", "operator", PASSWORD)
    token = make_token(store, "box", "node")
    session = accounts.log_in("minh", PASSWORD)

    with store.read() as db:
        stored = str([db.execute(sa.select(table)).all() for table in (users, sessions, tokens)])

    assert not [secret for secret in (PASSWORD, token, session.token) if secret in stored]
    assert "argon2id" in stored


def test_a_session_ends_after_a_shift(store, accounts, now):
    add_user(store, "minh", "operator", PASSWORD)
    session = accounts.log_in("minh", PASSWORD)

    before = accounts.by_session(session.token)
    now[0] += SESSION_LASTS + timedelta(seconds=1)

    assert ("minh", "operator") == (before.name, before.role)
    assert accounts.by_session(session.token) is None


@pytest.mark.parametrize(
    "change", [lambda s: set_password(s, "minh", "another-password"), lambda s: remove_user(s, "minh")]
)
def test_a_new_password_and_a_removal_end_every_session(store, accounts, change):
    add_user(store, "minh", "operator", PASSWORD)
    session = accounts.log_in("minh", PASSWORD)

    change(store)

    assert accounts.by_session(session.token) is None
    assert accounts.log_in("minh", PASSWORD) is None


def test_a_token_of_the_same_name_replaces_the_other(store, accounts):
    first, second = make_token(store, "box", "node"), make_token(store, "box", "node")

    assert accounts.by_token(first) is None
    assert "node" == accounts.by_token(second).role


@pytest.mark.parametrize(
    ("name", "password"), [("minh", "short"), ("a b", PASSWORD), ("", PASSWORD), ("minh", "x" * 201)]
)
def test_bad_names_and_passwords_are_refused(store, name, password):
    with pytest.raises(AccountError):
        add_user(store, name, "operator", password)


def test_a_name_is_taken_once(store):
    add_user(store, "minh", "operator", PASSWORD)

    with pytest.raises(AccountError, match="already"):
        add_user(store, "minh", "admin", PASSWORD)


def test_guessing_is_free_five_times_a_minute():
    now = [1000.0]
    attempts = Attempts(clock=lambda: now[0])

    waits = []
    for _ in range(6):
        waits.append(attempts.wait_s("minh@10.0.0.1"))
        attempts.failed("minh@10.0.0.1")
    now[0] += WINDOW_S + 1

    assert [0, 0, 0, 0, 0, WINDOW_S] == waits
    assert (0, 0) == (attempts.wait_s("minh@10.0.0.1"), attempts.wait_s("lan@10.0.0.1"))
