"""The process that grades: its threads, from the first to the last."""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from grader.batch.fetch.back_off import BackOff
from grader.batch.run.local_executor import LocalExecutor
from grader.batch.run.watch import Watch
from grader.errors import FetchError, GraderError
from grader.model.job import Job
from grader.publish.credentials import Credentials
from grader.report.escape import log_text
from grader.store.deliveries import forget_deliveries
from grader.store.engine import Store
from grader.web.grading.access import ForgeAccess
from grader.web.grading.dispatcher import Dispatcher
from grader.web.grading.job_ledger import JobLedger
from grader.web.grading.offices import open_offices
from grader.web.grading.posting import Posting
from grader.web.grading.sweep import Sweep
from grader.web.grading.training_news import TrainingNews
from grader.web.load_configuration import Loaded

_NICENESS = 5  # so that deliveries are answered while everything else is busy
_PREPARING = 2  # jobs beside those that have a place, to be fetched meanwhile
_AFTER_TROUBLE = 60.0  # seconds
_LOG = logging.getLogger("grader.workers")


def work(
    loaded: Loaded,
    store: Store,
    credentials: Credentials | None,
    stopping: threading.Event,
    *,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Grade, post and sweep until `stopping` is set; `ready` is called once all that grading needs is there.

    Raises GraderError where this machine lacks something or a thread of ours broke off.
    """
    configuration, courses = loaded.configuration, dict(loaded.courses)
    os.nice(_NICENESS)
    container = configuration.work.sandbox == "container"
    executor = LocalExecutor(configuration.work.jobs or len(os.sched_getaffinity(0)), container=container)
    access = ForgeAccess(configuration.api_url, credentials, configuration.clone_url)
    worker = f"{socket.gethostname()[:60]} {os.getpid()} {secrets.token_hex(4)}"
    try:
        ledger = JobLedger(store, worker, configuration.work, _posts(loaded, credentials), _now)
        news = TrainingNews(ledger.tell)
        watch = Watch(training=news, ended=lambda student, *_: news.forget(student))
        offices = open_offices(configuration, courses, executor, ledger, access, watch, stopping)
        dispatcher = Dispatcher(
            configuration,
            courses,
            store,
            offices,
            worker,
            ahead=executor.capacity + _PREPARING,
            stopping=stopping,
            now=_now,
        )
        sweep = Sweep(access, courses, store, BackOff(stop=stopping), _now)
        tasks: list[Callable[[], None]] = [dispatcher.run, lambda: _sweep(sweep, loaded, store, stopping)]
        if credentials is not None:
            posting = Posting(configuration, courses, store, credentials, worker, stopping=stopping, now=_now)
            tasks.append(posting.run)
        ready()
        _run_together(tasks, stopping, executor.close, dispatcher.wake)
    finally:
        stopping.set()
        executor.close()
        access.close()


def _run_together(tasks: list[Callable[[], None]], stopping: threading.Event, *at_the_end: Callable[[], None]) -> None:
    """Each in a thread of its own; where one breaks off all end, and its error goes on."""
    broken: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as problem:
            broken.append(problem)
        finally:
            stopping.set()

    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    stopping.wait()
    for end in at_the_end:
        end()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]


def _sweep(sweep: Sweep, loaded: Loaded, store: Store, stopping: threading.Event) -> None:
    """At the start, and then again and again."""
    configuration = loaded.configuration
    while not stopping.is_set():
        pause = configuration.sweep_minutes * 60
        try:
            swept = sweep.run()
            _LOG.info(
                "swept %d repositories: %d commits were not known, %d could not be read",
                swept.repositories,
                swept.queued,
                swept.unread,
            )
            _forget_old_deliveries(store, configuration.keep_deliveries_days)
        except FetchError:  # the service ends in the middle of a pause
            return
        except GraderError as problem:
            _LOG.error("%s", log_text(str(problem)))
            pause = min(pause, _AFTER_TROUBLE)
        stopping.wait(pause)


def _forget_old_deliveries(store: Store, days: int) -> None:
    before = _now() - timedelta(days=days)
    store.transact(lambda connection: forget_deliveries(connection, before))


def _posts(loaded: Loaded, credentials: Credentials | None) -> Callable[[Job], bool]:
    """Whether a job's report goes to the forge."""

    def posts(job: Job) -> bool:
        course = loaded.courses.get(job.assignment)
        return credentials is not None and course is not None and bool(course.assignment.publish)

    return posts


def _now() -> datetime:
    return datetime.now(UTC)
