"""The service's queue: a commit is queued once, taken under a lease, and ends once. Runs in the caller's transaction.

Who took a job holds it until its lease runs out. Everything that the holder writes is bound to the lease, so that a
service that was away for too long can't end a job that somebody else has taken over.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from grader.model.job import Job, JobState, NewJob, Publication
from grader.model.work import Stage
from grader.store.insert_once import insert_once
from grader.store.moments import moment
from grader.store.progress import clear_progress
from grader.store.queue_tables import JOB

_OPEN = (JobState.WAITING, JobState.FAILED)
_LOST = "The service ended each time while this was graded"


def queue(connection: Connection, job: NewJob, now: datetime) -> bool:
    """Queue a commit; whether it is new. One that is there only learns of its pull request, which gets its report."""
    values = {**job.model_dump(), **_fresh(now), "generation": 0}
    if insert_once(connection, JOB, values):
        return True
    if job.pull_request is not None:
        same = _is_commit_of(job)
        unknown = connection.execute(
            update(JOB).where(same, JOB.c.pull_request.is_(None)).values(pull_request=job.pull_request)
        )
        if unknown.rowcount:
            posted = (JOB.c.state == JobState.DONE) & (JOB.c.publication == Publication.DONE)
            connection.execute(update(JOB).where(same, posted).values(publication=Publication.WAITING))
    return False


def regrade(connection: Connection, number: int, now: datetime) -> Job | None:
    """The next generation of a job's commit, or the one that is under way; None where there is no such job."""
    newest = _newest_generation(connection, number)
    if newest is None or newest.state in (JobState.WAITING, JobState.RUNNING):
        return newest
    _queue_next(connection, newest, now)
    return _newest_generation(connection, number)


def regrade_done(connection: Connection, number: int, now: datetime) -> bool:
    """Queue the next generation of a job's commit; False where its newest one has not ended with a report."""
    newest = _newest_generation(connection, number)
    return newest is not None and newest.state == JobState.DONE and _queue_next(connection, newest, now)


def revive(connection: Connection, number: int, now: datetime) -> bool:
    """Let a job that failed wait again, as if it had never been tried; whether there was such a job."""
    ended = (JOB.c.id == number) & JOB.c.state.in_((JobState.DEAD, JobState.FAILED, JobState.GONE))
    fresh = _fresh(now)
    del fresh["created_at"]
    return connection.execute(update(JOB).where(ended).values(fresh)).rowcount == 1


def take(
    connection: Connection,
    worker: str,
    now: datetime,
    until: datetime,
    *,
    most: int,
    attempts: int,
    assignments: Collection[str],
) -> list[Job]:
    """At most `most` jobs of these assignments that are due, now this worker's until that moment.

    Those whose holder is gone are due, too. One that was taken `attempts` times and never ended is dead.
    """
    at = moment(now)
    ours = JOB.c.assignment.in_(assignments)
    due = ours & JOB.c.state.in_(_OPEN) & (JOB.c.not_before <= at)
    abandoned = ours & (JOB.c.state == JobState.RUNNING) & (JOB.c.leased_until < at)
    lost = {"state": JobState.DEAD, "worker": "", "leased_until": "", "changed_at": at, "problem": f"{_LOST}."}
    connection.execute(update(JOB).where(abandoned, JOB.c.attempts >= attempts).values(lost))
    order = select(JOB.c.id).where(or_(due, abandoned)).order_by(JOB.c.not_before, JOB.c.id).limit(most)
    ids = list(connection.scalars(order.with_for_update(skip_locked=True)))
    if not ids:
        return []
    held = {"state": JobState.RUNNING, "stage": "", "worker": worker, "leased_until": moment(until), "changed_at": at}
    connection.execute(update(JOB).where(JOB.c.id.in_(ids)).values(attempts=JOB.c.attempts + 1, **held))
    return _jobs(connection, select(JOB).where(JOB.c.id.in_(ids)).order_by(JOB.c.not_before, JOB.c.id))


def renew(connection: Connection, worker: str, ids: Collection[int], until: datetime) -> set[int]:
    """Hold jobs longer; those that are still this worker's."""
    mine = (JOB.c.worker == worker) & JOB.c.id.in_(ids)
    connection.execute(update(JOB).where(mine).values(leased_until=moment(until)))
    return set(connection.scalars(select(JOB.c.id).where(mine)))


def give_back(connection: Connection, worker: str, now: datetime) -> int:
    """Let what this worker has wait for another, as if it had not been taken; how many jobs."""
    mine = (JOB.c.worker == worker) & (JOB.c.state == JobState.RUNNING)
    fresh = {**_nobody(now), "state": JobState.WAITING, "not_before": moment(now), "stage": ""}
    released = connection.execute(update(JOB).where(mine).values(attempts=JOB.c.attempts - 1, **fresh)).rowcount
    posting = (JOB.c.worker == worker) & (JOB.c.state != JobState.RUNNING)
    connection.execute(update(JOB).where(posting).values(_nobody(now)))
    return released


def begin_stage(connection: Connection, number: int, worker: str, stage: Stage, now: datetime) -> bool:
    """Note that a stage begins; False where the job is no longer this worker's."""
    return _change(connection, number, worker, {"stage": stage, "changed_at": moment(now)})


