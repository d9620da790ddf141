"""Keep the fire danger up to date: read the province's weather, and tell each node its communes' levels."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import httpx
import sqlalchemy as sa

from central import danger
from central.config import FireDangerSettings
from central.inbox import now_utc
from central.rounds import Rounds
from central.store import Store, StoreUnavailable
from central.store.tables import cameras, nodes
from central.weather_csv import read_weather
from common.config import ConfigError
from common.redact import redact
from mqtt.topics import NodeTopics
from mqtt.wire import Command

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0
TELL_AGAIN_S: Final = 3600.0  # a node that has missed it does not stay without for longer
LARGEST_BYTES: Final = 64 * 2**20

Send = Callable[[NodeTopics, Command], None]
Levels = dict[str, str]


class DangerWatch(Rounds):
    """A thread that looks every few seconds. `send` raises BrokerUnavailable."""

    def __init__(
        self,
        store: Store,
        settings: FireDangerSettings,
        send: Send,
        *,
        clock: Callable[[], datetime] = now_utc,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._settings, self._send = store, settings, send
        self._clock, self._monotonic = clock, monotonic
        self._read: tuple[float, int] | None = None  # time and size of the file as it was last read
        self._asked_s: float | None = None
        self._told: dict[NodeTopics, tuple[str | None, Levels, float]] = {}  # boot, levels, when
        self._trouble: str | None = None
        super().__init__("fire-danger", LOOK_EVERY_S, self._go)

    def rate(self) -> None:
        """Let the stored days follow the table of this configuration."""
        with self._store.write() as db:
            danger.rate(db, self._settings.table())

    def look(self) -> None:
        """Take in new weather, and tell the nodes what has changed for them."""
        self._read_file()
        self._ask_address()
        self._tell()

    def _read_file(self) -> None:
        file = self._settings.weather_file
        if file is None:
            return
        state = file.stat()
        if (state.st_mtime, state.st_size) != self._read:
            self._keep(file.read_text(encoding="utf-8"), str(file))
            self._read = (state.st_mtime, state.st_size)

    def _ask_address(self) -> None:
        url, now_s = self._settings.weather_url, self._monotonic()
        if url is None or (self._asked_s is not None and now_s - self._asked_s < self._settings.every_s):
            return
        self._asked_s = now_s
        with httpx.stream("GET", url, timeout=20.0, follow_redirects=True) as answer:
            answer.raise_for_status()
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > LARGEST_BYTES:
                    raise ConfigError(f"{redact(url)}: sends more than {LARGEST_BYTES // 2**20} MB")
        self._keep(body.decode("utf-8", "replace"), redact(url))

    def _keep(self, text: str, name: str) -> None:
        days = sorted(read_weather(text, name), key=lambda day: day.area)
        for _, some in groupby(days, key=lambda day: day.area):  # the inbox gets its turn between two communes
            with self._store.write() as db:
                danger.keep(db, some, self._settings.table(), self._clock())
        log.info("weather taken in", extra={"from": name, "days": len(days)})

    def _tell(self) -> None:
        with self._store.read() as db:
            known = danger.latest(db, danger.province_day(self._clock()))
            posts = _online(db)
        fresh = {area: day["level"] for area, day in known.items() if not day["stale"]}
        levels = danger.with_borrowed(fresh, self._settings.weather_of)
        for node, (boot_id, areas) in posts.items():
            self._tell_node(node, boot_id, {area: levels[area] for area in sorted(areas) if area in levels})
        for gone in self._told.keys() - posts.keys():
            del self._told[gone]

    def _tell_node(self, node: NodeTopics, boot_id: str | None, levels: Levels) -> None:
        now_s = self._monotonic()
        boot, told, at_s = self._told.get(node, (None, {}, now_s))
        if not levels and not told:
            return
        if (boot, told) == (boot_id, levels) and now_s - at_s < TELL_AGAIN_S:
            return
        fields: Mapping[str, Any] = {"id": uuid.uuid4().hex, "do": "fire_danger", "levels": levels}
        self._send(node, Command.model_validate(fields))
        self._told[node] = (boot_id, levels, now_s)

    def _go(self) -> None:
        try:
            self.look()
            self._trouble = None
        except (ConfigError, OSError, httpx.HTTPError, StoreUnavailable) as error:
            self._complain(redact(str(error)))

    def _complain(self, trouble: str) -> None:
        """Say once what is wrong: the same mistake is read again every few seconds."""
        if trouble != self._trouble:
            log.error("the weather cannot be taken in", extra={"error": trouble[:1000]})
        self._trouble = trouble


def _online(db: sa.Connection) -> dict[NodeTopics, tuple[str | None, set[str]]]:
    """Return the boot of each node that is online, and the communes of its cameras."""
    same = sa.and_(cameras.c.site == nodes.c.site, cameras.c.node == nodes.c.node)
    query = sa.select(nodes.c.site, nodes.c.node, nodes.c.boot_id, cameras.c.area).join(cameras, same)
    found: dict[NodeTopics, tuple[str | None, set[str]]] = {}
    for site, node, boot_id, area in db.execute(query.where(nodes.c.state == "online")):
        areas = found.setdefault(NodeTopics(site, node), (boot_id, set()))[1]
        if area:
            areas.add(area)
    return found
