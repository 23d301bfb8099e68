"""Fingerprints beside the reports that they belong to. Every function runs in the caller's transaction."""

import zlib

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, literal, select

from grader.errors import DamagedError
from grader.model.similarity import Fingerprint
from grader.store.tables import FINGERPRINT, SUBMISSION
from grader.store.unpack import unpacked


def keep_fingerprint(connection: Connection, report_key: str, found: Fingerprint) -> None:
    """Keep the fingerprint of the work that a report in the store is about, in place of an earlier one."""
    connection.execute(delete(FINGERPRINT).where(FINGERPRINT.c.report_key == report_key))
    content = zlib.compress(found.model_dump_json().encode())
    values = {"report_key": report_key, "graph": found.graph, "shapes": found.shapes, "content": content}
    connection.execute(insert(FINGERPRINT).values(values))


def copy_fingerprint(connection: Connection, report_key: str, to: str) -> None:
    """Let another report in the store have the fingerprint of a first one, which need not have one."""
    connection.execute(delete(FINGERPRINT).where(FINGERPRINT.c.report_key == to))
    columns = [column for column in FINGERPRINT.c if column is not FINGERPRINT.c.report_key]
    found = select(literal(to), *columns).where(FINGERPRINT.c.report_key == report_key)
    connection.execute(insert(FINGERPRINT).from_select([FINGERPRINT.c.report_key, *columns], found))


def fingerprints(connection: Connection, batch: int) -> dict[str, Fingerprint]:
    """The fingerprints of a batch by student, in roster order; only of those that have a report and one.

    Raises DamagedError where one can't be read back.
    """
    wanted = (
        select(SUBMISSION.c.student, FINGERPRINT.c.report_key, FINGERPRINT.c.content)
        .join(FINGERPRINT, SUBMISSION.c.report_key == FINGERPRINT.c.report_key)
        .where(SUBMISSION.c.batch_id == batch)
        .order_by(SUBMISSION.c.id)
    )
    return {student: unpacked_fingerprint(key, content) for student, key, content in connection.execute(wanted)}


def unpacked_fingerprint(key: str, content: bytes) -> Fingerprint:
    """The fingerprint in a row. Raises DamagedError where it is damaged."""
    try:
        return Fingerprint.model_validate_json(unpacked(content))
    except (ValidationError, ValueError, zlib.error):
        message = f"The fingerprint of the report {key[:12]} in the store is damaged."
        raise DamagedError(message, mend="Run `grader store check`.") from None
