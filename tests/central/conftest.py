"""A store, and a central behind a test client, for every test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from central.accounts import add_user, make_token
from central.store import Store
from tests.central.support import config_for, new_store, served

PASSWORD = "correct-horse-battery"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = new_store(tmp_path)
    yield made
    made.close()


class Central:
    """Central with an operator, a viewer, a node's and a reader's token, and no broker."""

    def __init__(self, client: httpx.Client, app: FastAPI) -> None:
        self.client = client
        self.house = app.state.house
        for name, role in (("minh", "operator"), ("lan", "operator"), ("khach", "viewer")):
            add_user(self.house.store, name, role, PASSWORD)  # type: ignore[arg-type]
        self.node = {"Authorization": f"Bearer {make_token(self.house.store, 'box-01', 'node')}"}
        self.reader = {"Authorization": f"Bearer {make_token(self.house.store, 'gis', 'reader')}"}

    def log_in(self, name: str = "minh") -> dict[str, str]:
        """Log in, and return the header that changes need."""
        answer = self.client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert 201 == answer.status_code, answer.text
        return {"X-CSRF-Token": answer.json()["csrf"]}


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    with served(config_for(tmp_path)) as (url, app), httpx.Client(base_url=url, trust_env=False) as client:
        yield Central(client, app)
