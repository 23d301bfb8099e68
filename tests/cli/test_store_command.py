"""`grader store` through the real command: what it says, and what bad input costs."""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
sys.path.insert(0, str(Path(__file__).parents[1] / "results"))

from stored_class import FORMULA, fill

from grader.store.engine import open_store


@pytest.fixture
def place(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "class.sqlite")
    fill(store)
    store.close()
    return tmp_path / "class.sqlite"


def test_a_whole_store(grader: Callable, place: Path) -> None:
    answer = grader("store", "check", place)
    assert answer.code == 0
    first, second, last = answer.stdout.splitlines()
    assert "submission: 7" in first
    assert second.startswith("batch 1: class.csv, 7 students, begun 20")
    assert last == "The store is whole."


def test_a_damaged_store_is_told_of_and_costs_the_exit_code(grader: Callable, place: Path) -> None:
    with sqlite3.connect(place) as connection:
        connection.execute("UPDATE report SET verdict = 'pass', content = X'00' WHERE verdict = 'fail'")
        connection.execute("UPDATE submission SET problem = '' WHERE student = 'kim'")
    connection.close()
    answer = grader("store", "check", place)
    assert answer.code == 3
    assert "is damaged" in answer.stdout
    assert "'kim' in 'class.csv' is failed without a reason." in answer.stdout
    assert answer.stdout.splitlines()[-1] == "2 problems."


def test_nothing_is_made_where_there_is_no_store(grader: Callable, tmp_path: Path) -> None:
    for command in (("check",), ("export", "--out", tmp_path / "out")):
        answer = grader("store", command[0], tmp_path / "none.sqlite", *command[1:])
        assert (answer.code, answer.stdout) == (2, "")
        assert "There is no store" in answer.stderr
    assert not (tmp_path / "none.sqlite").exists()
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_store(grader: Callable, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to look at" * 40)
    answer = grader("store", "check", file)
    assert answer.code == 3
    assert "is not an SQLite file" in answer.stderr
    assert file.read_text().startswith("not a database")


def test_results(grader: Callable, place: Path, tmp_path: Path) -> None:
    answer = grader("store", "export", place, "--out", tmp_path / "out")
    assert answer.code == 0
    assert answer.stdout == f"7 students, 4 reports: {tmp_path}/out/overview.html\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "overview.html", "reports", "results.csv", "results.jsonl", "similarity.json",
    ]  # fmt: skip


def test_starter_code_that_is_not_there(grader: Callable, place: Path, tmp_path: Path) -> None:
    answer = grader("store", "export", place, "--out", tmp_path / "out", "--starter", tmp_path / "none")
    assert answer.code == 2
    assert "is not a folder" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_canvas(grader: Callable, place: Path, tmp_path: Path) -> None:
    file = tmp_path / "grades.csv"
    answer = grader("store", "export", place, "--format", "canvas", "--assignment", "S5 (4711)", "--out", file)
    assert (answer.code, answer.stdout) == (0, f"{file}: 2 graded, 1 excused, 4 without a grade\n")
    assert file.read_text().splitlines()[2] == '"Lovelace, Ada",11,u11,ada,A,92.25'
    grader("store", "export", place, "--format", "canvas", "--assignment", "x", "--out", file, "--graded-only")
    assert len(file.read_text().splitlines()) == 5


@pytest.mark.parametrize("format", ["gradescope", "github-classroom"])
def test_a_file_per_student(grader: Callable, place: Path, tmp_path: Path, format: str) -> None:
    answer = grader("store", "export", place, "--format", format, "--out", tmp_path / "out")
    assert (answer.code, answer.stdout) == (0, f"{tmp_path}/out: 7 files, 0 students left out\n")


def test_who_is_left_out_is_named_and_can_not_command_a_terminal(grader: Callable, place: Path, tmp_path: Path) -> None:
    with sqlite3.connect(place) as connection:
        connection.execute(
            'UPDATE submission SET entry = replace(entry, \'"student":"bob"\', \'"student":"\\u001b[31mb"\')'
        )
    connection.close()
    options = ("--format", "classroom50", "--classroom", "cs", "--assignment", "s5")
    answer = grader("store", "export", place, *options, "--out", tmp_path / "out")
    assert (answer.code, answer.stdout) == (0, f"{tmp_path}/out: 4 files, 3 students left out\n")
    assert "kim is left out: no commit was graded.\n" in answer.stderr
    assert "b is left out: the repository has no page on the web.\n" in answer.stderr
    assert "\x1b" not in answer.stderr
    assert FORMULA not in answer.stderr


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        (("canvas",), "--assignment"),
        (("classroom50", "--assignment", "x"), "--classroom"),
        (("classroom50", "--classroom", "x"), "--assignment"),
    ],
)
def test_what_a_format_needs_is_asked_for(
    grader: Callable, place: Path, tmp_path: Path, options: tuple[str, ...], needed: str
) -> None:
    answer = grader("store", "export", place, "--format", *options, "--out", tmp_path / "out")
    assert answer.code == 2
    assert f"This format needs {needed}" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_not_be_written_to(grader: Callable, place: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    answer = grader("store", "export", place, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "there is a file of that name" in answer.stderr
    assert (tmp_path / "out").read_text() == "a file"


def test_a_batch_that_is_not_there(grader: Callable, place: Path, tmp_path: Path) -> None:
    answer = grader("store", "export", place, "--batch", "7", "--out", tmp_path / "out")
    assert answer.code == 2
    assert "The store has no batch 7. Name one with --batch: 1 (class.csv, 7 students)." in answer.stderr
