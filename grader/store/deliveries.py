"""Deliveries of webhooks, each of which counts once. Every function runs in the caller's transaction."""

from datetime import datetime

from sqlalchemy import Connection, delete

from grader.model.base import Frozen
from grader.store.insert_once import insert_once
from grader.store.moments import moment
from grader.store.queue_tables import DELIVERY


class Delivery(Frozen):
    """What came, and what it led to: "queued", or why nothing is to be done."""

    id: str  # X-GitHub-Delivery
    event: str
    repository: str  # "owner/name", lower case; "" where it names none
    outcome: str


def note_delivery(connection: Connection, delivery: Delivery, received: datetime) -> bool:
    """Note a delivery; whether it is new. A second one of the same id is the same delivery."""
    return insert_once(connection, DELIVERY, {**delivery.model_dump(), "received_at": moment(received)})


def forget_deliveries(connection: Connection, before: datetime) -> int:
    """Remove the deliveries that were received before a moment; how many."""
    return connection.execute(delete(DELIVERY).where(DELIVERY.c.received_at < moment(before))).rowcount
