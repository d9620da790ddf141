"""`ioc central …`: who may come in, and a database brought up to date."""

import json

import pytest
from typer.testing import CliRunner

from central.accounts import Accounts
from central.store import Store
from ioc.central_commands import central_app
from ioc.output import UserMistake


@pytest.fixture
def ioc(tmp_path):
    (tmp_path / "central.yaml").write_text(f"store: {{url: 'sqlite:///{tmp_path}/central.db'}}\n")

    def run(*arguments, given=None):
        result = CliRunner().invoke(central_app, [*arguments, "--config", str(tmp_path / "central.yaml")], input=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def accounts(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/central.db")
    yield Accounts(store)
    store.close()


def test_the_first_user_is_an_admin_with_a_password_shown_once(ioc, accounts):
    first, second = (json.loads(ioc("user", "add", name, "--json").stdout) for name in ("an", "binh"))

    assert ("admin", "operator") == (first["role"], second["role"])
    assert "admin" == accounts.log_in("an", first["password"]).identity.role


def test_a_password_can_come_by_standard_input_and_is_not_shown(ioc, accounts):
    told = ioc("user", "add", "an", "--password-stdin", given="mot-mat-khau-dai\n").output

    assert "mot-mat-khau-dai" not in told
    assert accounts.log_in("an", "mot-mat-khau-dai") is not None


def test_a_token_is_printed_alone_so_that_it_can_be_written_to_a_file(ioc, accounts):
    token = ioc("token", "box-01", "--role", "node").stdout.strip()

    assert "node" == accounts.by_token(token).role


@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "box", "--role", "god"),
        ("user", "add", "an", "--role", "god"),
        ("user", "add", "a b"),
        ("user", "password", "nobody"),
        ("user", "remove", "nobody"),
    ],
)
def test_a_mistake_is_one_sentence(ioc, arguments):
    with pytest.raises(UserMistake):
        ioc(*arguments)


def test_users_are_listed_changed_and_removed(ioc, accounts):
    ioc("user", "add", "an")
    changed = json.loads(ioc("user", "password", "an", "--json").stdout)["password"]
    listed = json.loads(ioc("user", "list", "--json").stdout)["users"]
    came_in = accounts.log_in("an", changed)

    ioc("user", "remove", "an")

    assert (["an"], True) == ([user["name"] for user in listed], came_in is not None)
    assert accounts.log_in("an", changed) is None
