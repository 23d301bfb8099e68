"""Batches in the store: begun once, gone on with, every change remembered."""

from typing import Any

import pytest
from sqlalchemy import text

from grader.errors import StoreError
from grader.model.work import Ended, Stage, State, digest_of
from grader.store import batches, check, results
from grader.store.engine import Store


@pytest.fixture
def begin(store: Store) -> Any:
    def begin(*entries: Any, key: str = "k") -> int:
        return store.transact(
            lambda connection: batches.begin_batch(connection, key=key, title="Homework", rubric="{}", entries=entries)
        )

    return begin


def whole(store: Store) -> bool:
    return store.transact(lambda connection: list(check.problems(connection))) == []


def states(store: Store, batch: int) -> dict[str, State]:
    return {one.entry.student: one.state for one in store.transact(lambda c: batches.submissions(c, batch))}


def test_a_batch_begins_with_everybody_waiting_who_has_work(store, begin, entry):
    batch = begin(
        entry("ada", 2),
        entry("bob", 3, repository=None, missing="no repository is named"),
        entry("zoe", 4, excused=True),
    )
    assert states(store, batch) == {"ada": State.WAITING, "bob": State.NOTHING, "zoe": State.NOTHING}
    found = store.transact(lambda c: batches.submissions(c, batch, State.NOTHING))
    assert [(one.entry.student, one.problem) for one in found] == [
        ("bob", "no repository is named"),
        ("zoe", "excused"),
    ]
    assert store.transact(lambda c: batches.counts(c, batch)) == {
        State.WAITING: 1,
        State.RUNNING: 0,
        State.DONE: 0,
        State.FAILED: 0,
        State.NOTHING: 2,
    }
    assert whole(store)


def test_the_same_batch_again_goes_on_and_what_was_running_waits(store, begin, entry, report, work_key):
    batch = begin(entry("ada", 2), entry("bob", 3), entry("kim", 4))
    ada, bob, kim = store.transact(lambda c: batches.submissions(c, batch))
    key = store.transact(lambda c: results.keep_report(c, work_key, report))
    store.transact(lambda c: batches.begin_stage(c, ada.id, Stage.CLONE))
    store.transact(lambda c: batches.finish(c, ada.id, key))
    store.transact(lambda c: batches.begin_stage(c, bob.id, Stage.TRAIN))
    store.transact(lambda c: batches.give_up(c, kim.id, "the host does not answer"))
    assert begin(entry("ada", 2), entry("bob", 3), entry("kim", 4)) == batch
    assert states(store, batch) == {"ada": State.DONE, "bob": State.WAITING, "kim": State.FAILED}
    assert whole(store)
    store.transact(lambda c: batches.retry(c, [kim.id, ada.id]))
    assert states(store, batch) == {"ada": State.WAITING, "bob": State.WAITING, "kim": State.WAITING}
    assert whole(store)


def test_another_key_is_another_batch(begin, entry):
    assert begin(entry("ada")) != begin(entry("ada"), key="other")


def test_a_roster_that_changed_adds_and_moves_but_keeps_what_is_the_same(store, begin, entry, report, work_key):
    batch = begin(entry("ada", 2), entry("bob", 3))
    key = store.transact(lambda c: results.keep_report(c, work_key, report))
    for one in store.transact(lambda c: batches.submissions(c, batch)):
        store.transact(lambda c, one=one: batches.finish(c, one.id, key))
    begin(entry("new", 2), entry("ada", 3, name="Ada"), entry("bob", 4, ref="main"))
    found = {one.entry.student: one for one in store.transact(lambda c: batches.submissions(c, batch))}
    assert list(found) == ["new", "ada", "bob"]
    assert (found["ada"].state, found["ada"].entry.name) == (State.DONE, "Ada")
    assert (found["bob"].state, found["bob"].entry.ref) == (State.WAITING, "main")
    assert whole(store)


def test_attempts_commits_and_stages_are_remembered(store, begin, entry):
    batch = begin(entry("ada"))
    (ada,) = store.transact(lambda c: batches.submissions(c, batch))
    for _ in range(2):
        store.transact(lambda c: batches.begin_stage(c, ada.id, Stage.CLONE))
        store.transact(lambda c: batches.end_stage(c, ada.id, Stage.CLONE, Ended.FAILED, seconds=1.5, message="gone"))
    store.transact(
        lambda c: batches.note_commit(c, ada.id, "c" * 40, received_at="2026-01-01T00:00:00+00:00", late=True)
    )
    (ada,) = store.transact(lambda c: batches.submissions(c, batch))
    assert (ada.attempts, ada.commit, ada.late, ada.stage) == (2, "c" * 40, True, Stage.CLONE)
    assert store.transact(check.sizes)["stage"] == 2