def finish(connection: Connection, number: int, worker: str, report_key: str, now: datetime, *, post: bool) -> bool:
    """Note that a job has its report, which must be in the store; False where the job is no longer this worker's."""
    publication = Publication.WAITING if post else Publication.NONE
    ended = {"state": JobState.DONE, "report_key": report_key, "problem": "", "publication": publication}
    return _end(connection, number, worker, {**ended, **_nobody(now)})


def fail(
    connection: Connection,
    number: int,
    worker: str,
    problem: str,
    now: datetime,
    *,
    again: datetime | None,
    gone: bool = False,
    report_key: str | None = None,
) -> bool:
    """Note why there is no grade, and when it is tried again (None: never); False where it is another worker's now.

    `gone`: its commit is no longer there. `report_key` is that of a report which says that grader failed.
    """
    state = JobState.GONE if gone else JobState.DEAD if again is None else JobState.FAILED
    ended = {"state": state, "problem": problem, "not_before": moment(again or now), "report_key": report_key}
    return _end(connection, number, worker, {**ended, **_nobody(now)})


def take_to_post(connection: Connection, worker: str, now: datetime, until: datetime) -> Job | None:
    """A finished job whose report is to be posted, now this worker's until that moment."""
    at = moment(now)
    due = (JOB.c.publication == Publication.WAITING) & (JOB.c.state == JobState.DONE) & (JOB.c.leased_until < at)
    number = connection.scalar(
        select(JOB.c.id).where(due).order_by(JOB.c.changed_at, JOB.c.id).limit(1).with_for_update(skip_locked=True)
    )
    if number is None:
        return None
    connection.execute(update(JOB).where(JOB.c.id == number).values(worker=worker, leased_until=moment(until)))
    return find_job(connection, number)


def posted(connection: Connection, number: int, worker: str, publication: Publication) -> bool:
    """Note what became of posting a report; False where the job is no longer this worker's."""
    mine = (JOB.c.id == number) & (JOB.c.worker == worker)
    values = {"publication": publication, "worker": "", "leased_until": ""}
    return connection.execute(update(JOB).where(mine).values(values)).rowcount == 1


def find_job(connection: Connection, number: int) -> Job | None:
    """The job of that number."""
    found = _jobs(connection, select(JOB).where(JOB.c.id == number))
    return found[0] if found else None


def is_known(connection: Connection, job: NewJob) -> bool:
    """Whether a commit was ever queued for its assignment."""
    return connection.scalar(select(JOB.c.id).where(_is_commit_of(job)).limit(1)) is not None


def job_counts(connection: Connection) -> dict[JobState, int]:
    """How many jobs stand in each state; all states are there."""
    rows = connection.execute(select(JOB.c.state, func.count()).group_by(JOB.c.state))
    found = {str(state): int(number) for state, number in rows}
    return {state: found.get(state, 0) for state in JobState}


def waiting_since(connection: Connection, now: datetime) -> str | None:
    """When the oldest job that is due was queued; None where nothing waits."""
    due = JOB.c.state.in_(_OPEN) & (JOB.c.not_before <= moment(now))
    found = connection.scalar(select(func.min(JOB.c.created_at)).where(due))
    return None if found is None else str(found)


def to_post(connection: Connection) -> int:
    """How many reports wait to be posted."""
    wanted = select(func.count()).select_from(JOB)
    return connection.scalar(wanted.where(JOB.c.publication == Publication.WAITING)) or 0


def _is_commit_of(job: NewJob) -> ColumnElement[bool]:
    """All generations of a job's commit."""
    return and_(*(JOB.c[name] == getattr(job, name) for name in ("assignment", "repository", "commit")))


def _newest_generation(connection: Connection, number: int) -> Job | None:
    """Of the commit of the job of that number."""
    found = find_job(connection, number)
    if found is None:
        return None
    return _jobs(connection, select(JOB).where(_is_commit_of(found)).order_by(JOB.c.generation.desc()).limit(1))[0]


def _queue_next(connection: Connection, newest: Job, now: datetime) -> bool:
    """Queue one more generation; False where another service has just done so."""
    values = {name: getattr(newest, name) for name in NewJob.model_fields} | {"cause": "regrade"} | _fresh(now)
    # It was handed in when it was, not now: a commit that came in between stays the newer one.
    values |= {"generation": newest.generation + 1, "received_at": newest.received_at or newest.created_at}
    return insert_once(connection, JOB, values)


def _fresh(now: datetime) -> dict[str, Any]:
    """The columns of a job that nobody has tried."""
    return {
        **_nobody(now),
        "state": JobState.WAITING,
        "stage": "",
        "attempts": 0,
        "not_before": moment(now),
        "report_key": None,
        "problem": "",
        "publication": Publication.NONE,
        "created_at": moment(now),
    }


def _nobody(now: datetime) -> dict[str, Any]:
    return {"worker": "", "leased_until": "", "changed_at": moment(now)}


def _change(connection: Connection, number: int, worker: str, values: dict[str, Any]) -> bool:
    mine = (JOB.c.id == number) & (JOB.c.worker == worker) & (JOB.c.state == JobState.RUNNING)
    return connection.execute(update(JOB).where(mine).values(values)).rowcount == 1


def _end(connection: Connection, number: int, worker: str, values: dict[str, Any]) -> bool:
    if not _change(connection, number, worker, values):
        return False
    clear_progress(connection, number)
    return True


def _jobs(connection: Connection, wanted: Any) -> list[Job]:
    return [Job.model_validate(dict(row._mapping)) for row in connection.execute(wanted)]
