"""Every export, read back by the rules of the system that imports it."""

import base64
import csv
import io
import json
import math
import re
from typing import Any

import pytest

from grader.batch.exports import canvas, classroom50, github_classroom, gradescope
from grader.batch.exports.classroom50 import Classroom50Submission
from grader.batch.exports.grades import grade_of
from grader.batch.exports.spreadsheet import neutral, to_csv
from grader.batch.exports.whole_points import whole_points
from grader.model.grade import Grade
from grader.model.outcome import Outcome
from grader.model.report import GradeReport, ModelSection, Provenance, RubricReference, Score
from grader.model.roster import RosterEntry
from grader.model.submission import Location
from grader.model.training import Training


def outcome(name: str, status: str, points: float, max_points: float, kind: str = "required") -> Outcome:
    return Outcome(
        id=name,
        title=name.capitalize(),
        check=name,
        kind=kind,
        status=status,
        points=points,
        max_points=max_points,
        expected="",
        observed="",
        message=f"About {name}.",
        evidence=(Location(file="model.py", line=7),),
    )


def report(verdict: str, *outcomes: Outcome) -> GradeReport:
    return GradeReport(
        scope="full",
        verdict=verdict,
        summary=f"It is a {verdict}.",
        score=Score(
            points=math.fsum(one.points for one in outcomes),
            max_points=math.fsum(one.max_points for one in outcomes if one.kind != "bonus"),
        ),
        rubric=RubricReference(id="r", title="R", digest="0"),
        model=ModelSection.model_validate(
            {"file": None, "cell": None, "class": None, "line": None, "selected_by": "x"}
        ),
        training=Training(status="completed"),
        outcomes=outcomes,
        provenance=Provenance(
            source="s",
            path=None,
            commit=None,
            dirty=False,
            grader_version="1",
            python="3",
            torch="2",
            sandbox="b",
            sandbox_strength="isolated",
            created_at="2026-01-01T00:00:00+00:00",
            seconds=1.0,
        ),
    )


PARTIAL = report(
    "fail",
    outcome("parameters", "passed", 12.5, 12.5),
    outcome("accuracy", "failed", 0, 47.5),
    outcome("dropout", "passed", 39.25, 40),
    outcome("extra", "passed", 5, 5, "bonus"),
)
CANVAS_ROW = {
    "student": "Lovelace, Ada",
    "id": "11",
    "sis_user_id": "u11",
    "sis_login_id": "ada",
    "section": "Section A",
}


def entry(student: str = "ada", **more: Any) -> RosterEntry:
    return RosterEntry.model_validate({"student": student, "line": 2, "repository": "https://h.example/a", **more})


@pytest.fixture
def grades() -> dict[str, Grade]:
    undecided = report("inconclusive", outcome("accuracy", "inconclusive", 0, 100))
    ours = report("error", outcome("accuracy", "error", 0, 100))
    nowhere = entry("bob", repository=None, missing="no repository is named")
    formula = entry("=cmd|' /C calc'!A0", name="=HYPERLINK(1)")
    return {
        "partial": grade_of(entry(columns=CANVAS_ROW), PARTIAL, max_points=100),
        "open": grade_of(entry("liu", name="Liu"), undecided, max_points=100),
        "ours": grade_of(entry("kim"), ours, max_points=100),
        "excused": grade_of(entry("zoe", excused=True), PARTIAL, max_points=100),
        "missing": grade_of(nowhere, None, max_points=100),
        "formula": grade_of(formula, PARTIAL, max_points=100),
    }


def test_only_a_verdict_is_a_grade(grades: dict[str, Grade]) -> None:
    assert {name: (grade.standing, grade.points, grade.max_points) for name, grade in grades.items()} == {
        "partial": ("graded", 56.75, 100),
        "open": ("not_graded", 0, 100),
        "ours": ("not_graded", 0, 100),
        "excused": ("excused", 0, 100),
        "missing": ("not_graded", 0, 100),
        "formula": ("graded", 56.75, 100),
    }
    assert grades["missing"].reason == "Nothing to grade: no repository is named."
    assert grades["ours"].reason == "It is a error."


