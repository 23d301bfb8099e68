"""A repository, a queue, and workers that are played: real git, a real store, a played GitHub."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from a_service import all_jobs
from fake_github import FakeGitHub
from played_executor import PlayedExecutor
from running_service import add_commit

from grader.batch.run.static_part import StaticDone, StaticTask
from grader.batch.run.watch import Watch
from grader.model.job import Job, NewJob
from grader.publish.credentials import Credentials
from grader.store import jobs
from grader.web.grading.access import ForgeAccess
from grader.web.grading.dispatcher import Dispatcher
from grader.web.grading.job_ledger import JobLedger
from grader.web.grading.offices import open_offices
from grader.web.grading.posting import Posting
from grader.web.services import Services

POSTER = Credentials(token="ghs_poster", marker_key=b"a key that nobody guesses")


class Played(PlayedExecutor):
    """Its words stand in README.md, which is fetched; `hold` keeps all examinations back until it is set."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.hold = threading.Event()
        self.hold.set()

    def _examine(self, task: StaticTask, say: Any) -> StaticDone:
        assert self.hold.wait(20)
        root = task.request.submission.root
        (root / "play").write_text((root / "README.md").read_text())
        return super()._examine(task, say)


@dataclass
class Course:
    """A repository, a service's store, and as many services on it as a test wants."""

    services: Services
    github: FakeGitHub
    repository: Path
    executor: Played
    ticks: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=self.ticks[0])

    def commit(self, words: str, number: int = 0) -> str:
        return add_commit(self.repository, {"README.md": words}, number)

    def queue(self, commit: str, **changes: Any) -> None:
        given = {"assignment": "mnist", "repository": "course/mnist-ada", "commit": commit, "ref": "refs/heads/main"}
        job = NewJob.model_validate({**given, "student": "ada", "login": "ada", "cause": "push", **changes})
        self.services.store.transact(lambda c: jobs.queue(c, job, self.now()))

    @property
    def jobs(self) -> list[Job]:
        return all_jobs(self.services.store)

    def close(self) -> None:
        """Close the store of its last service: a test may have started it again."""
        self.services.store.close()

    @contextmanager
    def service(self, worker: str = "a", executor: Played | None = None) -> Iterator[threading.Event]:
        """Workers that run while the block does; yields what stops them."""
        stopping, services = threading.Event(), self.services
        configuration, courses = services.configuration, dict(services.courses)
        ledger = JobLedger(services.store, worker, configuration.work, lambda job: True, self.now)
        access = ForgeAccess(configuration.api_url, POSTER, configuration.clone_url)
        used = executor or self.executor
        offices = open_offices(configuration, courses, used, ledger, access, Watch(), stopping)
        dispatcher = Dispatcher(
            configuration, courses, services.store, offices, worker, ahead=3, stopping=stopping, now=self.now
        )
        thread = threading.Thread(target=dispatcher.run)
        thread.start()
        try:
            yield stopping
        finally:
            stopping.set()
            dispatcher.wake()
            thread.join(30)
            assert not thread.is_alive()

    def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not done():
            assert time.monotonic() < deadline, self.jobs
            time.sleep(0.02)

    def post(self) -> bool:
        posting = Posting(
            self.services.configuration,
            self.services.courses,
            self.services.store,
            POSTER,
            "a",
            stopping=threading.Event(),
            now=self.now,
        )
        posted = posting.post_one()
        posting.send_pending()
        return posted


def states(course: Course) -> list[str]:
    return [job.state for job in course.jobs]
