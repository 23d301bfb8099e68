"""From a queued commit to its report and its comment: real git, a real store, played workers, a played GitHub."""

import json

from a_course import Course, Played, states
from fake_github import secondary_limit
from running_service import git

from grader.pipeline.prepare import Prepared
from grader.store import jobs
from grader.store.check import sizes
from grader.store.forget import forget
from grader.store.results import find_report
from grader.training.launch import ProgressEvent
from grader.web.configuration import Work
from grader.web.grading.job_ledger import pause_after
from grader.web.grading.training_news import TrainingNews


def test_a_commit_is_graded_posted_and_found_again(course: Course) -> None:
    sha = course.commit("graph=a")
    pull = course.github.repositories["course/mnist-ada"].open_pull(sha)
    course.queue(sha)
    with course.service():
        course.until(lambda: states(course) == ["done"])
    (job,) = course.jobs
    assert (job.stage, job.attempts, job.worker, job.publication) == ("report", 1, "", "waiting")
    report = course.services.store.transact(lambda c: find_report(c, job.report_key or ""))
    assert report is not None and report.provenance.commit == sha
    assert f"--ref {sha}" in report.provenance.command and "--no-train" in report.provenance.command
    assert course.post() and not course.post()
    (comment,) = pull.comments
    assert f"/jobs/{job.id}" in comment["body"]
    assert len(course.github.repositories["course/mnist-ada"].checks) == 1
    assert course.jobs[0].publication == "done"


def test_what_is_asked_for_again_is_examined_again(course: Course) -> None:
    sha = course.commit("graph=a")
    course.queue(sha)
    with course.service():
        course.until(lambda: states(course) == ["done"])
        number = course.jobs[0].id
        course.services.store.transact(lambda c: jobs.regrade(c, number, course.now()))
        course.until(lambda: states(course) == ["done", "done"])
    assert sum(course.executor.examined.values()) == 2
    assert len({job.report_key for job in course.jobs}) == 1


def test_two_services_on_one_store_share_the_work_and_do_nothing_twice(course: Course, prepared: Prepared) -> None:
    other = Played(prepared)
    for number in range(8):
        course.queue(course.commit(f"graph={number}", number))
    course.executor.hold.clear()
    with course.service("a"):
        course.until(lambda: sum(job.worker == "a" for job in course.jobs) == 3)
        with course.service("b", other):
            course.until(lambda: sum(job.state == "done" for job in course.jobs) == 5)
            course.executor.hold.set()
            course.until(lambda: set(states(course)) == {"done"})
    other.close()
    assert (sum(course.executor.examined.values()), sum(other.examined.values())) == (3, 5)
    assert [job.attempts for job in course.jobs] == [1] * 8


def test_a_service_that_was_away_too_long_ends_nothing(course: Course, prepared: Prepared) -> None:
    """Its lease ran out while it was busy: another one has graded the commit, and a report is there once."""
    course.queue(course.commit("graph=a"))
    course.executor.hold.clear()
    other = Played(prepared)
    with course.service("a"):
        course.until(lambda: [job.stage for job in course.jobs] == ["clone"] or course.jobs[0].stage == "probe")
        course.ticks[0] += 10_000
        with course.service("b", other):
            course.until(lambda: states(course) == ["done"])
        ended = course.jobs[0]
        course.executor.hold.set()
    other.close()
    assert course.jobs == [ended] and ended.attempts == 2


def test_a_service_that_ends_gives_its_jobs_back(course: Course) -> None:
    course.queue(course.commit("graph=a"))
    course.executor.hold.clear()
    with course.service() as stopping:
        course.until(lambda: bool(course.jobs[0].worker))
        stopping.set()
        course.executor.hold.set()
    assert [(job.state in ("waiting", "done"), job.worker) for job in course.jobs] == [(True, "")]


def test_nothing_is_kept_of_a_student_who_is_forgotten_while_graded(course: Course) -> None:
    course.queue(course.commit("graph=a"))
    course.executor.hold.clear()
    with course.service():
        course.until(lambda: course.jobs[0].stage == "clone")
        course.services.store.transact(lambda c: forget(c, "ada"))
        course.executor.hold.set()
        course.until(lambda: sum(course.executor.examined.values()) == 1)
    found = course.services.store.transact(sizes)
    assert {name: number for name, number in found.items() if number} == {}


