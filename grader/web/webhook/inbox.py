"""Deliveries on their way into the store: those that come at the same moment share one transaction.

A delivery is answered when it is on the disk. One transaction for each would make every delivery of a burst wait for
the disk as often as there are deliveries before it.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from grader.store.deliveries import Delivery, note_delivery
from grader.store.engine import Store
from grader.store.jobs import queue
from grader.web.webhook.decision import Decision

_MOST = 200  # deliveries in one transaction


@dataclass(frozen=True)
class _Waiting:
    delivery: Delivery
    decision: Decision
    received: datetime
    answer: "asyncio.Future[bool]"


class Inbox:
    """Belongs to one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def put(self, delivery: Delivery, decision: Decision, received: datetime) -> bool:
        """Keep a delivery and queue its jobs, all or nothing; whether it is new. Raises StoreError."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(delivery, decision, received, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await answer

    async def _write(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            try:
                found = await asyncio.to_thread(
                    self._store.transact, lambda connection, some=some: _keep(connection, some)
                )
            except Exception as problem:
                for one in some:
                    if not one.answer.done():
                        one.answer.set_exception(problem)
            else:
                for one, new in zip(some, found, strict=True):
                    if not one.answer.done():  # who waited may have left
                        one.answer.set_result(new)


def _keep(connection: Connection, some: list[_Waiting]) -> list[bool]:
    new = []
    for one in some:
        new.append(note_delivery(connection, one.delivery, one.received))
        if new[-1]:
            for job in one.decision.jobs:
                queue(connection, job, one.received)
    return new
