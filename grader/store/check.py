"""Is a store whole? The database's own check, and that everything in it can be read and refers to what is there."""

from collections.abc import Iterator

from pydantic import ValidationError
from sqlalchemy import Connection, func, select

from grader.errors import StoreError
from grader.model.job import Job, JobState
from grader.model.roster import RosterEntry
from grader.model.work import Ended, Stage, State
from grader.store.every_table import METADATA
from grader.store.fingerprints import unpacked_fingerprint
from grader.store.publication_tables import PUBLICATION
from grader.store.publications import PENDING, SENDING, unpacked_posts
from grader.store.queue_tables import JOB
from grader.store.results import unpacked_report, unpacked_training
from grader.store.tables import BATCH, FINGERPRINT, REPORT, STAGE, SUBMISSION, TRAINING


def problems(connection: Connection) -> Iterator[str]:
    """Everything that is wrong, one sentence each; nothing where the store is whole."""
    if connection.dialect.name == "sqlite":
        for (said,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if said != "ok":
                yield f"SQLite: {said}."
        for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"Row {row} of {table} refers to a {parent} that is not there."
    yield from _contents(connection)
    yield from _submissions(connection)
    yield from _publications(connection)
    yield from _jobs(connection)


def sizes(connection: Connection) -> dict[str, int]:
    """Rows per table."""
    tables = METADATA.sorted_tables
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def _contents(connection: Connection) -> Iterator[str]:
    for key, verdict, content in connection.execute(select(REPORT.c.key, REPORT.c.verdict, REPORT.c.content)):
        try:
            report = unpacked_report(key, content)
        except StoreError as problem:
            yield problem.message
            continue
        if report.verdict != verdict:
            yield f"The report {key[:12]} says {report.verdict}, its row {verdict}."
    for key, seed, content in connection.execute(select(TRAINING.c.key, TRAINING.c.seed, TRAINING.c.content)):
        try:
            run = unpacked_training(key, content)
        except StoreError as problem:
            yield problem.message
            continue
        if run.seed != seed:
            yield f"The training run {key[:12]} has seed {run.seed}, its row {seed}."
    yield from _fingerprints(connection)


def _fingerprints(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(FINGERPRINT)):
        try:
            found = unpacked_fingerprint(row.report_key, row.content)
        except StoreError as problem:
            yield problem.message
            continue
        if (found.graph, found.shapes) != (row.graph, row.shapes):
            yield f"The fingerprint of the report {row.report_key[:12]} has another graph than its row."


def _publications(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(PUBLICATION)):
        try:
            waits = unpacked_posts(row.id, row.content)
        except StoreError as problem:
            yield problem.message
            continue
        if bool(waits) != (row.state in (PENDING, SENDING)):
            yield f"The publication {row.id} is {row.state} and holds {len(waits)} posts."


def _submissions(connection: Connection) -> Iterator[str]:
    reports = set(connection.scalars(select(REPORT.c.key)))
    for row in connection.execute(select(SUBMISSION, BATCH.c.title).join(BATCH)):
        who = f"The submission of {row.student!r} in {row.title!r}"
        try:
            RosterEntry.model_validate_json(row.entry)
            state = State(row.state)
            Stage(row.stage)
        except (ValidationError, ValueError):
            yield f"{who} can't be read."
            continue
        if (state is State.DONE) != (row.report_key is not None):
            yield f"{who} is {state} and has {'a' if row.report_key else 'no'} report."
        if row.report_key is not None and row.report_key not in reports:
            yield f"{who} refers to a report that is not there."
        if state in (State.FAILED, State.NOTHING) and not row.problem:
            yield f"{who} is {state} without a reason."
    ended = {str(one) for one in Ended}
    for (outcome,) in connection.execute(select(STAGE.c.outcome).distinct()):
        if outcome not in ended:
            yield f"A stage ended as {outcome!r}, which is no known end."


def _jobs(connection: Connection) -> Iterator[str]:
    reports = set(connection.scalars(select(REPORT.c.key)))
    for row in connection.execute(select(JOB)):
        what = f"The job {row.id} of {row.repository} for {row.assignment}"
        try:
            job = Job.model_validate(dict(row._mapping))
        except ValidationError:
            yield f"{what} can't be read."
            continue
        if job.state is JobState.DONE and job.report_key is None:
            yield f"{what} is done and has no report."
        if job.report_key is not None and job.report_key not in reports:
            yield f"{what} refers to a report that is not there."
        if (job.state is JobState.RUNNING) and not (job.worker and job.leased_until):
            yield f"{what} is running, and nobody has it."
        if job.state in (JobState.DEAD, JobState.FAILED, JobState.GONE) and not job.problem:
            yield f"{what} is {job.state} without a reason."
