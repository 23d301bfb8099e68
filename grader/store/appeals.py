"""Students' objections and their answers. Every function runs in the caller's transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from grader.errors import UsageError
from grader.model.review import Appeal
from grader.store.batches import now
from grader.store.queue_tables import JOB
from grader.store.review_tables import APPEAL


def file_appeal(connection: Connection, *, job: int, login: str, text: str) -> int:
    """A new appeal. Raises UsageError while another one about the same repository waits for its answer."""
    about = connection.execute(select(JOB.c.assignment, JOB.c.repository).where(JOB.c.id == job)).one()
    if any(not appeal.answer for appeal in appeals_about(connection, about.assignment, about.repository)):
        raise UsageError("There is an appeal already that waits for its answer.")
    values = {"job_id": job, "login": login, "text": text, "made_at": now()}
    nothing = {"answer": "", "answered_by": "", "answered_at": ""}
    made = insert(APPEAL).values(**values, **nothing).returning(APPEAL.c.id)
    return int(connection.execute(made).scalar_one())


def answer_appeal(connection: Connection, appeal: int, *, text: str, by: str) -> None:
    """Answer an appeal, once. Raises UsageError where it is answered already, or not there."""
    waiting = (APPEAL.c.id == appeal) & (APPEAL.c.answer == "")
    values = {"answer": text, "answered_by": by, "answered_at": now()}
    if connection.execute(update(APPEAL).where(waiting).values(values)).rowcount == 0:
        raise UsageError("This appeal has been answered already.")


def find_appeal(connection: Connection, appeal: int) -> Appeal | None:
    """The appeal of that number."""
    row = connection.execute(select(APPEAL).where(APPEAL.c.id == appeal)).one_or_none()
    return None if row is None else Appeal.model_validate(dict(row._mapping))


def appeals_about(connection: Connection, assignment: str, repository: str) -> list[Appeal]:
    """All appeals about any grading of a repository, the first first."""
    wanted = select(APPEAL).join(JOB).where(JOB.c.assignment == assignment, JOB.c.repository == repository)
    return [Appeal.model_validate(dict(row._mapping)) for row in connection.execute(wanted.order_by(APPEAL.c.id))]


def open_appeals(connection: Connection, assignments: Sequence[str]) -> list[Appeal]:
    """Those without an answer, the one that has waited longest first."""
    wanted = select(APPEAL).join(JOB).where(JOB.c.assignment.in_(assignments), APPEAL.c.answer == "")
    return [Appeal.model_validate(dict(row._mapping)) for row in connection.execute(wanted.order_by(APPEAL.c.id))]
