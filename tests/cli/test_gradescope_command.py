"""`grader gradescope` in a folder like Gradescope's container, with a real sandbox where something is graded."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
sys.path.insert(0, str(Path(__file__).parents[1] / "results"))

from test_stored_exports import require_gradescope

from grader.batch.exports.gradescope_submission import GradescopeSubmission, gradescope_submission
from grader.cli import plan as plans
from grader.errors import DataError

METADATA = {
    "id": 1,
    "assignment": {"title": "A", "total_points": "20.0"},
    "users": [{"email": "ada@x.example", "id": 1, "name": "Ada"}, {"email": "liu@x.example", "id": 2, "name": "Liu"}],
    "previous_submissions": [],
}


@pytest.fixture
def container(tmp_path: Path, submission: Callable[..., Path]) -> Callable[..., list[str]]:
    """`container({...})`: the arguments for a container whose submission holds these files."""

    def make(files: dict[str, str]) -> list[str]:
        (tmp_path / "results").mkdir()
        (tmp_path / "metadata.json").write_text(json.dumps(METADATA))
        places = ["--submission", submission(files), "--results", tmp_path / "results" / "results.json"]
        return [str(part) for part in (*places, "--metadata", tmp_path / "metadata.json", "--rubric", "demo")]

    return make


def written(tmp_path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((tmp_path / "results" / "results.json").read_text())
    require_gradescope(data)
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["results.json"]
    return data


def test_a_submission_is_graded(grader: Callable, container: Callable, good_model: str, tmp_path: Path) -> None:
    arguments = container({"model.py": good_model})
    answer = grader("gradescope", *arguments, "--no-train")
    assert answer.code == 0, answer.stderr
    data = written(tmp_path)
    assert data["score"] == 40 + 10
    assert {test["tags"][0]: test["score"] for test in data["tests"]}["dropout"] == 10
    assert sum(test["max_score"] for test in data["tests"]) == 60
    assert "receptive" in data["output"].lower()
    assert 0 <= data["execution_time"] < 600
    assert answer.stdout == "pass: 50 of 60 points\n"
    assert "The assignment gives 20 points on Gradescope, the rubric 60." in answer.stderr


def test_what_can_not_be_graded_gets_the_reason_and_no_score(
    grader: Callable, container: Callable, tmp_path: Path
) -> None:
    answer = grader("gradescope", *container({"notes.txt": "nothing"}), "--no-train")
    assert answer.code == 0
    data = written(tmp_path)
    assert "score" not in data
    assert data["tests"] == []
    assert "No model was found" in data["output"]


def test_what_stands_there_before_grading_ends_is_no_grade(
    grader: Callable, container: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def interrupted(*_: Any) -> None:
        seen.append(written(tmp_path))
        raise KeyboardInterrupt

    monkeypatch.setattr(plans, "carry_out", interrupted)
    answer = grader("gradescope", *container({}))
    assert answer.code == 130
    assert seen[0] == written(tmp_path)
    assert "score" not in seen[0]
    assert "did not come to its end" in seen[0]["output"]


def test_our_failure_is_not_the_students(
    grader: Callable, container: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise DataError("MNIST is not there.", mend="grader data fetch")

    monkeypatch.setattr(plans, "carry_out", broken)
    answer = grader("gradescope", *container({}))
    assert (answer.code, answer.stderr) == (3, "grader: MNIST is not there. grader data fetch\n")
    data = written(tmp_path)
    assert "score" not in data
    assert data["output"] == "Not graded, for a reason that is not yours: MNIST is not there. Tell your instructor."


def test_several_submissions_in_one(grader: Callable, container: Callable, tmp_path: Path) -> None:
    manifest = "submissions:\n  - {name: a, path: a}\n  - {name: b, path: b}\n"
    files = {".grader.yml": manifest, "a/x.txt": "", "b/x.txt": ""}
    answer = grader("gradescope", *container(files), "--no-train")
    assert answer.code == 4
    assert "hands in 2 submissions" in written(tmp_path)["output"]


def test_a_rubric_that_is_not_there(grader: Callable, container: Callable, tmp_path: Path) -> None:
    answer = grader("gradescope", *container({}), "--rubric", "nonsense")
    assert answer.code == 2
    assert "nonsense" in written(tmp_path)["output"]


def test_results_that_can_not_be_written(grader: Callable, container: Callable, tmp_path: Path) -> None:
    arguments = container({})
    (tmp_path / "results" / "results.json").mkdir()
    answer = grader("gradescope", *arguments)
    assert answer.code == 2
    assert "can't be written" in answer.stderr


def test_outside_a_container(grader: Callable) -> None:
    answer = grader("gradescope", "--rubric", "demo", "--results", "/proc/nowhere/results.json")
    assert answer.code in (2, 3)
    assert "/proc/nowhere" in answer.stderr


def test_who_handed_in() -> None:
    found = gradescope_submission(json.dumps(METADATA))
    assert found == GradescopeSubmission("ada@x.example, liu@x.example", "Ada, Liu", 20.0)
    assert found.entry.student == "ada@x.example, liu@x.example"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"users": 5, "assignment": []}', '{"users": [3, {"email": null}]}', "[" * 100_000,
     '{"assignment": {"total_points": "NaN"}}', '{"assignment": {"total_points": [1]}}'],
)  # fmt: skip
def test_metadata_of_another_form_is_no_reason_not_to_grade(text: str) -> None:
    assert gradescope_submission(text) == GradescopeSubmission()
