"""Finished reports on their way to the forge; what can't be posted now waits in the store and is sent later."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import groupby

from grader.errors import DamagedError, GraderError, PublishError
from grader.model.job import Job, Publication
from grader.publish.credentials import Credentials
from grader.publish.forge import Forge, open_forge
from grader.publish.patience import Patience
from grader.publish.place import Place
from grader.publish.publish import Published, keep, publish, send_kept
from grader.publish.render import Shown
from grader.report.escape import log_text
from grader.store import jobs, publications
from grader.store.engine import Store
from grader.store.results import find_report
from grader.web.configuration import Configuration
from grader.web.repositories import Course

_LOG = logging.getLogger("grader.posting")
_LEASE = timedelta(minutes=30)  # longer than posting one report may wait
_WAIT = 120.0  # seconds that posting one report waits for limits; then it is left pending
_PULSE_SECONDS = 2.0
_PENDING_SECONDS = 60.0  # between looks for what was left pending


class Posting:
    """`run` returns when `stopping` is set. Two services on one store never post the same report at the same time."""

    def __init__(
        self,
        configuration: Configuration,
        courses: Mapping[str, Course],
        store: Store,
        credentials: Credentials,
        worker: str,
        *,
        stopping: threading.Event,
        now: Callable[[], datetime],
    ) -> None:
        self._configuration, self._courses, self._store = configuration, courses, store
        self._credentials, self._worker = credentials, f"{worker} posting"
        self._stopping, self._now = stopping, now

    def run(self) -> None:
        """Until the end. Raises StoreError."""
        since_pending = _PENDING_SECONDS
        while not self._stopping.is_set():
            if self.post_one():
                continue
            if since_pending >= _PENDING_SECONDS:
                since_pending = 0.0
                self.send_pending()
            self._stopping.wait(_PULSE_SECONDS)
            since_pending += _PULSE_SECONDS

    def post_one(self) -> bool:
        """Post the report that has waited longest; whether there was one. Raises StoreError."""
        now = self._now()
        worker, until = self._worker, now + _LEASE
        job = self._store.transact(lambda connection: jobs.take_to_post(connection, worker, now, until))
        if job is None:
            return False
        try:
            self._post(job)
        except DamagedError as problem:
            _LOG.error("%s", log_text(str(problem)))
        except GraderError as problem:
            _LOG.warning("job %d: %s", job.id, log_text(str(problem)))
        self._store.transact(lambda connection: jobs.posted(connection, job.id, worker, Publication.DONE))
        return True

    def send_pending(self) -> None:
        """Send what was left pending, as far as it may be sent by now. Raises StoreError."""
        api = self._configuration.api_url.rstrip("/")
        rows = self._store.transact(lambda connection: publications.waiting(connection, api))
        rows.sort(key=lambda row: row.spot.repository)
        for repository, some in groupby(rows, key=lambda row: row.spot.repository):
            if self._stopping.is_set():
                return
            try:
                with open_forge(repository, self._credentials, api=api, patience=self._patience()) as forge:
                    for row in some:
                        send_kept(row, forge, self._store, self._credentials.marker_key)
            except (PublishError, _Ended) as problem:
                _LOG.warning("%s: %s", repository, log_text(str(problem)))

    def _post(self, job: Job) -> None:
        course, key = self._courses.get(job.assignment), job.report_key
        report = None if key is None else self._store.transact(lambda connection: find_report(connection, key))
        if course is None or report is None or not course.assignment.publish:
            return
        configuration = self._configuration
        # Several assignments may look at one repository: each has a comment of its own.
        entry = job.assignment if sum(one.holds(job.home) for one in self._courses.values()) > 1 else ""
        shown = Shown(course.assignment.publish, f"{configuration.public_url}/jobs/{job.id}", entry)
        place = Place(job.home, job.commit, job.pull_request, configuration.api_url)
        try:
            with open_forge(place.repository, self._credentials, api=place.api, patience=self._patience()) as forge:
                place = self._with_pull_request(place, shown, forge)
                done = publish(
                    report,
                    place,
                    forge,
                    self._store,
                    shown,
                    marker_key=self._credentials.marker_key,
                    report_key=key,
                )
        except (PublishError, _Ended):
            keep(report, place, self._store, shown, report_key=key)
            raise
        _say(job, done)

    def _with_pull_request(self, place: Place, shown: Shown, forge: Forge) -> Place:
        """A push does not say which pull request shows it."""
        if place.pull_request is not None or not {"comment", "labels"} & set(shown.kinds):
            return place
        numbers = forge.pulls_showing(place.commit)
        return Place(place.repository, place.commit, min(numbers, default=None), place.api)

    def _patience(self) -> Patience:
        return Patience(left=_WAIT, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _Ended("The service ends; what was not posted is sent after its next start.")


class _Ended(GraderError):
    """The service is to end."""


def _say(job: Job, done: Published) -> None:
    for item in done.items:
        if not item.is_there:
            _LOG.warning("job %d: %s %s: %s", job.id, item.kind, item.outcome, log_text(item.message))
