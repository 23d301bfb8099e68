"""What is to be posted waits in the store until it is there; one sender at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from grader.errors import DamagedError
from grader.store import publications as kept
from grader.store.check import problems
from grader.store.engine import Store, open_store
from grader.store.publication_tables import PUBLICATION

API = "https://api.github.com"
SPOT = kept.Spot(API, "Course/MNIST-ada", "pull/1", "comment", "mnist-20k")
ONE, TWO = {"commit": "1" * 40, "body": "one"}, {"commit": "2" * 40, "body": "two"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def waiting(store: Store, **options: bool) -> list[str]:
    return [row.spot.repository for row in store.transact(lambda given: kept.waiting(given, API, **options))]


def want(store: Store, post: dict[str, str]) -> kept.Publication:
    return store.transact(lambda given: kept.want(given, SPOT, post["commit"], post))


def take(store: Store, row: kept.Publication, seconds: float = 60) -> kept.Publication:
    taken = store.transact(lambda given: kept.take(given, row.id, seconds))
    assert taken is not None
    return taken


def test_a_place_has_one_row_whatever_the_repositorys_case(store: Store) -> None:
    first, second = want(store, ONE), want(store, TWO)
    assert first.id == second.id
    assert second.posts == (ONE, TWO)
    assert want(store, {**ONE, "body": "again"}).posts == (TWO, {**ONE, "body": "again"})
    assert waiting(store) == ["course/mnist-ada"]


def test_no_more_than_ten_wait_in_one_place(store: Store) -> None:
    for number in range(15):
        row = want(store, {"commit": f"{number:040x}"})
    assert [int(post["commit"], 16) for post in row.posts] == list(range(5, 15))


def test_one_takes_it_and_what_is_posted_waits_no_more(store: Store) -> None:
    row = want(store, ONE)
    taken = take(store, row)
    assert store.transact(lambda given: kept.take(given, row.id, 60)) is None
    assert waiting(store, patient=False) == []
    store.transact(lambda given: kept.note_posted(given, taken, "77", ONE["commit"]))
    found = store.transact(lambda given: kept.publication_at(given, SPOT))
    assert found is not None
    assert (found.state, found.remote_id, found.commit, found.posts) == ("posted", "77", ONE["commit"], ())
    assert store.transact(lambda given: kept.take(given, row.id, 60)) is None


def test_what_was_wanted_while_it_was_sent_waits_on(store: Store) -> None:
    taken = take(store, want(store, ONE))
    want(store, TWO)
    store.transact(lambda given: kept.note_posted(given, taken, "77", ONE["commit"]))
    found = store.transact(lambda given: kept.publication_at(given, SPOT))
    assert found is not None
    assert (found.state, found.remote_id, found.posts) == ("pending", "77", (TWO,))


def test_what_is_postponed_waits_for_its_time_unless_one_is_impatient(store: Store) -> None:
    taken = take(store, want(store, ONE))
    store.transact(lambda given: kept.postpone(given, taken, "GitHub is away.", 600))
    assert (waiting(store), waiting(store, patient=False)) == ([], ["course/mnist-ada"])


def test_who_died_while_sending_is_taken_over(store: Store) -> None:
    row = want(store, ONE)
    take(store, row, -1)
    assert waiting(store) == ["course/mnist-ada"]
    assert take(store, row).attempts == 2


def test_what_is_refused_waits_no_more_and_keeps_what_was_there(store: Store) -> None:
    taken = take(store, want(store, ONE))
    store.transact(lambda given: kept.note_refused(given, taken, "It is not there."))
    assert (waiting(store, patient=False), taken.remote_id) == ([], "")
    again = take(store, want(store, TWO))
    store.transact(lambda given: kept.note_posted(given, again, "77", TWO["commit"]))
    third = take(store, want(store, ONE))
    store.transact(lambda given: kept.note_refused(given, third, "It is old."))
    found = store.transact(lambda given: kept.publication_at(given, SPOT))
    assert found is not None
    assert (found.state, found.remote_id, found.commit) == ("posted", "77", TWO["commit"])


def test_damage_is_found(store: Store) -> None:
    row = want(store, ONE)
    assert store.transact(lambda given: list(problems(given))) == []
    store.transact(lambda given: given.execute(update(PUBLICATION).values(content=b"x")))
    with pytest.raises(DamagedError, match=f"The publication {row.id} in the store is damaged."):
        waiting(store)
    assert store.transact(lambda given: list(problems(given))) == [f"The publication {row.id} in the store is damaged."]
    store.transact(lambda given: given.execute(update(PUBLICATION).values(content=None)))
    assert store.transact(lambda given: list(problems(given))) == ["The publication 1 is pending and holds 0 posts."]
