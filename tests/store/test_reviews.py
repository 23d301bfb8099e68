"""Sessions, overrides, appeals, the audit trail, and the deletion of a student's data, in a real database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from grader.errors import UsageError
from grader.model.report import GradeReport
from grader.model.roster import RosterEntry
from grader.model.training import TrainingRun
from grader.model.work import TrainingKey, WorkKey
from grader.store.appeals import answer_appeal, appeals_about, file_appeal, find_appeal, open_appeals
from grader.store.audit import entries, note
from grader.store.batches import begin_batch, finish, submissions
from grader.store.check import problems
from grader.store.engine import Store
from grader.store.forget import forget, forget_assignment
from grader.store.gradings import counts, dead_letters, find_grading, gradings_of, history, of_assignment
from grader.store.overrides import overrides_of, overrides_that_hold, revoke_override, set_override
from grader.store.queue_tables import DELIVERY, JOB, PROGRESS
from grader.store.results import keep_report, keep_training
from grader.store.review_tables import APPEAL
from grader.store.sessions import begin_session, end_session, find_session
from grader.store.tables import REPORT, TRAINING

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add_job(connection: Connection, repository: str = "course/mnist-ada", **more: Any) -> int:
    values = {
        "assignment": "mnist", "repository": repository, "commit": "c" * 40, "generation": 0, "ref": "refs/heads/main",
        "student": repository.rpartition("-")[2], "login": repository.rpartition("-")[2], "cause": "push",
        "state": "done", "stage": "report", "attempts": 1, "not_before": "", "worker": "", "leased_until": "",
        "problem": "", "created_at": "2026-03-01T12:00:00+00:00", "changed_at": "2026-03-01T12:00:00+00:00",
    }  # fmt: skip
    values |= {"received_at": "", "late": False, "publication": "", **more}
    there = {name: value for name, value in values.items() if name in JOB.c}
    return int(connection.execute(insert(JOB).values(there).returning(JOB.c.id)).scalar_one())


def test_a_session_is_found_until_it_runs_out(store: Store) -> None:
    store.transact(lambda c: begin_session(c, digest="d" * 64, login="Ada", role="student", at=NOON))
    found = store.transact(lambda c: find_session(c, "d" * 64, NOON + timedelta(hours=11)))
    assert found is not None
    assert (found.login, found.role) == ("ada", "student")
    assert store.transact(lambda c: find_session(c, "d" * 64, NOON + timedelta(hours=12))) is None
    assert store.transact(lambda c: find_session(c, "e" * 64, NOON)) is None


def test_a_session_ends(store: Store) -> None:
    store.transact(lambda c: begin_session(c, digest="d" * 64, login="ada", role="student", at=NOON))
    store.transact(lambda c: end_session(c, "d" * 64))
    assert store.transact(lambda c: find_session(c, "d" * 64, NOON)) is None


def test_a_new_override_takes_the_place_of_the_one_before_which_stays_to_be_read(store: Store) -> None:
    def work(c: Connection) -> None:
        set_override(c, assignment="mnist", repository="o/a", points=80, reason="Late medal.", by="prof")
        set_override(c, assignment="mnist", repository="o/a", points=None, reason="Ill.", by="prof")
        set_override(c, assignment="mnist", repository="o/b", points=1, reason="Else.", by="prof")

    store.transact(work)
    assert {key: one.points for key, one in store.transact(lambda c: overrides_that_hold(c, "mnist")).items()} == {
        "o/a": None,
        "o/b": 1,
    }
    both = store.transact(lambda c: overrides_of(c, "mnist", "o/a"))
    assert [(one.points, bool(one.revoked_at)) for one in both] == [(None, False), (80, True)]
    assert store.transact(lambda c: revoke_override(c, "mnist", "o/a"))
    assert not store.transact(lambda c: revoke_override(c, "mnist", "o/a"))
    assert set(store.transact(lambda c: overrides_that_hold(c, "mnist"))) == {"o/b"}


def test_one_appeal_waits_at_a_time_and_is_answered_once(store: Store) -> None:
    job = store.transact(add_job)
    appeal = store.transact(lambda c: file_appeal(c, job=job, login="ada", text="The field is 30."))
    with pytest.raises(UsageError, match="waits for its answer"):
        store.transact(lambda c: file_appeal(c, job=job, login="ada", text="Hello?"))
    assert [one.id for one in store.transact(lambda c: open_appeals(c, ["mnist"]))] == [appeal]
    assert store.transact(lambda c: open_appeals(c, ["other"])) == []
    store.transact(lambda c: answer_appeal(c, appeal, text="It is 28.", by="prof"))
    with pytest.raises(UsageError, match="answered already"):
        store.transact(lambda c: answer_appeal(c, appeal, text="Again.", by="prof"))
    found = store.transact(lambda c: find_appeal(c, appeal))
    assert found is not None
    assert (found.answer, found.answered_by) == ("It is 28.", "prof")
    store.transact(lambda c: file_appeal(c, job=job, login="ada", text="And now?"))
    assert len(store.transact(lambda c: appeals_about(c, "mnist", "course/mnist-ada"))) == 2


def test_the_audit_trail_is_read_from_its_end(store: Store) -> None:
    for number in range(5):
        store.transact(lambda c, n=number: note(c, who="prof", action="regrade", subject=f"s{n % 2}", number=n))
    found = store.transact(lambda c: entries(c, most=2))
    assert [entry.detail for entry in found] == ['{"number": 4}', '{"number": 3}']
    older = store.transact(lambda c: entries(c, before=found[-1].id, most=2))
    assert [entry.detail for entry in older] == ['{"number": 2}', '{"number": 1}']
    assert len(store.transact(lambda c: entries(c, "s1"))) == 2


def test_gradings_are_read_with_what_their_reports_say(store: Store, report: GradeReport, work_key: WorkKey) -> None:
    key = store.transact(lambda c: keep_report(c, work_key, report))

    def work(c: Connection) -> list[int]:
        return [
            add_job(c, report_key=key),
            add_job(c, commit="d" * 40, state="running"),
            add_job(c, "course/mnist-bob", state="dead", problem="Gone."),
            add_job(c, "course/mnist-ada", assignment="other", commit="e" * 40),
        ]

    first, second, third, fourth = store.transact(work)
    assert [one.id for one in store.transact(lambda c: of_assignment(c, "mnist"))] == [third, second, first]
    assert [one.id for one in store.transact(lambda c: history(c, "mnist", "course/mnist-ada"))] == [second, first]
    assert [one.id for one in store.transact(lambda c: gradings_of(c, "ada"))] == [fourth, second]
    assert [one.id for one in store.transact(lambda c: dead_letters(c, ["mnist"]))] == [third]
    assert store.transact(lambda c: counts(c, "mnist")) == {"repositories": 2, "busy": 1}
    found = store.transact(lambda c: find_grading(c, first))
    assert found is not None
    assert (found.verdict, found.points, found.max_points) == ("pass", 3, 4)
    assert store.transact(lambda c: find_grading(c, 99)) is None


def test_all_of_a_student_is_deleted_and_nothing_of_others(
    store: Store, report: GradeReport, work_key: WorkKey, training_key: TrainingKey, run: TrainingRun
) -> None:
    other_key = work_key.model_copy(update={"commit": "d" * 40})
    ada = RosterEntry(student="ada", line=2, repository="https://h.example/ada")
    bob = RosterEntry(student="bob", line=3, repository="https://h.example/bob")

    def fill(c: Connection) -> None:
        mine, shared = keep_report(c, work_key, report), keep_report(c, other_key, report)
        keep_training(c, training_key, run)
        job = add_job(c, report_key=mine)
        add_job(c, "course/mnist-bob", report_key=shared)
        c.execute(insert(PROGRESS).values(job_id=job, event="{}"))
        for number, repository in enumerate(("course/mnist-ada", "course/mnist-bob")):
            values = {"id": str(number), "event": "push", "received_at": "", "outcome": "queued"}
            c.execute(insert(DELIVERY).values(repository=repository, **values))
        set_override(c, assignment="mnist", repository="course/mnist-ada", points=3, reason="x", by="prof")
        file_appeal(c, job=job, login="ada", text="Please look again.")
        begin_session(c, digest="d" * 64, login="ada", role="student")
        note(c, who="ada", action="appeal", subject="mnist/course/mnist-ada", text="Please look again.")
        note(c, who="prof", action="regrade", subject="mnist/course/mnist-bob")
        batch = begin_batch(c, key="k", title="t", rubric="{}", entries=[ada, bob])
        for one in submissions(c, batch):
            finish(c, one.id, shared)

    store.transact(fill)
    found = store.transact(lambda c: forget(c, "ada"))
    assert (found.repositories, found.gradings, found.submissions) == (("course/mnist-ada",), 1, 1)
    assert found.reports == 1  # the other one is bob's, too
    everything = store.transact(lambda c: str([list(c.execute(t.select())) for t in REPORT.metadata.sorted_tables]))
    assert "ada" not in everything
    assert "look again" not in everything
    assert everything.count("course/mnist-bob") == 3  # job, delivery, audit
    assert store.transact(lambda c: c.scalar(select(func.count()).select_from(TRAINING))) == 1
    assert store.transact(lambda c: c.scalar(select(func.count()).select_from(APPEAL))) == 0
    assert store.transact(lambda c: list(problems(c))) == []
    with pytest.raises(UsageError, match="holds nothing of 'ada'"):
        store.transact(lambda c: forget(c, "ada"))


def test_what_is_kept_of_a_shared_repository_is_kept_for_the_other(store: Store) -> None:
    def fill(c: Connection) -> None:
        add_job(c, "course/group-1", student="ada", login="ada")
        add_job(c, "course/group-1", student="bob", login="bob", commit="d" * 40)
        set_override(c, assignment="mnist", repository="course/group-1", points=3, reason="x", by="prof")

    store.transact(fill)
    store.transact(lambda c: forget(c, "Ada"))
    assert len(store.transact(lambda c: overrides_of(c, "mnist", "course/group-1"))) == 1
    assert [one.login for one in store.transact(lambda c: history(c, "mnist", "course/group-1"))] == ["bob"]


def test_all_of_an_assignment_is_deleted_and_nothing_of_others(
    store: Store, report: GradeReport, work_key: WorkKey
) -> None:
    def fill(c: Connection) -> None:
        key = keep_report(c, work_key, report)
        old = add_job(c, "course/old-ada", assignment="old", report_key=key)
        add_job(c, "course/old-bob", assignment="old", student="bob", login="bob")
        add_job(c, state="waiting", stage="")
        for number, repository in enumerate(("course/old-ada", "course/mnist-ada")):
            values = {"id": str(number), "event": "push", "received_at": "", "outcome": "queued"}
            c.execute(insert(DELIVERY).values(repository=repository, **values))
        set_override(c, assignment="old", repository="course/old-ada", points=3, reason="x", by="prof")
        file_appeal(c, job=old, login="ada", text="Please look again.")
        for login in ("ada", "bob"):
            begin_session(c, digest=login[0] * 64, login=login, role="student")
            note(c, who=login, action="appeal", subject=f"old/course/old-{login}", text="Please look again.")

    store.transact(fill)
    found = store.transact(lambda c: forget_assignment(c, "old"))
    assert (found.repositories, found.gradings) == (("course/old-ada", "course/old-bob"), 2)
    assert found.reports == 1
    everything = store.transact(lambda c: str([list(c.execute(t.select())) for t in REPORT.metadata.sorted_tables]))
    assert "old-" not in everything and "look again" not in everything
    assert "bob" not in everything  # nothing else is kept of him
    assert everything.count("course/mnist-ada") == 2  # job and delivery
    assert store.transact(lambda c: list(problems(c))) == []
    with pytest.raises(UsageError, match="no grading of an assignment 'old'"):
        store.transact(lambda c: forget_assignment(c, "old"))
