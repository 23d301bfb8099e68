"""The coordinator's hand on the store: one transaction at a time, whichever thread wants it."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection

from grader.batch.run.costs import Cost
from grader.errors import DamagedError
from grader.model.report import GradeReport
from grader.model.similarity import Fingerprint
from grader.model.training import TrainingRun
from grader.model.work import Ended, Stage, TrainingKey, WorkKey
from grader.report.escape import prose
from grader.report.json_report import from_json, to_json
from grader.store import batches, results
from grader.store.engine import Store
from grader.store.fingerprints import keep_fingerprint

_LONGEST = 1000  # characters of a sentence: what a student wrote may stand in it
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Graded:
    """What the work on a submission came to."""

    report: GradeReport
    fingerprint: Fingerprint | None = None  # None where nothing could be fetched, or the report was found
    found: bool = False  # it had been done before


class Ledger:
    """Everything raises StoreError where the store is locked, read-only, full, or gone for too long."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.Lock()

    def transact(self, work: Callable[[Connection], _Answer]) -> _Answer:
        """One transaction, when no other thread has one."""
        with self._lock:
            return self.store.transact(work)

    def begin(self, submission: int, stage: Stage) -> None:
        """A stage begins."""
        self.transact(lambda connection: batches.begin_stage(connection, submission, stage))

    def end(self, submission: int, cost: Cost, ended: Ended = Ended.DONE, message: str = "") -> None:
        """A stage has ended."""
        self.transact(lambda connection: _end(connection, submission, cost, ended, message))

    def fetched(
        self, submission: int, commit: str | None, received_at: str | None, late: bool, cost: Cost, message: str
    ) -> None:
        """A clone has ended, with what is graded."""

        def work(connection: Connection) -> None:
            batches.note_commit(connection, submission, commit, received_at=received_at, late=late)
            _end(connection, submission, cost, Ended.DONE, message)

        self.transact(work)

    def find_report(self, key: WorkKey) -> GradeReport | None:
        """The report of work that was done before; None, too, where it can't be read back: then it is done again."""
        with contextlib.suppress(DamagedError):
            return self.transact(lambda connection: results.find_report(connection, key.digest))
        return None

    def finish(self, submission: int, key: WorkKey, graded: Graded, cost: Cost) -> GradeReport:
        """There is a report. Returns it as it will be read back."""
        kept = storable(graded.report)

        def work(connection: Connection) -> None:
            if not graded.found:
                results.keep_report(connection, key, kept)
            if graded.fingerprint is not None:
                keep_fingerprint(connection, key.digest, graded.fingerprint)
            _end(connection, submission, cost, Ended.FOUND if graded.found else Ended.DONE, "")
            batches.finish(connection, submission, key.digest)

        self.transact(work)
        return kept

    def give_up(self, submission: int, cost: Cost, problem: str, *, lasting: bool = False) -> None:
        """A stage failed for a reason of ours or of the network, and with it the submission.

        `lasting`: trying again is no use, and no person can help it.
        """

        def work(connection: Connection) -> None:
            _end(connection, submission, cost, Ended.FAILED, problem)
            batches.give_up(connection, submission, prose(problem, _LONGEST))

        self.transact(work)

    def find_training(self, key: TrainingKey) -> TrainingRun | None:
        """A run that was finished before; None as for a report."""
        with contextlib.suppress(DamagedError):
            return self.transact(lambda connection: results.find_training(connection, key))
        return None

    def keep_training(self, key: TrainingKey, run: TrainingRun) -> None:
        """Keep a finished run."""
        self.transact(lambda connection: results.keep_training(connection, key, run))


def _end(connection: Connection, submission: int, cost: Cost, ended: Ended, message: str) -> None:
    batches.end_stage(
        connection,
        submission,
        cost.stage,
        ended,
        seconds=round(cost.seconds, 3),
        cpu_seconds=round(cost.cpu_seconds, 3),
        message=prose(message, _LONGEST),
    )


def storable(report: GradeReport) -> GradeReport:
    """The report, with lone surrogates, which no JSON can hold, shown as the written report shows them."""
    try:
        report.model_dump_json(by_alias=True)
    except PydanticSerializationError:
        return from_json(to_json(report))
    return report
