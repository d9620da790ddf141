"""A store, and a central behind a test client, for every test that asks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from central.accounts import add_user, make_token
from central.store import Store
from tests.central.support import config_for, new_store, served

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A database with an operator, another, and a viewer; and the tokens of a node and of a reader."""
    folder = tmp_path_factory.mktemp("furnished")
    made = new_store(folder)
    for name, role in (("minh", "operator"), ("lan", "operator"), ("khach", "viewer")):
        add_user(made, name, role, PASSWORD)  # type: ignore[arg-type]
    tokens = make_token(made, "box-01", "node"), make_token(made, "gis", "reader")
    made.close()
    return folder / "central.db", *tokens


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the present schema with nothing in it."""
    folder = tmp_path_factory.mktemp("empty")
    new_store(folder).close()
    return folder / "central.db"


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Iterator[Store]:
    shutil.copy(empty, tmp_path / "central.db")
    made = Store(f"sqlite:///{tmp_path}/central.db")
    yield made
    made.close()


class Central:
    """Central with users and tokens, and no broker."""

    def __init__(self, client: httpx.Client, app: FastAPI, node: str, reader: str) -> None:
        self.client = client
        self.house = app.state.house
        self.node = {"Authorization": f"Bearer {node}"}
        self.reader = {"Authorization": f"Bearer {reader}"}

    def log_in(self, name: str = "minh") -> dict[str, str]:
        """Log in, and return the header that changes need."""
        answer = self.client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert 201 == answer.status_code, answer.text
        return {"X-CSRF-Token": answer.json()["csrf"]}


@pytest.fixture
def central(tmp_path: Path, furnished: tuple[Path, str, str]) -> Iterator[Central]:
    database, node, reader = furnished
    shutil.copy(database, tmp_path / "central.db")
    with served(config_for(tmp_path)) as (url, app), httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        yield Central(client, app, node, reader)
