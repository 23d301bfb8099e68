"""What the coordinator of a batch writes into its store, written into the service's queue instead."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from grader.batch.run.costs import Cost
from grader.batch.run.ledger import Graded, Ledger, storable
from grader.errors import GraderError, StoreError
from grader.model.job import Job
from grader.model.report import GradeReport
from grader.model.work import Ended, Stage, WorkKey
from grader.report.escape import prose
from grader.store import jobs, results
from grader.store.engine import Store
from grader.store.fingerprints import keep_fingerprint
from grader.store.progress import add_progress
from grader.web.configuration import Work

_LONGEST = 1000  # characters of a sentence: what a student wrote may stand in it


class LeaseLost(GraderError):
    """Another service has taken the job over."""


class JobLedger(Ledger):
    """Writes for one worker, and only about jobs that are still its own. `submission` is the number of a job."""

    def __init__(
        self, store: Store, worker: str, work: Work, posts: Callable[[Job], bool], now: Callable[[], datetime]
    ) -> None:
        """`posts` says of a job whether its report goes to the forge."""
        super().__init__(store)
        self._worker, self._work, self._posts, self._now = worker, work, posts, now

    def begin(self, submission: int, stage: Stage) -> None:
        """A stage begins. Raises LeaseLost."""
        now = self._now()
        if not self.transact(lambda connection: jobs.begin_stage(connection, submission, self._worker, stage, now)):
            raise LeaseLost("Another service has taken the job over.")

    def end(self, submission: int, cost: Cost, ended: Ended = Ended.DONE, message: str = "") -> None:
        """A stage has ended: its report says how long it took."""

    def fetched(
        self, submission: int, commit: str | None, received_at: str | None, late: bool, cost: Cost, message: str
    ) -> None:
        """A clone has ended: the job named the commit before."""

    def finish(self, submission: int, key: WorkKey, graded: Graded, cost: Cost) -> GradeReport:
        """There is a report; one that says that grader failed is tried again. Returns it as it will be read back."""
        kept = storable(graded.report)

        def work(connection: Connection) -> None:
            job = jobs.find_job(connection, submission)
            if job is None:
                return  # its student was forgotten meanwhile
            if not graded.found:
                results.keep_report(connection, key, kept)
            if graded.fingerprint is not None:
                keep_fingerprint(connection, key.digest, graded.fingerprint)
            if kept.verdict == "error":
                self._fail(connection, submission, kept.summary, key.digest)
                return
            jobs.finish(connection, submission, self._worker, key.digest, self._now(), post=self._posts(job))

        self.transact(work)
        return kept

    def give_up(self, submission: int, cost: Cost, problem: str, *, lasting: bool = False) -> None:
        """There is no report, for a reason of ours or of the network: it is tried again later, so often."""
        self.transact(lambda connection: self._fail(connection, submission, problem, None, gone=lasting))

    def tell(self, job: int, event: str) -> None:
        """What a training says. Where it can't be written it is lost: the report has all of it."""

        def work(connection: Connection) -> None:
            if jobs.find_job(connection, job) is not None:
                add_progress(connection, job, event)

        with contextlib.suppress(StoreError):
            self.transact(work)

    def _fail(
        self, connection: Connection, number: int, problem: str, report_key: str | None, *, gone: bool = False
    ) -> None:
        job = jobs.find_job(connection, number)
        if job is None:
            return  # its student was forgotten meanwhile
        now = self._now()
        again = None if gone or job.attempts >= self._work.attempts else now + pause_after(job.attempts, self._work)
        jobs.fail(
            connection,
            number,
            self._worker,
            prose(problem, _LONGEST),
            now,
            again=again,
            gone=gone,
            report_key=report_key,
        )


def pause_after(attempts: int, work: Work) -> timedelta:
    """How long to wait after so many failures: twice as long each time, up to a bound."""
    return timedelta(seconds=min(work.longest_pause, work.first_pause * 2.0 ** min(attempts - 1, 60)))