def test_a_report_comes_back_as_it_was_and_is_replaced_by_its_key(store, report, work_key):
    key = store.transact(lambda c: results.keep_report(c, work_key, report))
    assert store.transact(lambda c: results.find_report(c, key)) == report
    assert store.transact(lambda c: results.find_report(c, "0")) is None
    failed = report.model_copy(update={"verdict": "fail"})
    assert store.transact(lambda c: results.keep_report(c, work_key, failed)) == key
    assert store.transact(lambda c: results.find_report(c, key)) == failed
    assert store.transact(check.sizes)["report"] == 1


@pytest.mark.parametrize("change", [{"commit": "d" * 40}, {"seeds": (0,)}, {"device": "cuda"}, {"grader": "2"}])
def test_another_key_is_other_work(store, report, work_key, change):
    key = store.transact(lambda c: results.keep_report(c, work_key, report))
    assert work_key.model_copy(update=change).digest != key


def test_what_ends_a_run_early_makes_another_key_and_nothing_the_old_one(work_key, training_key):
    for key in (work_key, training_key):
        old = digest_of(
            {name: value for name, value in key.model_dump(mode="json").items() if name not in ("hopeless", "stop_at")}
        )
        assert key.digest == old
        changes = [
            {"hopeless": "5" * 64},
            {"stop_at": 0.99},
            {"stop_at": 0.98},
            {"hopeless": "5" * 64, "stop_at": 0.99},
        ]
        assert len({old, *(key.model_copy(update=change).digest for change in changes)}) == 5


def test_a_training_run_is_found_by_graph_recipe_and_seed(store, training_key, run):
    store.transact(lambda c: results.keep_training(c, training_key, run))
    assert store.transact(lambda c: results.find_training(c, training_key)) == run
    other = training_key.model_copy(update={"seed": 5})
    assert store.transact(lambda c: results.find_training(c, other)) is None
    with pytest.raises(ValueError, match="interrupted"):
        store.transact(lambda c: results.keep_training(c, other, run.model_copy(update={"stopped": "interrupted"})))
    assert whole(store)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("UPDATE report SET content = x'00'", "is damaged"),
        ("UPDATE report SET content = substr(content, 1, 50)", "is damaged"),
        ("UPDATE report SET verdict = 'fail'", "says pass, its row fail"),
        ("UPDATE training SET seed = 9", "has seed 4, its row 9"),
        ("UPDATE submission SET report_key = NULL", "is done and has no report"),
        ("UPDATE submission SET state = 'waiting'", "is waiting and has a report"),
        ("UPDATE submission SET state = 'dancing'", "can't be read"),
        ("UPDATE submission SET entry = '{}'", "can't be read"),
        ("UPDATE stage SET outcome = 'maybe'", "which is no known end"),
        ("DELETE FROM report", "refers to a report that is not there"),
    ],
)
def test_the_check_finds_damage(store, begin, entry, report, work_key, training_key, run, damage, complaint):
    batch = begin(entry("ada"))
    (ada,) = store.transact(lambda c: batches.submissions(c, batch))
    key = store.transact(lambda c: results.keep_report(c, work_key, report))
    store.transact(lambda c: results.keep_training(c, training_key, run))
    store.transact(lambda c: batches.end_stage(c, ada.id, Stage.CLONE, Ended.DONE, seconds=1))
    store.transact(lambda c: batches.finish(c, ada.id, key))
    assert whole(store)

    with store.engine.connect() as connection:  # as another program would, that cares for no reference
        raw = connection.connection.dbapi_connection
        connection.rollback()
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(damage)
        raw.execute("PRAGMA foreign_keys=ON")
    found = store.transact(lambda c: list(check.problems(c)))
    assert any(complaint in problem for problem in found), found


def test_a_damaged_report_is_told_when_it_is_asked_for(store, report, work_key):
    key = store.transact(lambda c: results.keep_report(c, work_key, report))
    store.transact(lambda c: c.execute(text("UPDATE report SET content = x'7801'")))
    with pytest.raises(StoreError, match=r"is damaged\. Run `grader store check`"):
        store.transact(lambda c: results.find_report(c, key))