def test_a_commit_that_a_forced_push_took_away_is_gone(course: Course) -> None:
    course.commit("graph=a")
    course.queue("9" * 40)
    with course.service():
        course.until(lambda: states(course) == ["gone"])
    assert "is no longer there" in course.jobs[0].problem and "forced push" in course.jobs[0].problem


def test_a_commit_that_no_branch_has_any_more_is_still_graded(course: Course) -> None:
    sha = course.commit("graph=a")
    git(course.repository, "commit", "--quiet", "--amend", "-m", "another")
    course.queue(sha)
    with course.service():
        course.until(lambda: states(course) == ["done"])


def test_a_failure_of_ours_is_tried_again_and_then_dead_and_posts_nothing(course: Course) -> None:
    sha = course.commit("die")
    pull = course.github.repositories["course/mnist-ada"].open_pull(sha)
    course.queue(sha)
    with course.service():
        course.until(lambda: states(course) == ["failed"])
        assert course.jobs[0].not_before == "2026-03-01T12:00:30+00:00"
        course.ticks[0] = 31
        course.until(lambda: states(course) == ["dead"])
    assert "killed by signal 9" in course.jobs[0].problem
    assert not course.post() and pull.comments == []


def test_a_report_that_says_that_grader_failed_is_no_grade(course: Course) -> None:
    course.queue(course.commit("break"))
    with course.service():
        course.until(lambda: states(course) == ["failed"])
    (job,) = course.jobs
    assert job.report_key is not None and job.publication == ""
    assert not course.post()


def test_a_repository_that_is_not_there_is_said_so(course: Course) -> None:
    course.queue("1" * 40, repository="course/mnist-eve", student="eve", login="eve")
    with course.service():
        course.until(lambda: states(course) == ["failed"])
    assert "There is no repository at" in course.jobs[0].problem


def test_what_can_not_be_posted_is_kept_and_sent_later_once(course: Course) -> None:
    sha = course.commit("graph=a")
    repository = course.github.repositories["course/mnist-ada"]
    pull = repository.open_pull(sha)
    course.queue(sha, pull_request=1)
    with course.service():
        course.until(lambda: states(course) == ["done"])
    course.github.tokens["ghs_poster"].expired = True
    assert course.post()
    assert pull.comments == [] and course.jobs[0].publication == "done"
    course.github.tokens["ghs_poster"].expired = False
    course.services.store.transact(lambda c: c.exec_driver_sql("UPDATE publication SET not_before = ''"))
    course.post()
    course.post()
    assert len(pull.comments) == 1 and len(repository.checks) == 1


def test_a_limit_is_waited_for_and_the_comment_is_there_once(course: Course) -> None:
    sha = course.commit("graph=a")
    pull = course.github.repositories["course/mnist-ada"].open_pull(sha)
    course.queue(sha, pull_request=1)
    with course.service():
        course.until(lambda: states(course) == ["done"])
    course.github.fail(secondary_limit(0), "POST", "/comments", times=3)
    assert course.post()
    assert len(pull.comments) == 1


def test_pauses_double_up_to_a_bound() -> None:
    work = Work(first_pause=30, longest_pause=100)
    assert [pause_after(n, work).total_seconds() for n in (1, 2, 3, 1000)] == [30, 60, 100, 100]


def test_a_training_is_told_of_every_epoch_and_now_and_then_in_between() -> None:
    told: list[tuple[int, str]] = []
    clock = [0.0]
    news = TrainingNews(lambda job, event: told.append((job, event)), lambda: clock[0])
    common = {"seed": 0, "run": 1, "runs": 1, "epoch": 1, "finished": 0, "epochs": 3, "best_accuracy": None}
    for at in (0.0, 1.0, 4.9, 5.0, 5.1):
        clock[0] = at
        news("7", ProgressEvent(**common, share=at / 100, accuracy=None, seconds_left=None))
    assert [(job, json.loads(event)["share"]) for job, event in told] == [(7, 0.0), (7, 0.05)]
