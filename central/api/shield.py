"""What keeps other sites, injected text and endless bodies from doing harm."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.api.problems import problem_response

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


LARGEST_BODY_BYTES: Final = 64 * 1024  # of everything but evidence, which counts for itself


class Shield:
    """Bounds what comes in, and adds the headers; the API's answers are not kept by browsers unless they say so."""

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                if self._https:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                    headers["Cross-Origin-Opener-Policy"] = "same-origin"  # browsers complain of it without https
            await send(message)

        heard = 0

        async def receive_bounded() -> Message:
            nonlocal heard
            message = await receive()
            heard += len(message.get("body", b""))
            if heard > LARGEST_BODY_BYTES:
                raise HTTPException(413, f"a request has at most {LARGEST_BODY_BYTES} bytes")
            return message

        large = scope["path"].startswith("/api/v1/evidence/")
        if not large and _declared(scope) > LARGEST_BODY_BYTES:
            answer = problem_response(413, f"a request has at most {LARGEST_BODY_BYTES} bytes")
            await answer(scope, receive, send_with_headers)
            return
        await self._app(scope, receive if large else receive_bounded, send_with_headers)


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isdecimal() else 0
