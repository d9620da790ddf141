"""The console's files: plain HTML, CSS and modules, straight from the package."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

WEB = Path(__file__).resolve().parent.parent / "web"
_ALWAYS_ASK = {"Cache-Control": "no-cache"}  # small files over a local network; an upgrade must show at once


class _Files(StaticFiles):
    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(_ALWAYS_ASK)
        return response


def install(app: FastAPI) -> None:
    """Serve `/` and `/web/…`."""

    @app.get("/", include_in_schema=False)
    async def console() -> FileResponse:
        return FileResponse(WEB / "index.html", headers=_ALWAYS_ASK)

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> RedirectResponse:
        return RedirectResponse("/web/icon.svg")

    app.mount("/web", _Files(directory=WEB), name="web")
