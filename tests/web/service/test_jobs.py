"""The queue: a commit is queued once, held under a lease, and ends once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from a_service import all_jobs, commit

from grader.model.job import Job, JobState, NewJob, Publication
from grader.model.work import Stage
from grader.store import jobs
from grader.store.check import problems
from grader.store.deliveries import Delivery, forget_deliveries, note_delivery
from grader.store.engine import Store, open_store
from grader.store.progress import add_progress, progress_since

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = ("mnist",)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "store.sqlite")
    yield store
    store.close()


def new(number: int, **changes: object) -> NewJob:
    given = {
        "assignment": "mnist",
        "repository": "course/mnist-ada",
        "commit": commit(number),
        "ref": "refs/heads/main",
    }
    return NewJob.model_validate({**given, "student": "ada", "login": "ada", "cause": "push", **changes})


def queue(store: Store, *new_jobs: NewJob) -> list[bool]:
    return [store.transact(lambda c, job=job: jobs.queue(c, job, NOW)) for job in new_jobs]


def take(
    store: Store, worker: str, at: float = 0, *, most: int = 10, attempts: int = 3, lease: float = 60
) -> list[Job]:
    now = NOW + timedelta(seconds=at)
    until = now + timedelta(seconds=lease)
    return store.transact(lambda c: jobs.take(c, worker, now, until, most=most, attempts=attempts, assignments=ALL))


def fail(store: Store, job: int, worker: str, again: float | None, *, gone: bool = False) -> bool:
    when = None if again is None else NOW + timedelta(seconds=again)
    return store.transact(lambda c: jobs.fail(c, job, worker, "It rains.", NOW, again=when, gone=gone))


def test_a_commit_is_queued_once_and_taken_once(store: Store) -> None:
    assert queue(store, new(1), new(1), new(2)) == [True, False, True]
    assert [job.commit for job in take(store, "a", most=1)] == [commit(1)]
    assert [job.commit for job in take(store, "b")] == [commit(2)]
    assert take(store, "c") == []


def test_jobs_of_assignments_that_a_service_does_not_know_are_left_to_others(store: Store) -> None:
    queue(store, new(1, assignment="other"), new(2))
    assert [job.assignment for job in take(store, "a")] == ["mnist"]


def test_who_holds_a_lease_keeps_it_and_who_is_gone_loses_the_job(store: Store) -> None:
    queue(store, new(1))
    (job,) = take(store, "a", lease=60)
    assert take(store, "b", at=59) == []
    assert store.transact(lambda c: jobs.renew(c, "a", [job.id], NOW + timedelta(seconds=120))) == {job.id}
    assert take(store, "b", at=119) == []
    (again,) = take(store, "b", at=121)
    assert (again.id, again.worker, again.attempts) == (job.id, "b", 2)
    # What the first one still writes does not count.
    assert store.transact(lambda c: jobs.renew(c, "a", [job.id], NOW + timedelta(seconds=600))) == set()
    assert not store.transact(lambda c: jobs.begin_stage(c, job.id, "a", Stage.PROBE, NOW))
    assert not fail(store, job.id, "a", None)
    assert all_jobs(store)[0].state == "running"


def test_a_job_that_ends_every_service_is_dead_in_the_end(store: Store) -> None:
    queue(store, new(1))
    taken = [take(store, f"w{n}", at=100 * n, attempts=3) for n in range(5)]
    assert [len(one) for one in taken] == [1, 1, 1, 0, 0]
    (job,) = all_jobs(store)
    assert (job.state, job.problem, job.worker) == (
        JobState.DEAD,
        "The service ended each time while this was graded.",
        "",
    )


def test_a_failure_is_tried_again_later_and_revived_by_a_person(store: Store) -> None:
    queue(store, new(1))
    (job,) = take(store, "a")
    assert fail(store, job.id, "a", 30)
    assert all_jobs(store)[0].state == "failed"
    assert take(store, "a", at=29) == []
    (job,) = take(store, "a", at=30)
    assert job.attempts == 2
    assert fail(store, job.id, "a", None)
    assert (all_jobs(store)[0].state, all_jobs(store)[0].problem) == ("dead", "It rains.")
    assert take(store, "a", at=10_000) == []
    assert store.transact(lambda c: jobs.revive(c, job.id, NOW))
    assert not store.transact(lambda c: jobs.revive(c, job.id, NOW))
    assert [one.attempts for one in take(store, "a")] == [1]


def test_a_commit_that_is_no_longer_there_is_neither_dead_nor_tried_again(store: Store) -> None:
    queue(store, new(1))
    (job,) = take(store, "a")
    assert fail(store, job.id, "a", None, gone=True)
    assert all_jobs(store)[0].state == "gone"


def test_what_is_given_back_waits_as_if_it_had_not_been_taken(store: Store) -> None:
    queue(store, new(1), new(2))
    take(store, "a", most=1)
    take(store, "b", most=1)
    assert store.transact(lambda c: jobs.give_back(c, "a", NOW)) == 1
    assert [(job.state, job.attempts) for job in all_jobs(store)] == [("waiting", 0), ("running", 1)]


def done(store: Store, number: int, *, post: bool) -> Job:
    queue(store, new(number))
    (job,) = take(store, "a")
    # The report itself plays no part here, so its key is left out.
    changed = {
        "state": JobState.DONE,
        "publication": Publication.WAITING if post else "",
        "worker": "",
        "leased_until": "",
    }
    store.transact(lambda c: c.execute(jobs.JOB.update().where(jobs.JOB.c.id == job.id).values(changed)))
    return job


def test_a_report_is_posted_by_one_service_at_a_time(store: Store) -> None:
    job, until = done(store, 1, post=True), NOW + timedelta(seconds=60)
    found = [store.transact(lambda c, w=w: jobs.take_to_post(c, w, NOW, until)) for w in ("a", "b")]
    assert [one and one.id for one in found] == [job.id, None]
    late = NOW + timedelta(seconds=61)
    assert store.transact(lambda c: jobs.take_to_post(c, "b", late, late)) is not None
    assert not store.transact(lambda c: jobs.posted(c, job.id, "a", Publication.DONE))
    assert store.transact(lambda c: jobs.posted(c, job.id, "b", Publication.DONE))
    assert store.transact(jobs.to_post) == 0


def test_a_pull_request_that_comes_after_the_report_gets_it(store: Store) -> None:
    job, until = done(store, 1, post=True), NOW + timedelta(seconds=60)
    store.transact(lambda c: jobs.take_to_post(c, "a", NOW, until))
    store.transact(lambda c: jobs.posted(c, job.id, "a", Publication.DONE))
    assert queue(store, new(1, pull_request=7, cause="pull_request")) == [False]
    assert [(one.pull_request, one.publication) for one in all_jobs(store)] == [(7, "waiting")]


def test_grading_again_makes_one_generation_at_a_time(store: Store) -> None:
    job = done(store, 1, post=False)
    again = [store.transact(lambda c: jobs.regrade(c, job.id, NOW)) for _ in range(2)]
    assert [one and (one.generation, one.cause, one.state) for one in again] == [(1, "regrade", "waiting")] * 2
    assert queue(store, new(1)) == [False]
    assert store.transact(lambda c: jobs.regrade(c, 99, NOW)) is None


def test_only_what_has_its_report_is_queued_again_with_the_others(store: Store) -> None:
    job = done(store, 1, post=False)
    queue(store, new(2))
    other = all_jobs(store)[-1].id

    def regrade(number: int) -> bool:
        return store.transact(lambda c: jobs.regrade_done(c, number, NOW + timedelta(days=1)))

    assert [regrade(number) for number in (job.id, job.id, other, 99)] == [True, False, False, False]
    again = all_jobs(store)[-1]
    assert (again.generation, again.commit, again.received_at) == (1, job.commit, job.created_at)
    (taken,) = [one for one in take(store, "a", at=90_000) if one.id == again.id]
    fail(store, taken.id, "a", None)
    assert not regrade(job.id)  # it is given up: a person decides


def test_progress_goes_with_the_job_that_told_it(store: Store) -> None:
    queue(store, new(1))
    (job,) = take(store, "a")
    for event in ("{}", '{"epoch": 2}'):
        store.transact(lambda c, event=event: add_progress(c, job.id, event))
    told = store.transact(lambda c: progress_since(c, job.id, 0))
    assert [event for _, event in told] == ["{}", '{"epoch": 2}']
    assert store.transact(lambda c: progress_since(c, job.id, told[0][0])) == told[1:]
    fail(store, job.id, "a", None)
    assert store.transact(lambda c: progress_since(c, job.id, 0)) == []


def test_ids_of_deliveries_are_kept_for_a_while(store: Store) -> None:
    def note(name: str, days: int) -> bool:
        delivery = Delivery(id=name, event="push", repository="course/mnist-ada", outcome="queued")
        return store.transact(lambda c: note_delivery(c, delivery, NOW + timedelta(days=days)))

    assert [note("a", 0), note("b", 10), note("a", 10)] == [True, True, False]
    assert store.transact(lambda c: forget_deliveries(c, NOW + timedelta(days=5))) == 1
    assert [note("a", 11), note("b", 11)] == [True, False]


def test_the_check_of_a_store_looks_at_its_queue(store: Store) -> None:
    queue(store, new(1), new(2), new(3), new(4))
    first, second, third, _ = (job.id for job in all_jobs(store))
    fail(store, take(store, "a", most=1)[0].id, "a", None)
    assert store.transact(lambda c: list(problems(c))) == []
    for number, changed in (
        (first, {"problem": ""}),
        (second, {"state": "done"}),
        (third, {"state": "running"}),
    ):
        store.transact(lambda c, n=number, v=changed: c.execute(jobs.JOB.update().where(jobs.JOB.c.id == n).values(v)))
    assert store.transact(lambda c: list(problems(c))) == [
        f"The job {first} of course/mnist-ada for mnist is dead without a reason.",
        f"The job {second} of course/mnist-ada for mnist is done and has no report.",
        f"The job {third} of course/mnist-ada for mnist is running, and nobody has it.",
    ]
