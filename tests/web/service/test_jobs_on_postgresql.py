"""The queue on a real PostgreSQL, where two services really are at it at the same moment."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from a_service import all_jobs, commit
from postgresql_server import Server

from grader.model.job import NewJob
from grader.store import jobs
from grader.store.deliveries import Delivery, note_delivery
from grader.store.engine import Store, open_store

pytestmark = pytest.mark.system
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_COMMITS, _SERVICES = 40, 4


@pytest.fixture
def store() -> Iterator[Store]:
    server = Server()
    try:
        store = open_store(server.url)
        yield store
        store.close()
    finally:
        server.close()


def new(number: int) -> NewJob:
    given = {
        "assignment": "mnist",
        "repository": "course/mnist-ada",
        "commit": commit(number),
        "ref": "refs/heads/main",
    }
    return NewJob.model_validate({**given, "student": "ada", "login": "ada", "cause": "push"})


def at_the_same_time(work, times: int = _SERVICES) -> None:  # type: ignore[no-untyped-def]
    broken: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as problem:
            broken.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []


def test_services_at_the_same_moment_queue_and_take_everything_once(store: Store) -> None:
    queued: list[bool] = []
    delivered: list[bool] = []
    taken: list[int] = []

    def deliver(_: int) -> None:
        for number in range(_COMMITS):
            delivery = Delivery(id=f"d{number}", event="push", repository="course/mnist-ada", outcome="queued")
            delivered.append(store.transact(lambda c, delivery=delivery: note_delivery(c, delivery, NOW)))
            queued.append(store.transact(lambda c, number=number: jobs.queue(c, new(number), NOW)))

    def take(worker: int) -> None:
        until = NOW + timedelta(hours=1)
        for _ in range(_COMMITS):
            found = store.transact(
                lambda c: jobs.take(c, f"w{worker}", NOW, until, most=2, attempts=3, assignments=["mnist"])
            )
            taken.extend(job.id for job in found)

    at_the_same_time(deliver)
    assert (sum(queued), sum(delivered), len(queued)) == (_COMMITS, _COMMITS, _COMMITS * _SERVICES)
    at_the_same_time(take)
    assert sorted(taken) == sorted(job.id for job in all_jobs(store))
    assert {job.attempts for job in all_jobs(store)} == {1}


def test_two_clicks_at_the_same_moment_queue_everything_again_once(store: Store) -> None:
    for number in range(_COMMITS):
        store.transact(lambda c, number=number: jobs.queue(c, new(number), NOW))
    store.transact(lambda c: c.execute(jobs.JOB.update().values(state="done")))
    numbers = [job.id for job in all_jobs(store)]
    queued: list[int] = []

    def click(_: int) -> None:
        queued.append(store.transact(lambda c: sum(jobs.regrade_done(c, number, NOW) for number in numbers)))

    at_the_same_time(click)
    assert sum(queued) == _COMMITS
    assert sorted(job.generation for job in all_jobs(store)) == [0] * _COMMITS + [1] * _COMMITS