def imported_by_canvas(text: str) -> dict[str, tuple[str, Any]]:
    """Login -> (student, score): Canvas reads columns by name, takes an id in the head's last parentheses, skips the
    row of points, takes EX as excused and an empty cell as no change."""
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    head = next(name for name in rows[0] if re.fullmatch(r".+ \(\d+\)", name))
    assert list(rows[0])[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert rows[0]["Student"].strip() == "Points Possible"
    assert re.fullmatch(r"\d+\.\d\d", rows[0][head])
    scores: dict[str, Any] = {}
    for row in rows[1:]:
        cell = row[head]
        scores[row["SIS Login ID"]] = (
            row["Student"],
            None if cell == "" else "excused" if cell == "EX" else float(cell),
        )
    return scores


def test_canvas(grades: dict[str, Grade]) -> None:
    text = canvas.gradebook(list(grades.values()), "MNIST (4711)", max_points=100)
    assert imported_by_canvas(text) == {
        "ada": ("Lovelace, Ada", 56.75),
        "liu": ("Liu", None),
        "kim": ("kim", None),
        "zoe": ("zoe", "excused"),
        "bob": ("bob", None),
        "'=cmd|' /C calc'!A0": ("'=HYPERLINK(1)", 56.75),
    }
    assert text.splitlines()[1] == "    Points Possible,,,,,100.00"
    assert text.splitlines()[2] == '"Lovelace, Ada",11,u11,ada,Section A,56.75'


def test_gradescope(grades: dict[str, Grade]) -> None:
    found = gradescope.results(grades["partial"], seconds=12.4)
    assert found["score"] == math.fsum(test["score"] for test in found["tests"]) == 56.75
    assert found["execution_time"] == 12
    assert set(found) <= {
        "score",
        "execution_time",
        "output",
        "output_format",
        "test_output_format",
        "test_name_format",
        "visibility",
        "stdout_visibility",
        "extra_data",
        "tests",
        "leaderboard",
    }
    for test in found["tests"]:
        assert set(test) <= {
            "score",
            "max_score",
            "status",
            "name",
            "name_format",
            "number",
            "output",
            "output_format",
            "tags",
            "visibility",
            "extra_data",
        }
        assert test.get("status", "passed") in ("passed", "failed")
    assert [test["max_score"] for test in found["tests"]] == [12.5, 47.5, 40, 0]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("name", ["open", "ours", "excused", "missing"])
def test_gradescope_gets_no_score_where_there_is_no_grade(name: str, grades: dict[str, Grade]) -> None:
    found = gradescope.results(grades[name])
    assert "score" not in found
    assert found["tests"] == []
    assert found["output"] == grades[name].reason


SUBMISSION = Classroom50Submission(
    classroom="c",
    assignment="mnist",
    owner="ada",
    submission="submit/2026-01-01T00-00-00Z-abc",
    commit="https://h/c",
    release="https://h/r",
    review="https://h/c",
    datetime="2026-01-01T00:00:00Z",
    graded_at="2026-01-02T00:00:00Z",
)


def require_classroom50(found: dict[str, Any]) -> None:
    """The rules of its schema, and the two that a schema can't say."""
    texts = ("classroom", "assignment", "owner", "commit", "release", "review")
    needed = {"schema", "assignment_type", "submission", "datetime", "score", "max-score", "tests", *texts}
    assert needed <= set(found) <= needed | {"graded_at", "submitted_by"}
    assert found["schema"] == "classroom50/result/v1"
    assert found["assignment_type"] in ("individual", "group")
    assert all(isinstance(found[name], str) and found[name] for name in texts)
    assert found["submission"].startswith("submit/")
    for name in ("datetime", "graded_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ", found[name])
    for scored in (found, *found["tests"]):
        assert type(scored["score"]) is type(scored["max-score"]) is int
        assert 0 <= scored["score"] <= scored["max-score"]
    for test in found["tests"]:
        assert test["test-name"] and type(test["passed"]) is bool


def test_classroom_50(grades: dict[str, Grade]) -> None:
    found = classroom50.result(grades["partial"], SUBMISSION)
    require_classroom50(found)
    assert (found["score"], found["max-score"]) == (57, 105)
    assert [test["score"] for test in found["tests"]] == [13, 0, 39, 5]
    assert sum(test["score"] for test in found["tests"]) == found["score"]


@pytest.mark.parametrize("name", ["open", "ours", "excused", "missing"])
def test_classroom_50_gets_nothing_of_nothing_where_there_is_no_grade(name: str, grades: dict[str, Grade]) -> None:
    found = classroom50.result(grades[name], SUBMISSION)
    require_classroom50(found)
    assert (found["score"], found["max-score"], found["tests"]) == (0, 0, [])


def test_github_classroom(grades: dict[str, Grade]) -> None:
    found = json.loads(base64.b64decode(github_classroom.encoded_result(grades["partial"]), validate=True))
    assert (found["version"], found["status"], found["max_score"]) == (1, "fail", 100)
    assert math.fsum(test["score"] for test in found["tests"]) == 56.75
    assert [test["status"] for test in found["tests"]] == ["pass", "fail", "pass", "pass"]
    assert (found["tests"][0]["filename"], found["tests"][0]["line_no"]) == ("model.py", 7)
    assert github_classroom.result(grades["open"])["status"] == "error"


def test_a_pass_with_an_optional_point_missed_is_a_pass() -> None:
    good = report("pass", outcome("parameters", "passed", 60, 60), outcome("field", "failed", 0, 40, "optional"))
    assert github_classroom.result(grade_of(entry(), good, max_points=100))["status"] == "pass"


@pytest.mark.parametrize(
    ("points", "whole"),
    [
        ([12.5, 0, 39.25, 5], [13, 0, 39, 5]),
        ([0.5, 0.5, 0.5, 0.5], [1, 1, 0, 0]),
        ([33.333333, 33.333333, 33.333334], [33, 33, 34]),
        ([], []),
        ([0.1] * 10, [1, *[0] * 9]),
        ([2.5], [3]),
        ([0.29 * 100], [29]),
    ],
)
def test_whole_points_sum_to_the_rounded_sum(points: list[float], whole: list[int]) -> None:
    assert whole_points(points) == whole
    assert sum(whole) == math.floor(math.fsum(points) + 0.5 + 1e-9)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("+1", "+1"),
        ("-3.5", "-3.5"),
        ("-1+cmd", "'-1+cmd"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\tx", "'\tx"),
        ("＝1", "'＝1"),
        ("a=b", "a=b"),
        ("", ""),
        ("+", "'+"),
    ],
)
def test_no_cell_becomes_a_formula(cell: str, shown: str) -> None:
    assert neutral(cell) == shown


def test_a_cell_with_line_ends_quotes_and_nulls_stays_one_cell() -> None:
    assert to_csv([["a\r\nb\0", 'say "x", y']]) == 'a  b,"say ""x"", y"\r\n'
