"""Finished reports and training runs, found again by their keys. Every function runs in the caller's transaction."""

import zlib

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select

from grader.errors import DamagedError
from grader.model.report import GradeReport
from grader.model.training import TrainingRun
from grader.model.work import RescoredKey, TrainingKey, WorkKey
from grader.store.batches import now
from grader.store.tables import REPORT, TRAINING
from grader.store.unpack import unpacked


def find_report(connection: Connection, key: str) -> GradeReport | None:
    """The report with that digest of a WorkKey. Raises DamagedError where it can't be read back."""
    content = connection.scalar(select(REPORT.c.content).where(REPORT.c.key == key))
    return None if content is None else unpacked_report(key, content)


def packed_report(connection: Connection, key: str) -> bytes | None:
    """What `unpacked_report` takes: unpacking is slow, and does not have to hold up other transactions."""
    content: bytes | None = connection.scalar(select(REPORT.c.content).where(REPORT.c.key == key))
    return content


def keep_report(connection: Connection, key: WorkKey | RescoredKey, report: GradeReport) -> str:
    """Keep a finished report, in place of an earlier one of that key; returns the key's digest.

    An update and not a deletion, where there is one: submissions refer to it.
    """
    digest = key.digest
    values = {
        "created_at": now(),
        "verdict": report.verdict,
        "points": report.score.points,
        "max_points": report.score.max_points,
        "graph_digest": report.provenance.graph_digest,
        "rubric_digest": report.rubric.digest,
        "commit": report.provenance.commit,
        "content": zlib.compress(report.model_dump_json(by_alias=True).encode()),
    }
    there = connection.scalar(select(REPORT.c.key).where(REPORT.c.key == digest))
    if there is None:
        connection.execute(insert(REPORT).values(key=digest, **values))
    else:
        connection.execute(REPORT.update().where(REPORT.c.key == digest).values(values))
    return digest


def find_training(connection: Connection, key: TrainingKey) -> TrainingRun | None:
    """The finished run of that key. Raises DamagedError where it can't be read back."""
    content = connection.scalar(select(TRAINING.c.content).where(TRAINING.c.key == key.digest))
    return None if content is None else unpacked_training(key.digest, content)


def keep_training(connection: Connection, key: TrainingKey, run: TrainingRun) -> None:
    """Keep a finished run. An interrupted one is not finished, and is refused (ValueError)."""
    if run.stopped == "interrupted":
        raise ValueError("an interrupted run is not kept: it would stand for a finished one")
    connection.execute(delete(TRAINING).where(TRAINING.c.key == key.digest))
    values = {
        "key": key.digest,
        "created_at": now(),
        "graph_digest": key.graph,
        "recipe_digest": key.recipe,
        "seed": key.seed,
        "content": zlib.compress(run.model_dump_json(by_alias=True).encode()),
    }
    connection.execute(insert(TRAINING).values(values))


def unpacked_report(key: str, content: bytes) -> GradeReport:
    """The report in a row. Raises DamagedError where it is damaged."""
    try:
        return GradeReport.model_validate_json(unpacked(content))
    except (ValidationError, ValueError, zlib.error):
        raise DamagedError(
            f"The report {key[:12]} in the store is damaged.", mend="Run `grader store check`."
        ) from None


def unpacked_training(key: str, content: bytes) -> TrainingRun:
    """The training run in a row. Raises DamagedError where it is damaged."""
    try:
        return TrainingRun.model_validate_json(unpacked(content))
    except (ValidationError, ValueError, zlib.error):
        message = f"The training run {key[:12]} in the store is damaged."
        raise DamagedError(message, mend="Run `grader store check`.") from None
