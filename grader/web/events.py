"""`GET /events/jobs/{number}`: what happens to a job, as it happens (server-sent events, WHATWG HTML 9.2)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from grader.errors import StoreError
from grader.model.review import Grading
from grader.store.gradings import find_grading
from grader.store.progress import progress_since
from grader.web.access import Somebody
from grader.web.api import Number, visible
from grader.web.services import Services, Shared

router = APIRouter(tags=["results"])
_PULSE_SECONDS = 1.0
_SIGN_OF_LIFE = 15.0  # seconds: proxies close a connection on which nothing comes
_LONGEST = 1800.0  # seconds; then a browser asks again by itself
_MOST_STREAMS = 300  # of this process
_streams = 0  # that are open


@router.get(
    "/events/jobs/{number}",
    summary="A job's progress",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        401: {"description": "Nobody is signed in"},
        404: {"description": "There is no such job, or it is not yours to see"},
        503: {"description": "Too many are watching, or the store is away"},
    },
)
def job_events(
    number: Number,
    services: Shared,
    who: Somebody,
    last_event_id: Annotated[str, Header(description="The browser's: where it stopped reading")] = "",
) -> StreamingResponse:
    """`job` (its state and stage, whenever they change), `progress` (what a training says), `done` in the end."""
    visible(services, who, number)
    if _streams >= _MOST_STREAMS:
        raise HTTPException(503, "Too many are watching at the moment.", {"Retry-After": "30"})
    after = (
        int(last_event_id) if last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 10 else 0
    )
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return StreamingResponse(_events(services, number, after), media_type="text/event-stream", headers=headers)


async def _events(services: Services, number: int, after: int) -> AsyncIterator[str]:
    global _streams  # noqa: PLW0603  a count of this process's connections
    _streams += 1
    began = said_at = time.monotonic()
    known = ""
    try:
        while time.monotonic() - began < _LONGEST:
            try:
                grading, news = await asyncio.to_thread(
                    services.store.transact, lambda connection, after=after: _read(connection, number, after)
                )
            except StoreError:
                return
            for identifier, event in news:
                after = identifier
                yield _event("progress", event, identifier)
            if grading is None:
                return
            if (now_known := _shown(grading)) != known:
                known = now_known
                yield _event("job", known)
            if not grading.is_open:
                yield _event("done", known)
                return
            if news:
                said_at = time.monotonic()
            elif time.monotonic() - said_at > _SIGN_OF_LIFE:
                said_at = time.monotonic()
                yield ": still there\n\n"
            await asyncio.sleep(_PULSE_SECONDS)
    finally:
        _streams -= 1


def _read(connection: Connection, number: int, after: int) -> tuple[Grading | None, list[tuple[int, str]]]:
    return find_grading(connection, number), progress_since(connection, number, after)


def _shown(grading: Grading) -> str:
    return json.dumps({"id": grading.id, "state": grading.state, "stage": grading.stage, "problem": grading.problem})


def _event(name: str, content: str, identifier: int | None = None) -> str:
    """One event; JSON has no line break in it."""
    number = "" if identifier is None else f"id: {identifier}\n"
    return f"event: {name}\n{number}data: {content}\n\n"
