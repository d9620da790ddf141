"""Every error as a problem document (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from central.store import StoreUnavailable

log = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818  its name is the standard's
    """An answer that is not what was asked for. `title` is the same for every problem of this `type`."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        type_: str = "about:blank",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.type = type_
        self.headers = headers
        self.more = more


def problem_response(
    status: int,
    detail: str,
    *,
    type_: str = "about:blank",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    body = {"type": type_, "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(
        jsonable_encoder(body), status_code=status, headers=headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Turn everything that can be raised into a problem document."""

    @app.exception_handler(Problem)
    async def on_problem(_request: Request, problem: Problem) -> JSONResponse:
        return problem_response(
            problem.status, problem.detail, type_=problem.type, headers=problem.headers, **problem.more
        )

    @app.exception_handler(HTTPException)
    async def on_http(_request: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"where": [str(part) for part in e["loc"]], "what": e["msg"]} for e in error.errors()]
        return problem_response(422, "the request is not as described", errors=errors)

    @app.exception_handler(StoreUnavailable)
    async def on_store(_request: Request, error: StoreUnavailable) -> JSONResponse:
        log.error("store unavailable", extra={"error": str(error)})
        return problem_response(503, "the database does not answer; try again", headers={"Retry-After": "2"})

    @app.exception_handler(Exception)
    async def on_anything(request: Request, error: Exception) -> JSONResponse:
        log.error("request failed", exc_info=error, extra={"path": request.url.path})
        return problem_response(500, "something went wrong here; it is in the log")
