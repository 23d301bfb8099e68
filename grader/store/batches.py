"""Batches and their submissions: begun, resumed, brought forward. Every function runs in the caller's transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from grader.model.roster import RosterEntry
from grader.model.work import Ended, Stage, State, StoredSubmission
from grader.store.moments import moment
from grader.store.tables import BATCH, REPORT, STAGE, SUBMISSION

LEFT = "no longer in the roster"


def begin_batch(connection: Connection, *, key: str, title: str, rubric: str, entries: Sequence[RosterEntry]) -> int:
    """The batch of that key with those students: a new one, or the one that was begun before.

    Students that are new in the roster are added; those that left it stay, with their reports or with nothing to grade,
    and go on when they come back. Work that was running when a batch was killed waits again.
    """
    found = connection.scalar(select(BATCH.c.id).where(BATCH.c.key == key))
    if found is None:
        values = {"key": key, "title": title, "rubric": rubric, "created_at": now()}
        found = connection.execute(insert(BATCH).values(values).returning(BATCH.c.id)).scalar_one()
    batch = int(found)
    known = {row.student: row for row in connection.execute(select(SUBMISSION).where(SUBMISSION.c.batch_id == batch))}
    fresh = [_row(batch, entry) for entry in entries if entry.student not in known]
    if fresh:
        connection.execute(insert(SUBMISSION), fresh)
    for entry in entries:
        before = known.get(entry.student)
        if before is not None and before.entry != (text := entry.model_dump_json()):
            changes = {"entry": text, **_standing(entry)} if _moved(before.entry, entry) else {"entry": text}
            _change(connection, before.id, changes)
        if before is not None and before.problem == LEFT:
            _change(connection, before.id, _standing(entry))
    there = {entry.student for entry in entries}
    for student, row in known.items():
        if student not in there and row.state != State.DONE:
            _change(connection, row.id, {"state": State.NOTHING, "problem": LEFT})
    running = (SUBMISSION.c.batch_id == batch) & (SUBMISSION.c.state == State.RUNNING)
    connection.execute(update(SUBMISSION).where(running).values(state=State.WAITING, changed_at=now()))
    return batch


def submissions(connection: Connection, batch: int, *states: State) -> list[StoredSubmission]:
    """The submissions of a batch in roster order; only those in `states` where any are given."""
    wanted = select(SUBMISSION).where(SUBMISSION.c.batch_id == batch)
    if states:
        wanted = wanted.where(SUBMISSION.c.state.in_(states))
    rows = connection.execute(wanted.order_by(SUBMISSION.c.id))
    return sorted((_submission(row) for row in rows), key=lambda one: one.entry.line)


def with_error(connection: Connection, batch: int) -> set[int]:
    """The submissions of a batch whose report says that grader itself failed."""
    wanted = select(SUBMISSION.c.id).join(REPORT, SUBMISSION.c.report_key == REPORT.c.key)
    return set(connection.scalars(wanted.where(SUBMISSION.c.batch_id == batch, REPORT.c.verdict == "error")))


def counts(connection: Connection, batch: int) -> dict[State, int]:
    """How many submissions of a batch stand in each state; all states are there."""
    wanted = select(SUBMISSION.c.state, func.count()).where(SUBMISSION.c.batch_id == batch).group_by(SUBMISSION.c.state)
    found = {State(state): int(number) for state, number in connection.execute(wanted)}
    return {state: found.get(state, 0) for state in State}


def begin_stage(connection: Connection, submission: int, stage: Stage) -> None:
    """Note that a stage begins; a submission's first one counts as an attempt."""
    changes: dict[str, Any] = {"stage": stage, "state": State.RUNNING}
    if stage is Stage.CLONE:
        changes["attempts"] = SUBMISSION.c.attempts + 1
    _change(connection, submission, changes)


def end_stage(
    connection: Connection,
    submission: int,
    stage: Stage,
    ended: Ended,
    *,
    seconds: float,
    cpu_seconds: float | None = None,
    message: str = "",
) -> None:
    """Note how a stage ended and what it took."""
    row = {
        "submission_id": submission,
        "name": stage,
        "outcome": ended,
        "ended_at": now(),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "message": message,
    }
    connection.execute(insert(STAGE).values(row))


def note_commit(
    connection: Connection, submission: int, commit: str | None, *, received_at: str | None = None, late: bool = False
) -> None:
    """Note which commit is graded, and when the forge received it."""
    _change(connection, submission, {"commit": commit, "received_at": received_at, "late": late})


def finish(connection: Connection, submission: int, report_key: str) -> None:
    """Note that a submission has its report, which must be in the store."""
    _change(connection, submission, {"state": State.DONE, "report_key": report_key, "problem": ""})


def give_up(connection: Connection, submission: int, problem: str) -> None:
    """Note why there is no report: a reason of ours or of the network."""
    _change(connection, submission, {"state": State.FAILED, "problem": problem})


def retry(connection: Connection, submissions: Sequence[int]) -> None:
    """Let submissions wait again, whatever became of them."""
    values = {"state": State.WAITING, "problem": "", "report_key": None, "changed_at": now()}
    connection.execute(update(SUBMISSION).where(SUBMISSION.c.id.in_(submissions)).values(values))


def now() -> str:
    """The time as it stands in the store."""
    return moment(datetime.now(UTC))


def _row(batch: int, entry: RosterEntry) -> dict[str, Any]:
    return {
        "batch_id": batch,
        "student": entry.student,
        "entry": entry.model_dump_json(),
        "attempts": 0,
        "commit": None,
        "received_at": None,
        "late": False,
        "changed_at": now(),
        **_standing(entry),
    }


def _standing(entry: RosterEntry) -> dict[str, Any]:
    """Where a submission begins: an excused student, or one without a repository, has nothing to be graded."""
    reason = "excused" if entry.excused else entry.missing
    state = State.NOTHING if entry.excused or entry.repository is None else State.WAITING
    return {"stage": Stage.CLONE, "state": state, "report_key": None, "problem": reason}


def _moved(before: str, entry: RosterEntry) -> bool:
    """Whether the roster now names other work, not only another name or line."""
    old = RosterEntry.model_validate_json(before)
    what = ("repository", "path", "ref", "model", "recipe", "excused")
    return any(getattr(old, name) != getattr(entry, name) for name in what)


def _change(connection: Connection, submission: int, changes: dict[str, Any]) -> None:
    values = {**changes, "changed_at": now()}
    connection.execute(update(SUBMISSION).where(SUBMISSION.c.id == submission).values(values))


def _submission(row: Any) -> StoredSubmission:
    return StoredSubmission(
        id=row.id,
        entry=RosterEntry.model_validate_json(row.entry),
        stage=Stage(row.stage),
        state=State(row.state),
        attempts=row.attempts,
        commit=row.commit,
        received_at=row.received_at,
        late=row.late,
        report_key=row.report_key,
        problem=row.problem,
    )
