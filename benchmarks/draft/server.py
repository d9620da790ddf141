"""Serve one draft to one browser on this machine: pictures, the truth as it stands, and the way to save it."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from benchmarks.draft.draft import Draft
from benchmarks.draft.truth_file import document_of, write_truth
from benchmarks.eval.truth import SUFFIX, Truth
from edge.rules import CATALOG
from mqtt.kinds import KINDS

LARGEST_BYTES: Final = 2**20  # of what the page may send
PAGE: Final = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "drawing.js": ("drawing.js", "text/javascript; charset=utf-8"),
    "words.js": ("words.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Desk:
    """What lies on the table: the draft, the truth as it stands, and the file that it is saved in."""

    def __init__(self, draft: Draft, truth: Truth, target: Path) -> None:
        self._draft, self._truth, self._target = draft, truth, target
        self._lock = threading.Lock()

    def state(self) -> dict[str, Any]:
        """Return all that the page shows."""
        with self._lock:
            truth = document_of(self._truth)
        return {
            "clip": self._draft.clip.name,
            "file": self._target.name,
            "duration_s": self._draft.duration_s,
            "times_s": self._draft.film.times_s,
            "truth": truth,
            "kinds": {kind: list(names) for kinds in KINDS.values() for kind, names in kinds.items()},
            "rules": {kind: _rule(rule) for kind, rule in CATALOG.items()},
        }

    def picture(self, time_s: float) -> bytes:
        """Return the JPEG shown at that second. Raises LookupError."""
        path = self._draft.film.at(time_s)
        if path is None:
            raise LookupError("the clip has no picture")
        return path.read_bytes()

    def save(self, document: Any) -> dict[str, Any]:
        """Write the truth as the page has it. Raises `pydantic.ValidationError`, OSError."""
        truth = Truth.model_validate({**document, "clip": self._draft.clip.name})
        with self._lock:
            write_truth(self._target, truth)
            self._truth = truth
        return {"saved": self._target.name}

    def judge(self, document: Any) -> dict[str, Any]:
        """Return what the product says with another camera; nothing is saved. Raises `pydantic.ValidationError`."""
        with self._lock:
            return document_of(self._draft.judge(document))


def _rule(rule: Any) -> dict[str, Any]:
    settings = rule.Settings.model_fields
    return {"says": list(rule.says), "zone": "zone" in settings, "line": "line" in settings}


class DraftServer(ThreadingHTTPServer):
    """On the loopback address only, behind an address that cannot be guessed."""

    daemon_threads = True

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk, self.token = desk, secrets.token_urlsafe(24)
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: DraftServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        what = self._asked()
        if what in PAGE:
            name, kind = PAGE[what]
            self._send(HTTPStatus.OK, resources.files("benchmarks.draft").joinpath("page", name).read_bytes(), kind)
        elif what == "state":
            self._answer(self.server.desk.state)
        elif what == "picture":
            self._picture()
        else:
            self._say(HTTPStatus.NOT_FOUND, ["there is no such page"])

    def do_PUT(self) -> None:
        self._take({"truth": self.server.desk.save})

    def do_POST(self) -> None:
        self._take({"judge": self.server.desk.judge})

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the person looks at the page."""

    def _asked(self) -> str | None:
        """Return what is asked for below the secret address, or None."""
        if self.headers.get("Host", "") not in {f"127.0.0.1:{self.server.server_port}"}:
            return None  # another name for this machine is a page of somebody else's
        token, _, what = urlsplit(self.path).path.removeprefix("/").partition("/")
        return what if hmac.compare_digest(token, self.server.token) else None

    def _picture(self) -> None:
        try:
            time_s = float(parse_qs(urlsplit(self.path).query).get("at", ["0"])[0])
            picture = self.server.desk.picture(time_s)
        except (ValueError, LookupError, OSError) as error:
            self._say(HTTPStatus.NOT_FOUND, [str(error)])
        else:
            self._send(HTTPStatus.OK, picture, "image/jpeg")

    def _take(self, calls: dict[str, Callable[[Any], dict[str, Any]]]) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BYTES or self.headers.get("Content-Type", "").split(";")[0] != "application/json":
            self.close_connection = True
            self._say(HTTPStatus.BAD_REQUEST, ["JSON of at most 1 MB is expected"])
            return
        body = self.rfile.read(length)
        call = calls.get(self._asked() or "")
        if call is None:
            self._say(HTTPStatus.NOT_FOUND, ["there is nothing to write here"])
            return
        self._answer(lambda: call(_document(body)))

    def _answer(self, call: Callable[[], dict[str, Any]]) -> None:
        try:
            result = call()
        except ValidationError as error:
            self._say(HTTPStatus.UNPROCESSABLE_ENTITY, [_mistake(dict(one)) for one in error.errors(include_url=False)])
        except ValueError as error:
            self._say(HTTPStatus.UNPROCESSABLE_ENTITY, [str(error)])
        except OSError as error:
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, [f"the file cannot be written: {error.strerror or error}"])
        else:
            self._send(HTTPStatus.OK, json.dumps(result, ensure_ascii=False).encode(), "application/json")

    def _say(self, status: HTTPStatus, mistakes: list[str]) -> None:
        self._send(status, json.dumps({"mistakes": mistakes}, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _document(body: bytes) -> dict[str, Any]:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("a JSON object is expected")
    return document


def _mistake(error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg'].removeprefix('Value error, ')}" if where else error["msg"]


def target_of(clip: Path) -> Path:
    """Return where a clip's truth stands: beside it."""
    return clip.with_name(clip.stem + SUFFIX)
