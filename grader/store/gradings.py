"""What was graded, as the dashboard reads it: jobs with what their reports say. In the caller's transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select

from grader.model.review import Grading
from grader.store.queue_tables import JOB
from grader.store.tables import REPORT

_REPORT = (
    REPORT.c.created_at.label("report_at"),
    REPORT.c.verdict,
    REPORT.c.points,
    REPORT.c.max_points,
    REPORT.c.rubric_digest,
)


def find_grading(connection: Connection, job: int) -> Grading | None:
    """The grading of that number."""
    found = _read(connection, _gradings().where(JOB.c.id == job))
    return found[0] if found else None


def history(connection: Connection, assignment: str, repository: str) -> list[Grading]:
    """All gradings of a repository for an assignment, the newest first."""
    here = _gradings().where(JOB.c.assignment == assignment, JOB.c.repository == repository)
    return _read(connection, here.order_by(JOB.c.id.desc()))


def of_assignment(connection: Connection, assignment: str) -> list[Grading]:
    """All gradings for an assignment, the newest first."""
    return _read(connection, _gradings().where(JOB.c.assignment == assignment).order_by(JOB.c.id.desc()))


def gradings_of(connection: Connection, login: str) -> list[Grading]:
    """The newest grading of each repository that belongs to an account on the forge, the newest first."""
    last = select(func.max(JOB.c.id)).where(JOB.c.login == login).group_by(JOB.c.assignment, JOB.c.repository)
    return _read(connection, _gradings().where(JOB.c.id.in_(last)).order_by(JOB.c.id.desc()))


def dead_letters(connection: Connection, assignments: Sequence[str]) -> list[Grading]:
    """What is tried no more, the newest first."""
    dead = _gradings().where(JOB.c.state == "dead", JOB.c.assignment.in_(assignments))
    return _read(connection, dead.order_by(JOB.c.id.desc()))


def listed(
    connection: Connection,
    *,
    assignment: str | None = None,
    login: str | None = None,
    state: str | None = None,
    before: int | None = None,
    most: int = 100,
) -> list[Grading]:
    """The gradings that fit all that is given, the newest first; those with a number below `before`, to read on."""
    wanted = _gradings().order_by(JOB.c.id.desc()).limit(most)
    for column, value in ((JOB.c.assignment, assignment), (JOB.c.login, login), (JOB.c.state, state)):
        if value is not None:
            wanted = wanted.where(column == value)
    return _read(connection, wanted if before is None else wanted.where(JOB.c.id < before))


def counts(connection: Connection, assignment: str) -> dict[str, int]:
    """How many repositories, and how many jobs that still wait or run."""
    here = JOB.c.assignment == assignment
    repositories = connection.scalar(select(func.count(JOB.c.repository.distinct())).where(here)) or 0
    states = ("waiting", "running", "failed")
    busy = connection.scalar(select(func.count()).select_from(JOB).where(here, JOB.c.state.in_(states))) or 0
    return {"repositories": repositories, "busy": busy}


def _gradings() -> Select[Any]:
    columns = [JOB.c[name] for name in Grading.model_fields if name in JOB.c]
    return select(*columns, *_REPORT).select_from(JOB.outerjoin(REPORT, JOB.c.report_key == REPORT.c.key))


def _read(connection: Connection, wanted: Select[Any]) -> list[Grading]:
    return [Grading.model_validate(dict(row._mapping)) for row in connection.execute(wanted)]
