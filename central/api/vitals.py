"""Alive, ready, and figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from central.api.house import House, HouseDep
from central.store import StoreUnavailable
from central.store.tables import dead_letters, incidents, nodes, sequences
from common.machine import version

router = APIRouter(tags=["vitals"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Alive."""
    return {"status": "ok", "version": version()}


@router.get("/readyz")
def readyz(house: HouseDep) -> JSONResponse:
    """Ready: the store takes writes and the broker is there. 503, and what is missing, when not."""
    missing = {}
    try:
        with house.store.read() as db:
            db.execute(sa.select(1))
    except StoreUnavailable as error:
        missing["store"] = str(error)
    if house.inbox.trouble is not None:
        missing["store"] = house.inbox.trouble
    if not house.subscriber.connected:
        missing["broker"] = "not connected"
    body = {"ready": not missing, "missing": missing}
    return JSONResponse(body, status_code=503 if missing else 200)


@router.get("/metrics")
def metrics(request: Request, house: HouseDep) -> Response:
    """Figures in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Figures(house))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")


class _Figures(Collector):
    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Metric]:
        house = self._house
        yield GaugeMetricFamily("ioc_broker_connected", "1 while the broker is there", value=house.subscriber.connected)
        yield GaugeMetricFamily("ioc_store_trouble", "1 while batches cannot be kept", value=bool(house.inbox.trouble))
        yield GaugeMetricFamily("ioc_viewers", "open live streams", value=house.hub.viewers)
        yield CounterMetricFamily("ioc_viewers_cut_off", "viewers that were too slow", value=house.hub.cut_off)
        yield CounterMetricFamily("ioc_events_stored", "events stored", value=house.inbox.stored)
        yield CounterMetricFamily("ioc_events_repeated", "repeats dropped", value=house.inbox.repeated)
        for name, value in house.subscriber.counters().items():
            yield CounterMetricFamily(f"ioc_subscriber_{name}", f"messages: {name}", value=value)
        try:
            yield from self._stored()
        except StoreUnavailable:
            return

    def _stored(self) -> Iterator[Metric]:
        with self._house.store.read() as db:
            missing = db.execute(sa.select(sa.func.sum(sequences.c.missing_count))).scalar()
            letters = db.execute(sa.select(sa.func.count()).select_from(dead_letters)).scalar()
            states = db.execute(sa.select(nodes.c.state, sa.func.count()).group_by(nodes.c.state)).all()
            open_ = db.execute(
                sa.select(incidents.c.severity, sa.func.count())
                .where(incidents.c.handling.in_(("new", "acknowledged", "in_progress")))
                .group_by(incidents.c.severity)
            ).all()
        yield GaugeMetricFamily("ioc_events_missing", "numbered by nodes and never seen here", value=int(missing or 0))
        yield GaugeMetricFamily("ioc_dead_letters", "messages that could not be used", value=int(letters or 0))
        of_nodes = GaugeMetricFamily("ioc_nodes", "nodes by state", labels=["state"])
        for state, count in states:
            of_nodes.add_metric([state], count)
        of_severity = GaugeMetricFamily("ioc_incidents_open", "open incidents by severity", labels=["severity"])
        for severity, count in open_:
            of_severity.add_metric([severity], count)
        yield of_nodes
        yield of_severity
