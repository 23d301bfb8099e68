"""Takes jobs from the queue, sends each on its journey, and holds their leases while they are under way."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from grader.batch.run.coordinator import hear
from grader.batch.run.journey import Fatal, Journey
from grader.errors import StoreError
from grader.model.job import Job
from grader.report.escape import log_text
from grader.store import jobs
from grader.store.engine import Store
from grader.web.configuration import Configuration
from grader.web.grading.offices import Offices
from grader.web.grading.submission import submission_of
from grader.web.repositories import Course

_PULSE_SECONDS = 1.0  # between looks for new jobs
_AFTER_TROUBLE = 5.0  # seconds
_LOG = logging.getLogger("grader.grading")


class Dispatcher:
    """`run` returns when `stopping` is set; what was under way is then anybody's."""

    def __init__(
        self,
        configuration: Configuration,
        courses: dict[str, Course],
        store: Store,
        offices: Offices,
        worker: str,
        *,
        ahead: int,
        stopping: threading.Event,
        now: Callable[[], datetime],
    ) -> None:
        """`ahead` jobs are under way at the same time."""
        self._configuration, self._courses, self._store, self._offices = configuration, courses, store, offices
        self._worker, self._ahead, self._stopping, self._now = worker, ahead, stopping, now
        self._mine: set[int] = set()
        self._lock = threading.Lock()
        self._moved = threading.Event()  # a job has ended, or all is to end

    def run(self) -> None:
        """Until the end."""
        heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        heart.start()
        with ThreadPoolExecutor(self._ahead, "job", initializer=lambda: hear(self._stopping)) as pool:
            while not self._stopping.is_set():
                self._moved.clear()
                pause = _PULSE_SECONDS
                try:
                    for job in self._take():
                        pool.submit(self._travel, job)
                except StoreError as problem:
                    _LOG.error("%s", log_text(str(problem)))
                    pause = _AFTER_TROUBLE
                self._moved.wait(pause)
        heart.join()
        self._give_back()

    def wake(self) -> None:
        """Look at once, instead of after the next pulse."""
        self._moved.set()

    def _take(self) -> list[Job]:
        with self._lock:
            free = self._ahead - len(self._mine)
        if free < 1:
            return []
        now, work = self._now(), self._configuration.work
        until = now + timedelta(seconds=work.lease)
        taken = self._store.transact(
            lambda connection: jobs.take(
                connection,
                self._worker,
                now,
                until,
                most=free,
                attempts=work.attempts,
                assignments=tuple(self._courses),
            )
        )
        with self._lock:
            self._mine |= {job.id for job in taken}
        return taken

    def _travel(self, job: Job) -> None:
        """One job to its end. What can't be noted is noted by nobody: its lease runs out, and it is taken again."""
        try:
            course = self._courses[job.assignment]
            offices = self._offices.again if job.generation else self._offices.usual
            submission = submission_of(job, course, self._configuration.clone_url)
            Journey(submission, offices[job.assignment]).travel()
        except Fatal as fatal:
            _LOG.error("%s", log_text(str(fatal.problem)))
        except Exception:
            _LOG.exception("Job %d ended with a mistake of grader's.", job.id)
        finally:
            with self._lock:
                self._mine.discard(job.id)
            self._moved.set()

    def _beat(self) -> None:
        """Renew the leases long before they run out."""
        lease = self._configuration.work.lease
        while not self._stopping.wait(lease / 4):
            with self._lock:
                mine = set(self._mine)
            if not mine:
                continue
            try:
                self._renew(mine)
            except StoreError as problem:
                _LOG.error("%s", log_text(str(problem)))

    def _renew(self, mine: set[int]) -> None:
        until = self._now() + timedelta(seconds=self._configuration.work.lease)
        self._store.transact(lambda connection: jobs.renew(connection, self._worker, mine, until))

    def _give_back(self) -> None:
        now = self._now()
        try:
            self._store.transact(lambda connection: jobs.give_back(connection, self._worker, now))
        except StoreError as problem:
            _LOG.error("%s", log_text(str(problem)))
