"""Which grading counts, and what a person's points make of a grade: closed-form cases."""

import json

import pytest
from classroom import missing_accuracy, passing

from grader.model.report import GradeReport
from grader.model.review import Grading, Override
from grader.model.roster import RosterEntry
from grader.web.dashboard.standing import Standing, counting, grade_of_standing, row_of, standings

ADA = RosterEntry(student="ada", line=2, repository="https://h.example/ada")


def grading(number: int, **more: object) -> Grading:
    values: dict[str, object] = {
        "id": number, "assignment": "mnist", "repository": "o/ada", "commit": f"{number:040x}", "generation": 0,
        "ref": "refs/heads/main", "pull_request": None, "student": "ada", "login": "ada", "cause": "push",
        "state": "done", "stage": "report", "attempts": 1, "not_before": "", "report_key": f"{number:064x}",
        "problem": "", "created_at": f"2026-03-{number:02}T12:00:00+00:00", "changed_at": "",
    }  # fmt: skip
    return Grading.model_validate(values | more)


def override(points: float | None, repository: str = "o/ada") -> Override:
    texts = {"assignment": "mnist", "reason": "Shown by hand.", "made_by": "prof", "made_at": "", "revoked_at": ""}
    return Override(id=1, repository=repository, points=points, **texts)


@pytest.mark.parametrize(
    ("gradings", "counts"),
    [
        ([], None),
        ([grading(1), grading(2)], 2),
        ([grading(1), grading(2, state="running", report_key=None)], 1),
        ([grading(1), grading(2, late=True)], 1),
        ([grading(1, late=True), grading(2, late=True)], 2),
        ([grading(1, state="dead", report_key=None)], None),
        # The order in which the forge had them, not the one in which they came here.
        ([grading(2, received_at="2026-03-01T12:00:00+00:00"), grading(1, received_at="2026-03-02T12:00:00+00:00")], 1),
        ([grading(1), grading(2, created_at="2026-03-01T12:00:00+00:00", generation=1)], 2),
    ],
)
def test_the_newest_in_time_counts(gradings: list[Grading], counts: int | None) -> None:
    found = counting(gradings)
    assert (found and found.id) == counts


def test_everybody_of_the_roster_and_whoever_else_handed_in() -> None:
    found = standings(
        [grading(1, student="eve", login="eve", repository="o/eve"), grading(2)],
        [ADA.model_copy(update={"repository": None}), RosterEntry(student="bob", line=3)],
        {"o/eve": override(3, "o/eve")},
        "https://forge.example",
    )
    assert [one.entry.student for one in found] == ["ada", "bob", "eve"]
    assert [one.entry.repository for one in found] == [
        "https://forge.example/o/ada",
        None,
        "https://forge.example/o/eve",
    ]
    assert (found[1].counts, found[1].entry.missing) == (None, "nothing was handed in")
    assert [one.override is not None for one in found] == [False, False, True]


@pytest.mark.parametrize(
    ("report", "points", "standing", "result", "passed"),
    [
        (passing("x"), 105, "graded", "pass", True),
        (passing("x"), 99, "graded", "fail", False),  # fewer than the rubric's 100: a person took the pass away
        (missing_accuracy("x"), 72.5, "graded", "fail", False),
        (missing_accuracy("x"), 100, "graded", "pass", True),
        (missing_accuracy("x"), 0, "graded", "fail", False),
        (None, 40, "graded", "fail", False),
        (None, 100, "graded", "pass", True),
        (missing_accuracy("x"), None, "excused", "excused", False),
    ],
)
def test_a_persons_points_take_the_place_of_the_reports(
    report: GradeReport | None, points: float | None, standing: str, result: str, passed: bool
) -> None:
    counts = grading(1) if report else None
    one = Standing(ADA, counts, grading(1), override(points))
    grade = grade_of_standing(one, report, max_points=100)
    assert (grade.standing, grade.points, grade.max_points, grade.passed) == (standing, points or 0.0, 100, passed)
    assert sum(line.points for line in grade.criteria) == grade.points
    row = row_of(one, report, max_points=100)
    assert (row.result, row.points, row.standing, row.report) == (result, points, standing, "/jobs/1")


def test_why_there_is_no_grade_is_said() -> None:
    dead = grading(1, state="dead", report_key=None, problem="The forge answers 502.")
    row = row_of(Standing(ADA, None, dead), None, max_points=100)
    assert (row.result, row.reason) == ("unreached", "The forge answers 502.")
    waiting = grading(1, state="waiting", report_key=None)
    assert row_of(Standing(ADA, None, waiting), None, max_points=100).result == "waiting"
    assert grade_of_standing(Standing(ADA, None, dead), None, max_points=100).reason == "The forge answers 502."
    assert json.loads(row.model_dump_json())["points"] is None
