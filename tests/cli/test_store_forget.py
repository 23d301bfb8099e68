"""`grader store forget`: a student's data goes, after a question."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli.main import app
from grader.errors import UsageError
from grader.model.roster import RosterEntry
from grader.store.audit import entries
from grader.store.batches import begin_batch, submissions
from grader.store.engine import open_store

PEOPLE = [RosterEntry(student=name, line=line, repository=f"https://h.example/{name}") for line, name in
          enumerate(("ada", "bob"), 2)]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "store.sqlite")
    store.transact(lambda c: begin_batch(c, key="k", title="t", rubric="{}", entries=PEOPLE))
    store.close()
    return tmp_path / "store.sqlite"


def students(place: Path) -> list[str]:
    store = open_store(place)
    found = store.transact(lambda c: [one.entry.student for one in submissions(c, 1)])
    store.close()
    return found


def test_it_asks_and_does_nothing_on_no(place: Path) -> None:
    said = CliRunner().invoke(app, ["store", "forget", str(place), "ada"], input="n\n")
    assert said.exit_code == 1
    assert "Delete everything of 'ada'?" in said.output
    assert students(place) == ["ada", "bob"]


def test_it_deletes_one_student_and_notes_that_under_a_pseudonym(place: Path) -> None:
    said = CliRunner().invoke(app, ["store", "forget", str(place), "ada", "--yes"])
    assert said.exit_code == 0
    assert "0 gradings, 1 submissions, 0 reports deleted." in said.output
    assert students(place) == ["bob"]
    store = open_store(place)
    (entry,) = store.transact(entries)
    store.close()
    assert (entry.action, "ada" in entry.model_dump_json()) == ("forget", False)


def test_who_is_not_there_is_a_mistake(place: Path) -> None:
    said = CliRunner().invoke(app, ["store", "forget", str(place), "eve", "--yes"])
    assert isinstance(said.exception, UsageError)
    assert str(said.exception) == "The store holds nothing of 'eve'."


@pytest.mark.parametrize("named", [[], ["ada", "--assignment", "mnist"]])
def test_it_wants_a_student_or_an_assignment(place: Path, named: list[str]) -> None:
    said = CliRunner().invoke(app, ["store", "forget", str(place), *named, "--yes"])
    assert str(said.exception) == "Name a student, or an assignment with --assignment."
    assert students(place) == ["ada", "bob"]


def test_an_assignment_that_is_not_there_is_a_mistake(place: Path) -> None:
    said = CliRunner().invoke(app, ["store", "forget", str(place), "--assignment", "mnist"], input="y\n")
    assert "Delete everything of the assignment 'mnist'?" in said.output
    assert str(said.exception) == "The store holds no grading of an assignment 'mnist'."
