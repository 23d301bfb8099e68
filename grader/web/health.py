"""Is it alive, can it work, and how much is there to do."""

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import Connection, func, select

from grader.errors import StoreError
from grader.store.jobs import job_counts, to_post, waiting_since
from grader.store.publication_tables import PUBLICATION
from grader.web.services import Services, Shared

router = APIRouter(tags=["operation"])
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz", summary="The process answers", response_class=PlainTextResponse)
def healthz() -> str:
    """Always ok."""
    return "ok\n"


@router.get("/readyz", summary="Store and grading work", responses={503: {"description": "Something is missing"}})
def readyz(services: Shared) -> JSONResponse:
    """Whether the store answers and the workers of this service are alive."""
    found = {"store": _store_answers(services), "workers": services.workers_alive()}
    return JSONResponse(found, 200 if all(found.values()) else 503)


@router.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
def metrics(services: Shared) -> PlainTextResponse:
    """Figures alone: no names, no points."""
    now = services.now()
    stored = services.store.transact(lambda connection: _stored(connection, now))
    content = generate_latest(services.metrics.registry) + generate_latest(stored)
    return PlainTextResponse(content, media_type=_TEXT)


def _store_answers(services: Services) -> bool:
    try:
        return services.store.transact(lambda connection: connection.scalar(select(1)) == 1)
    except StoreError:
        return False


def _stored(connection: Connection, now: datetime) -> CollectorRegistry:
    registry = CollectorRegistry()
    jobs = Gauge("grader_jobs", "Jobs by state.", ["state"], registry=registry)
    for state, number in job_counts(connection).items():
        jobs.labels(state).set(number)
    since = waiting_since(connection, now)
    waits = (now - datetime.fromisoformat(since)).total_seconds() if since else 0.0
    Gauge("grader_oldest_wait_seconds", "How long the oldest job that is due has waited.", registry=registry).set(waits)
    Gauge("grader_reports_to_post", "Finished reports that are not handed to the forge.", registry=registry).set(
        to_post(connection)
    )
    pending = Gauge("grader_publications", "What was to be posted, by state.", ["state"], registry=registry)
    states = select(PUBLICATION.c.state, func.count()).group_by(PUBLICATION.c.state)
    for state, number in connection.execute(states):
        pending.labels(state).set(number)
    return registry
