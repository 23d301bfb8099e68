"""One submission's way through the stages, on one screen."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Semaphore

from grader.batch.fetch.submission import Fetched, fetch_submission
from grader.batch.results.folders import report_page
from grader.batch.results.row import result_row
from grader.batch.run.costs import Cost, Stopwatch
from grader.batch.run.described import described
from grader.batch.run.executor import Executor
from grader.batch.run.files import packed
from grader.batch.run.keys import state_of, work_key
from grader.batch.run.ledger import Graded, Ledger
from grader.batch.run.request import request_of, unfetched
from grader.batch.run.settings import BatchSettings
from grader.batch.run.shared_training import SharedTraining, Trainee
from grader.batch.run.static_part import StaticDone, StaticTask, examine
from grader.batch.run.train_part import Machine
from grader.batch.run.watch import Watch
from grader.errors import CommitGone, GraderError, StoreError, SubmissionError
from grader.model.report import GradeReport
from grader.model.submission import Submission
from grader.model.work import Ended, Stage, StoredSubmission, WorkKey
from grader.pipeline.assemble import Clock
from grader.pipeline.conclude import conclude, refuse
from grader.pipeline.extract import Ungradable
from grader.pipeline.prepare import Refused
from grader.pipeline.request import Backends
from grader.pipeline.train import train
from grader.report.write import write_report
from grader.sandbox.base import Sandbox
from grader.temporary_folder import temporary_folder


class Fatal(Exception):
    """Something that every other submission would meet, too: the batch must end. `problem` says what."""

    def __init__(self, problem: GraderError) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True)
class Office:
    """What all journeys of a batch share."""

    settings: BatchSettings
    ledger: Ledger
    executor: Executor
    trainings: SharedTraining
    machine: Machine
    sandbox: Sandbox  # its name and strength; nothing runs in it here
    watch: Watch
    clones: Semaphore
    stopping: Event
    reports: Path | None  # folder for the written reports; None: they are kept in the store alone


class Journey:
    """Takes one submission from its repository to its report, in the thread that calls `travel`."""

    def __init__(self, submission: StoredSubmission, office: Office) -> None:
        self._id, self._entry, self._submission = submission.id, submission.entry, submission
        self._office = office
        self._stage, self._began = Stage.CLONE, time.monotonic()
        self._seconds = 0.0  # of work, without waiting for a place

    def travel(self) -> None:
        """To the end, whatever that is: a report, or the reason why there is none.

        Raises Fatal. Where the batch is stopped it ends at once, and leaves the submission as one that is under way.
        """
        if self._office.stopping.is_set():
            return
        try:
            self._finish(*self._grade())
        except StoreError as problem:
            raise Fatal(problem) from problem
        except Fatal:
            raise
        except Exception as problem:
            if not self._office.stopping.is_set():
                self._give_up(problem)

    def _grade(self) -> tuple[WorkKey, Graded]:
        office = self._office
        with temporary_folder("workspace") as workspace:
            try:
                fetched, commit = self._fetch(workspace)
            except SubmissionError as problem:  # an empty repository, no such branch: the student's to mend
                return self._key(None), Graded(self._refused(problem))
            key = self._key(commit)
            found = None if office.settings.who.force else office.ledger.find_report(key)
            if found is not None and found.verdict != "error":  # that was ours: it is tried again
                return key, Graded(found, found=True)
            done = self._examine(fetched.submission)
        return key, Graded(self._conclude(done), done.fingerprint)

    def _fetch(self, workspace: Path) -> tuple[Fetched, str]:
        """What is graded, and its commit or what stands for one."""
        office = self._office
        with office.clones:
            self._begin(Stage.CLONE)
            meter = Stopwatch()
            try:
                fetched = fetch_submission(self._entry, office.settings.fetch, workspace)
                commit = state_of(fetched.submission)
            except SubmissionError as problem:
                cost = meter.cost(Stage.CLONE)
                office.ledger.fetched(self._id, None, None, False, cost, str(problem))
                raise
        cost = meter.cost(Stage.CLONE)
        office.ledger.fetched(self._id, commit, fetched.received_at, fetched.late, cost, " ".join(fetched.notes))
        return fetched, commit

    def _examine(self, submission: Submission) -> StaticDone:
        """The stages probe and analyse, in a worker."""
        office, settings = self._office, self._office.settings
        task = StaticTask(
            request_of(self._entry, submission, settings),
            office.sandbox.name,
            settings.limits,
            None if office.executor.sees_files else packed(submission.checkout),
        )
        self._stage, self._began = Stage.PROBE, time.monotonic()
        future = office.executor.submit(
            examine, task, kind="static", timeout=settings.static_seconds, on_news=self._begin
        )
        done = future.result()
        for cost in done.costs:
            self._ended(cost)
        return done

    def _conclude(self, done: StaticDone) -> GradeReport:
        """Train, where that is wanted, and put the report together."""
        office, request, prepared = self._office, done.request, done.outcome
        if isinstance(prepared, Refused):
            return refuse(request, prepared, self._backends(), self._clock())
        names = Trainee(prepared.graph_digest, done.names, lambda: self._begin(Stage.TRAIN), self._ended)
        backends = replace(
            self._backends(),
            retrain=office.trainings.of(names),
            on_training=lambda event: office.watch.training(self._entry.student, event),
        )
        training = train(request, prepared.attempts, backends, prepared.export, prepared.stored)
        return conclude(request, prepared, training, backends, self._clock())

    def _refused(self, problem: SubmissionError) -> GradeReport:
        request = unfetched(self._entry, self._office.settings)
        return refuse(request, Refused(Ungradable.of(problem)), self._backends(), self._clock())

    def _finish(self, key: WorkKey, graded: Graded) -> None:
        """Write the report, then remember it: where we are killed in between it is written again."""
        office, student = self._office, self._entry.student
        self._begin(Stage.REPORT)
        meter = Stopwatch()
        try:
            if office.reports is not None:
                write_report(graded.report, (office.reports / report_page(student)).parent)
        except GraderError as problem:
            raise Fatal(problem) from problem
        kept = office.ledger.finish(self._id, key, graded, meter.cost(Stage.REPORT))
        row = result_row(self._submission, kept, max_points=kept.score.max_points)
        office.watch.ended(student, row.result, row.reason, graded.found)

    def _give_up(self, problem: Exception) -> None:
        """Note why there is no report. What is not an expected error is a mistake of ours, which ends nobody else's."""
        said = str(problem) if isinstance(problem, GraderError) else described(problem)
        cost = Cost(self._stage, time.monotonic() - self._began, 0.0)
        try:
            self._office.ledger.give_up(self._id, cost, said, lasting=isinstance(problem, CommitGone))
        except StoreError as lost:
            raise Fatal(lost) from lost
        self._office.watch.ended(self._entry.student, "unreached", said, False)

    def _begin(self, stage: Stage) -> None:
        self._stage, self._began = stage, time.monotonic()
        self._office.ledger.begin(self._id, stage)
        self._office.watch.stage(self._entry.student, stage)

    def _ended(self, cost: Cost, ended: Ended = Ended.DONE, message: str = "") -> None:
        self._seconds += cost.seconds
        self._office.ledger.end(self._id, cost, ended, message)

    def _key(self, commit: str | None) -> WorkKey:
        office = self._office
        return work_key(self._entry, commit, office.settings, office.machine, office.sandbox.name)

    def _backends(self) -> Backends:
        return Backends(sandbox=self._office.sandbox, limits=self._office.settings.limits)

    def _clock(self) -> Clock:
        return Clock(datetime.now(UTC).isoformat(timespec="seconds"), self._seconds)
