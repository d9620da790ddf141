"""Server-sent events: every change after the snapshot's cursor."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from central import views
from central.api.house import House, HouseDep, Reader, identify
from central.api.problems import Problem
from central.inbox import now_utc
from central.store import StoreUnavailable
from central.store.incident_rows import latest_change
from central.store.tables import incidents

router = APIRouter(prefix="/api/v1/stream", tags=["stream"])

HEARTBEAT_S: Final = 15.0
CHECK_EVERY_S: Final = 10.0  # of whether the session or token is still good
MOST_TO_CATCH_UP: Final = 500


@router.get("", response_class=StreamingResponse)
async def stream(
    request: Request,
    house: HouseDep,
    _who: Reader,
    after: Annotated[int | None, Query(ge=0, le=2**62, description="`cursor` of the list")] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """`incident` events carry their cursor as id; `node` events tell health; `reload` means: look again from the start;
    `beat` says that the line is alive.

    Without a cursor the stream begins now.
    """
    cursor = int(last_event_id) if last_event_id and last_event_id.isdecimal() else after
    return StreamingResponse(
        _changes(request, house, cursor),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _changes(request: Request, house: House, cursor: int | None) -> AsyncIterator[bytes]:
    with house.hub.join() as changes:  # first listen, then look
        missed, seen = await anyio.to_thread.run_sync(_missed, house, cursor)
        yield b"retry: 1000\n\n" + _message("hello", {"cursor": seen, "at": _now()})
        if missed is None:
            yield _message("reload", {})
            return
        for incident in missed:
            yield _message("incident", incident, incident["changed"])
        checked_s = time.monotonic()
        async for change in _with_heartbeat(changes):
            if time.monotonic() - checked_s >= CHECK_EVERY_S:
                checked_s = time.monotonic()
                if not await anyio.to_thread.run_sync(_still_in, request):
                    return  # the session has ended: so does the stream
            if change is None:
                yield _message("beat", {"at": _now()})
            elif change["type"] == "incident":
                if change["cursor"] > seen:
                    yield _message("incident", change["incident"], change["cursor"])
            else:
                yield _message(change["type"], change[change["type"]])


async def _with_heartbeat(changes: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any] | None]:
    """Yield each change, and None after each silence of `HEARTBEAT_S`."""
    pending = asyncio.ensure_future(anext(changes, _END))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=HEARTBEAT_S)
            if not done:
                yield None
                continue
            change = pending.result()
            if change is _END:
                return
            yield change
            pending = asyncio.ensure_future(anext(changes, _END))
    finally:
        pending.cancel()


_END: Final[dict[str, Any]] = {}


def _still_in(request: Request) -> bool:
    try:
        return identify(request) is not None
    except Problem:
        return False
    except StoreUnavailable:
        return True  # nobody is sent away because the database hangs


def _missed(house: House, cursor: int | None) -> tuple[list[dict[str, Any]] | None, int]:
    """Return (incidents that changed after `cursor`, where that view stands); None when there are too many."""
    with house.store.read() as db:
        seen = latest_change(db)
        if cursor is None or cursor == seen:
            return [], seen
        if cursor > seen:
            return None, seen  # of another database
        query = views.select_incidents().where(incidents.c.changed > cursor, incidents.c.changed <= seen)
        found = views.incidents(db, query.order_by(incidents.c.changed).limit(MOST_TO_CATCH_UP + 1), house.config.areas)
    return (found if len(found) <= MOST_TO_CATCH_UP else None), seen


def _now() -> str | None:
    return views.stamp(now_utc())


def _message(event: str, data: object, cursor: int | None = None) -> bytes:
    id_line = f"id: {cursor}\n" if cursor is not None else ""
    return f"{id_line}event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
