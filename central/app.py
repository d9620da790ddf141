"""Composition root of central: the only place here that builds things."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from types import FrameType

import uvicorn
from fastapi import FastAPI

from central.accounts import Accounts, list_users
from central.api import (
    base_map,
    danger,
    events,
    evidence,
    fires,
    incidents,
    nuisance,
    pages,
    people,
    presence,
    problems,
    shapes,
    stream,
    vitals,
)
from central.api.house import House
from central.api.shield import Shield
from central.attempts import FREE_PER_ADDRESS, Attempts
from central.base_map import read_base_map
from central.config import CentralConfig
from central.danger_watch import DangerWatch
from central.evidence import EvidenceFiles
from central.inbox import Inbox
from central.live import Hub
from central.store import Store, StoreUnavailable, prepare
from central.teacher import Teacher
from central.watch import Watch
from common.machine import version
from mqtt.errors import TryAgain
from mqtt.subscriber import DeadLetter, Received, Subscriber

log = logging.getLogger(__name__)


def build(config: CentralConfig) -> FastAPI:
    """Return the application; its subscriber and its watch live as long as it is served."""
    store, hub = Store(config.store.url), Hub()
    inbox = Inbox(store, hub.tell, areas=config.areas, danger_table=config.fire_danger.table())
    files = EvidenceFiles(config.evidence.dir, store, keep_days=config.evidence.keep_days)
    subscriber = Subscriber(config.broker.link(), _storing(inbox), _burying(inbox), group=config.broker.group)
    teacher = Teacher(store, subscriber.send_command)
    watch = Watch(
        store, inbox, files, lambda: subscriber.connected,
        keep=timedelta(days=config.store.keep_days), teach=teacher.look,
    )  # fmt: skip
    danger_watch = DangerWatch(store, config.fire_danger, subscriber.send_command)
    attempts, by_address = Attempts(), Attempts(FREE_PER_ADDRESS)
    house = House(config, store, hub, inbox, subscriber, Accounts(store), files, attempts, by_address)

    @asynccontextmanager
    async def alive(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(_open, house)
        hub.attach(asyncio.get_running_loop())
        subscriber.start()
        watch.start()
        danger_watch.rate()
        danger_watch.start()
        try:
            yield
        finally:
            danger_watch.stop()
            await asyncio.to_thread(_close, house, watch)

    app = FastAPI(
        title="IOC Edge central",
        version=version(),
        description="Incidents from a province's cameras.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=alive,
    )
    app.state.house = house
    _furnish(app, config)
    return app


def serve(config: CentralConfig) -> None:
    """Serve until SIGINT or SIGTERM, then stop within a few seconds."""
    app = build(config)
    _open(app.state.house)  # a mistake here ends in one sentence, not in the server's trace
    settings = uvicorn.Config(
        app, host=config.host, port=config.port, log_config=None, access_log=False, timeout_graceful_shutdown=1,
        server_header=False, lifespan="on",
    )  # fmt: skip
    _Server(settings, app.state.house.hub).run()


class _Server(uvicorn.Server):
    """Lets the live streams go as soon as it is asked to stop; they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._hub.close()
        super().handle_exit(sig, frame)


def _furnish(app: FastAPI, config: CentralConfig) -> None:
    problems.install(app)
    for part in (vitals, people, incidents, events, stream, evidence, presence, danger, base_map, nuisance, fires):
        app.include_router(part.router, responses=shapes.PROBLEMS)
    pages.install(app)
    app.add_middleware(Shield, https=config.https)


def _open(house: House) -> None:
    read_base_map(house.config.map.file)  # a mistake in it is said now, not on the first screen
    prepare(house.store)
    house.evidence.prepare()
    if not list_users(house.store):
        log.warning("nobody can log in yet: run `ioc central user add NAME`")


def _close(house: House, watch: Watch) -> None:
    house.hub.close()
    watch.stop()
    house.subscriber.stop(timeout_s=1.0)
    house.store.close()


def _storing(inbox: Inbox) -> Callable[[Sequence[Received]], None]:
    """Say in the subscriber's words that the store is away."""

    def take(batch: Sequence[Received]) -> None:
        try:
            inbox.take(batch)
        except StoreUnavailable as error:
            raise TryAgain(str(error)) from error

    return take


def _burying(inbox: Inbox) -> Callable[[DeadLetter], None]:
    def bury(letter: DeadLetter) -> None:
        try:
            inbox.bury(letter)
        except StoreUnavailable as error:
            raise TryAgain(str(error)) from error

    return bury
