"""Deleting everything that a store holds of a student, or of an assignment. In the caller's transaction.

What is left: training runs, which name nobody (a graph, a recipe, a seed), and rows of the audit trail, in which the
student is a pseudonym from then on.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Table, delete, func, or_, select, update

from grader.errors import UsageError
from grader.model.base import Frozen
from grader.model.review import pseudonym, subject_of
from grader.store.publication_tables import PUBLICATION
from grader.store.queue_tables import DELIVERY, JOB
from grader.store.review_tables import AUDIT, OVERRIDE, SESSION
from grader.store.tables import REPORT, SUBMISSION


class Forgotten(Frozen):
    """What was deleted. `repositories` lie on the forge as before, with what was posted there."""

    repositories: tuple[str, ...]
    gradings: int
    submissions: int
    reports: int


def forget(connection: Connection, student: str) -> Forgotten:
    """Delete all that is kept of a student, who is named as the roster or the forge does.

    Raises UsageError where nothing is kept of that name.
    """
    login = student.lower()
    whose = or_(JOB.c.student == student, JOB.c.login == login)
    jobs = list(connection.execute(select(JOB.c.assignment, JOB.c.repository, JOB.c.report_key).where(whose)))
    batches = SUBMISSION.c.student == student
    keys = {job.report_key for job in jobs} | set(connection.scalars(select(SUBMISSION.c.report_key).where(batches)))
    sessions = connection.execute(delete(SESSION).where(SESSION.c.login == login)).rowcount
    submissions = connection.execute(delete(SUBMISSION).where(batches)).rowcount
    if not jobs and not submissions and not sessions:
        raise UsageError(f"The store holds nothing of {student!r}.")
    connection.execute(delete(JOB).where(whose))
    repositories = sorted({job.repository for job in jobs})
    for table in (DELIVERY, PUBLICATION, OVERRIDE):
        _delete_of(connection, table, repositories)
    subjects = {subject_of(job.assignment, job.repository) for job in jobs}
    _rename_in_audit(connection, {student, login}, subjects, pseudonym(login))
    reports = _delete_unused_reports(connection, keys - {None})
    return Forgotten(repositories=tuple(repositories), gradings=len(jobs), submissions=submissions, reports=reports)


def forget_assignment(connection: Connection, assignment: str) -> Forgotten:
    """Delete all that the service keeps of an assignment; what its students have in others stays.

    Raises UsageError where nothing is kept of that name.
    """
    whose = JOB.c.assignment == assignment
    jobs = list(connection.execute(select(JOB.c.login, JOB.c.repository, JOB.c.report_key).where(whose)))
    if not jobs:
        raise UsageError(f"The store holds no grading of an assignment {assignment!r}.")
    connection.execute(delete(JOB).where(whose))
    connection.execute(delete(OVERRIDE).where(OVERRIDE.c.assignment == assignment))
    repositories = sorted({job.repository for job in jobs})
    for table in (DELIVERY, PUBLICATION):
        _delete_of(connection, table, repositories)
    elsewhere = set(connection.scalars(select(JOB.c.login)))
    for login in {job.login for job in jobs}:
        subjects = {subject_of(assignment, job.repository) for job in jobs if job.login == login}
        gone = {login} - elsewhere - {""}
        connection.execute(delete(SESSION).where(SESSION.c.login.in_(gone), SESSION.c.role == "student"))
        _rename_in_audit(connection, gone, subjects, pseudonym(login))
    reports = _delete_unused_reports(connection, {job.report_key for job in jobs} - {None})
    return Forgotten(repositories=tuple(repositories), gradings=len(jobs), submissions=0, reports=reports)


def _delete_of(connection: Connection, table: Table, repositories: Sequence[str]) -> None:
    """Rows of repositories in which nobody else has a job."""
    shared = set(connection.scalars(select(JOB.c.repository).where(JOB.c.repository.in_(repositories))))
    alone = [repository for repository in repositories if repository not in shared]
    connection.execute(delete(table).where(table.c.repository.in_(alone)))


def _rename_in_audit(connection: Connection, names: set[str], subjects: set[str], other: str) -> None:
    connection.execute(update(AUDIT).where(AUDIT.c.who.in_(names)).values(who=other))
    hit = AUDIT.c.subject.in_([*subjects, *names])
    connection.execute(update(AUDIT).where(hit).values(subject=other, detail="{}"))


def _delete_unused_reports(connection: Connection, keys: Collection[str | None]) -> int:
    """Identical work of somebody else may have the same report: that one stays."""
    deleted = 0
    for key in keys:
        users = (JOB, SUBMISSION, PUBLICATION)
        used = sum(
            connection.scalar(select(func.count()).select_from(table).where(table.c.report_key == key)) or 0
            for table in users
        )
        if not used:
            deleted += connection.execute(delete(REPORT).where(REPORT.c.key == key)).rowcount
    return deleted
