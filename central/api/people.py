"""Log in, log out, and who am I."""

from __future__ import annotations

import logging
import math

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from central.accounts import LONGEST_PASSWORD, SESSION_LASTS
from central.api.house import COOKIE, HouseDep, Reader, identify
from central.api.problems import Problem

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1", tags=["session"])


class Login(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=LONGEST_PASSWORD)


class Who(BaseModel):
    name: str | None = Field(description="null when nobody is logged in")
    role: str | None = None
    csrf: str | None = Field(default=None, description="to be sent as X-CSRF-Token with every change")


@router.post("/session", status_code=201)
def log_in(login: Login, request: Request, response: Response, house: HouseDep) -> Who:
    """Open a session: the cookie holds it, the answer holds its CSRF token."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Problem(403, "log in on central's own page")
    address = request.client.host if request.client else "?"
    guess = f"{login.name}@{address}"
    wait_s = max(house.attempts.wait_s(guess), house.attempts_by_address.wait_s(address))
    if wait_s > 0:
        raise Problem(429, "too many wrong passwords; wait a little", headers={"Retry-After": str(math.ceil(wait_s))})
    session = house.accounts.log_in(login.name, login.password)
    if session is None:
        house.attempts.failed(guess)
        house.attempts_by_address.failed(address)
        log.warning("login refused", extra={"user": login.name, "address": address})
        raise Problem(401, "wrong name or password")
    house.attempts.forget(guess)
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=house.config.https or request.url.scheme == "https",
        path="/",
    )
    return Who(name=session.identity.name, role=session.identity.role, csrf=session.identity.csrf)


@router.get("/session")
def who_am_i(request: Request) -> Who:
    """Tell who is logged in, and the CSRF token of the session."""
    identity = identify(request)
    if identity is None:
        return Who(name=None)
    return Who(name=identity.name, role=identity.role, csrf=identity.csrf)


@router.delete("/session", status_code=204)
def log_out(request: Request, response: Response, identity: Reader, house: HouseDep) -> None:
    """End the session."""
    cookie = request.cookies.get(COOKIE)
    if cookie and not identity.is_machine:
        house.accounts.log_out(cookie)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
