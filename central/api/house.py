"""What the request handlers are given: the parts that `central.app` has built, and who asks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from central import views
from central.accounts import Accounts, Identity
from central.api.problems import Problem
from central.attempts import Attempts
from central.config import CentralConfig
from central.evidence import EvidenceFiles
from central.inbox import Inbox
from central.live import Hub
from central.store import Store
from mqtt.subscriber import Subscriber

COOKIE: Final = "ioc_session"
CSRF_HEADER: Final = "X-CSRF-Token"
_MAY: Final[dict[str, frozenset[str]]] = {
    "read": frozenset({"viewer", "operator", "admin", "reader"}),
    "act": frozenset({"operator", "admin"}),
    "administer": frozenset({"admin"}),
    "put_evidence": frozenset({"node"}),
    "tell_weather": frozenset({"node", "operator", "admin"}),
}


@dataclass(frozen=True, slots=True)
class House:
    """The parts of a running central."""

    config: CentralConfig
    store: Store
    hub: Hub
    inbox: Inbox
    subscriber: Subscriber
    accounts: Accounts
    evidence: EvidenceFiles
    attempts: Attempts
    attempts_by_address: Attempts

    def tell_of(self, incident_ids: Sequence[str]) -> None:
        """Show these incidents as they are now to every open screen."""
        if incident_ids:
            with self.store.read() as db:
                shown = views.incidents_by_id(db, incident_ids, self.config.areas)
            self.hub.tell([{"type": "incident", "cursor": i["changed"], "incident": i} for i in shown])


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


HouseDep = Annotated[House, Depends(house_of)]


def identify(request: Request) -> Identity | None:
    """Return who asks, by bearer token or session cookie; raise Problem for a token that is wrong."""
    accounts = house_of(request).accounts
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        identity = accounts.by_token(token.strip()) if scheme.lower() == "bearer" else None
        if identity is None:
            raise Problem(401, "this token is not known", headers={"WWW-Authenticate": "Bearer"})
        return identity
    cookie = request.cookies.get(COOKIE)
    return accounts.by_session(cookie) if cookie else None


def may(what: str) -> Callable[[Request], Identity]:
    """Return a dependency that lets in only who may do `what`, and asks people for their CSRF token on changes."""

    def check(request: Request) -> Identity:
        identity = identify(request)
        if identity is None:
            raise Problem(401, "log in first, or send a bearer token", headers={"WWW-Authenticate": "Bearer"})
        if identity.role not in _MAY[what]:
            raise Problem(403, f"the role {identity.role!r} may not do this")
        if request.method not in {"GET", "HEAD"}:
            _check_csrf(request, identity)
        return identity

    return check


def _check_csrf(request: Request, identity: Identity) -> None:
    sent = request.headers.get(CSRF_HEADER, "")
    if identity.csrf is not None and not secrets.compare_digest(sent.encode(), identity.csrf.encode()):
        raise Problem(403, f"the header {CSRF_HEADER} does not belong to this session")


Reader = Annotated[Identity, Depends(may("read"))]
Operator = Annotated[Identity, Depends(may("act"))]
NodeToken = Annotated[Identity, Depends(may("put_evidence"))]
WeatherTeller = Annotated[Identity, Depends(may("tell_weather"))]
