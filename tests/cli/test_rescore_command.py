"""`grader rescore` through the real command: a report, a batch in its store, and what it refuses."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
sys.path.insert(0, str(Path(__file__).parents[1] / "results"))

from report_factory import ambiguous, passing
from stored_class import FORMULA, RUBRIC, fill

from grader.model.report import GradeReport, RubricReference
from grader.model.result import ResultRow
from grader.report.json_report import from_json
from grader.report.write import write_report
from grader.store.check import problems
from grader.store.engine import Store, open_store
from grader.store.listing import batches
from grader.store.tables import REPORT, SUBMISSION

NAMED = RubricReference(id=RUBRIC.id, title=RUBRIC.title, digest=RUBRIC.digest)


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    """mnist-20k with another limit and more points for it."""
    text = (Path(__file__).parents[2] / "rubrics" / "mnist-20k.yaml").read_text()
    file = tmp_path / "stricter.yaml"
    changed = text.replace("less_than: 20_000", "less_than: 15_000").replace("points: 20", "points: 25")
    file.write_text(changed.replace("id: mnist-20k", "id: stricter"))
    return file


@pytest.fixture
def deeper(tmp_path: Path, stricter: Path) -> Path:
    """Another rubric, which needs a training that nobody had."""
    file = tmp_path / "deeper.yaml"
    file.write_text(stricter.read_text().replace("seeds: [0, 1, 2]", "seeds: [7, 8, 9]"))
    return file


def written(tmp_path: Path, report: GradeReport) -> Path:
    write_report(report.model_copy(update={"rubric": NAMED}), tmp_path / "old")
    return tmp_path / "old"


def test_a_report(grader: Callable, tmp_path: Path, stricter: Path) -> None:
    old = written(tmp_path, passing())
    answer = grader("rescore", old, "--rubric", stricter, "--out", tmp_path / "new")
    assert answer.code == 1, answer.stderr
    assert f"Report: {tmp_path}/new/report.html" in answer.stdout
    found = from_json((tmp_path / "new" / "report.json").read_text())
    assert (found.rubric.id, found.verdict, found.score.points) == ("stricter", "fail", 85)
    assert (tmp_path / "new" / "report.html").exists()
    again = grader("rescore", old / "report.json", "--rubric", "mnist-20k", "--out", tmp_path / "same")
    assert again.code == 0


def test_what_was_not_measured_is_named(grader: Callable, tmp_path: Path, deeper: Path) -> None:
    old = written(tmp_path, passing())
    answer = grader("rescore", old, "--rubric", deeper, "--out", tmp_path / "new")
    assert (answer.code, answer.stderr) == (5, "grader: It was trained with other seeds.\n")
    assert not (tmp_path / "new").exists()


def test_a_report_of_a_rubric_that_is_not_shipped(
    grader: Callable, tmp_path: Path, stricter: Path, deeper: Path
) -> None:
    old = written(tmp_path, passing())
    grader("rescore", old, "--rubric", stricter, "--out", tmp_path / "new")
    answer = grader("rescore", tmp_path / "new", "--rubric", "mnist-20k", "--out", tmp_path / "back")
    assert answer.code == 5
    assert "Name it with --was." in answer.stderr
    answer = grader("rescore", tmp_path / "new", "--rubric", "mnist-20k", "--was", deeper, "--out", tmp_path / "back")
    assert answer.code == 2
    assert "was not graded with" in answer.stderr
    answer = grader("rescore", tmp_path / "new", "--rubric", "mnist-20k", "--was", stricter, "--out", tmp_path / "back")
    assert answer.code == 0
    back = from_json((tmp_path / "back" / "report.json").read_text())
    assert (back.verdict, back.score.points) == ("pass", 105)


def test_what_could_not_be_graded(grader: Callable, tmp_path: Path, stricter: Path) -> None:
    answer = grader("rescore", written(tmp_path, ambiguous()), "--rubric", stricter, "--out", tmp_path / "new")
    assert answer.code == 4


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.json", None, "No such file"),
        ("a.json", b"{}", "The file is not a report"),
        ("a.json", b"\xff\xfe\x00", "neither a report nor a store"),
        ("a.json", b"[", "not JSON"),
    ],
)
def test_what_is_no_report(grader: Callable, tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    answer = grader("rescore", tmp_path / name, "--rubric", "demo", "--out", tmp_path / "new")
    assert answer.code == 2
    assert said in answer.stderr
    assert not (tmp_path / "new").exists()


def a_store(tmp_path: Path) -> tuple[Path, Store]:
    """A class whose reports name the rubric that they were graded with."""
    place = tmp_path / "class.sqlite"
    store = open_store(place)
    fill(store)
    return place, store


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import stored_class

    named = {
        student: (lambda make=make: make().model_copy(update={"rubric": NAMED}))
        for student, make in stored_class.REPORTS.items()
    }
    monkeypatch.setattr(stored_class, "REPORTS", named)
    file, store = a_store(tmp_path)
    store.close()
    return file


def results(folder: Path) -> dict[str, ResultRow]:
    lines = (folder / "results.jsonl").read_text().splitlines()
    return {row.student: row for row in map(ResultRow.model_validate_json, lines)}


def test_a_batch_becomes_another_one_in_the_same_store(
    grader: Callable, place: Path, tmp_path: Path, stricter: Path
) -> None:
    answer = grader("rescore", place, "--rubric", stricter, "--out", tmp_path / "new")
    assert (answer.code, answer.stderr) == (0, "")
    assert answer.stdout == f"batch 2: 4 scored again, 0 not: {tmp_path}/new/overview.html\n"
    found = results(tmp_path / "new")
    assert (tmp_path / "new" / "similarity.json").exists()  # compared without anybody's source
    assert {student: (row.result, row.points) for student, row in found.items()} == {
        "ada": ("fail", 85), FORMULA: ("fail", 85), "liu": ("fail", 85), "zoe": ("excused", None),
        "bob": ("nothing", None), "kim": ("unreached", None), "../eve": ("ungradable", None),
    }  # fmt: skip
    assert found["kim"].reason == "The host is away."
    assert (found["liu"].late, found["liu"].commit) == (True, "c" * 40)
    store = open_store(place)
    assert [batch.title for batch in store.transact(batches)] == ["class.csv", "class.csv, scored with stricter"]
    assert store.transact(lambda connection: list(problems(connection))) == []
    reports = store.transact(lambda connection: len(connection.execute(REPORT.select()).all()))
    store.close()
    assert reports == 8
    exported = grader("store", "export", place, "--batch", "1", "--out", tmp_path / "old")
    assert exported.code == 0
    assert results(tmp_path / "old")["ada"].points == 92.25  # nothing of the first batch was changed


def test_the_same_again_makes_nothing_new(grader: Callable, place: Path, tmp_path: Path, stricter: Path) -> None:
    first = grader("rescore", place, "--rubric", stricter, "--batch", "1", "--out", tmp_path / "new")
    before = results(tmp_path / "new")
    again = grader("rescore", place, "--rubric", stricter, "--batch", "1", "--out", tmp_path / "new")
    assert (again.code, again.stdout) == (first.code, first.stdout)
    assert results(tmp_path / "new") == before
    store = open_store(place)
    assert store.transact(lambda connection: len(connection.execute(SUBMISSION.select()).all())) == 14
    store.close()


def test_who_was_not_measured_keeps_the_reason(grader: Callable, place: Path, tmp_path: Path, deeper: Path) -> None:
    answer = grader("rescore", place, "--rubric", deeper, "--out", tmp_path / "new")
    assert answer.code == 5
    assert "ada is not scored again: It was trained with other seeds.\n" in answer.stderr
    assert answer.stdout.startswith("batch 2: 1 scored again, 3 not: ")
    found = results(tmp_path / "new")
    assert (found["ada"].result, found["ada"].points) == ("unreached", None)
    assert found["ada"].reason == "Not scored again: It was trained with other seeds."
    assert found["../eve"].result == "ungradable"
    store = open_store(place)
    assert store.transact(lambda connection: list(problems(connection))) == []
    store.close()


def test_a_folder_that_can_not_be_written_to_leaves_the_store_as_it_was(
    grader: Callable, place: Path, tmp_path: Path, stricter: Path
) -> None:
    (tmp_path / "new").write_text("a file")
    answer = grader("rescore", place, "--rubric", stricter, "--out", tmp_path / "new")
    assert answer.code == 2
    store = open_store(place)
    assert len(store.transact(batches)) == 1
    store.close()


def test_a_rubric_that_can_not_be_used(grader: Callable, place: Path, tmp_path: Path, stricter: Path) -> None:
    stricter.write_text(stricter.read_text().replace("less_than: 15_000", "less_then: 15_000"))
    answer = grader("rescore", place, "--rubric", stricter, "--out", tmp_path / "new")
    assert answer.code == 2
    assert "less_then" in answer.stderr
