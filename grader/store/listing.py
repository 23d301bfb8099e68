"""What batches a store holds. Every function runs in the caller's transaction."""

from sqlalchemy import Connection, func, select

from grader.errors import UsageError
from grader.model.base import Frozen
from grader.store.tables import BATCH, REPORT, SUBMISSION


class StoredBatch(Frozen):
    """One run over one roster."""

    id: int
    key: str
    title: str
    rubric: str  # as JSON
    created_at: str
    students: int


def batches(connection: Connection) -> list[StoredBatch]:
    """All batches, the first first."""
    students = func.count(SUBMISSION.c.id)
    wanted = select(BATCH, students.label("students")).outerjoin(SUBMISSION).group_by(*BATCH.c).order_by(BATCH.c.id)
    return [StoredBatch.model_validate(dict(row._mapping)) for row in connection.execute(wanted)]


def find_batch(connection: Connection, number: int | None) -> StoredBatch:
    """The batch of that number; the only one where none is named. Raises UsageError where that names none."""
    there = batches(connection)
    if not there:
        raise UsageError("The store holds no batch.", mend="`grader batch ROSTER` makes one.")
    if number is None and len(there) == 1:
        return there[0]
    known = ", ".join(f"{batch.id} ({batch.title}, {batch.students:,} students)" for batch in there)
    for batch in there:
        if batch.id == number:
            return batch
    said = f"The store holds {len(there)} batches." if number is None else f"The store has no batch {number}."
    raise UsageError(said, mend=f"Name one with --batch: {known}.")


def most_points(connection: Connection, batch: int) -> float | None:
    """The most points that a report of the batch gives, without bonus; None where there is no report."""
    wanted = select(func.max(REPORT.c.max_points)).join(SUBMISSION, SUBMISSION.c.report_key == REPORT.c.key)
    found = connection.scalar(wanted.where(SUBMISSION.c.batch_id == batch))
    return None if found is None else float(found)
