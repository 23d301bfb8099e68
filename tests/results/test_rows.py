"""From a stored submission and its report to a line."""

from typing import Any

import pytest
from report_factory import ambiguous, failing_static, passing, second_try

from grader.batch.results.row import result_row
from grader.model.report import GradeReport
from grader.model.roster import RosterEntry
from grader.model.work import Stage, State, StoredSubmission


def stored(state: State = State.DONE, *, problem: str = "", entry: dict[str, Any] | None = None) -> StoredSubmission:
    values = {"student": "ada", "line": 2, "name": "Ada", "repository": "https://user:secret@h.example/a"}
    return StoredSubmission(
        id=1,
        entry=RosterEntry.model_validate(values | (entry or {})),
        stage=Stage.REPORT,
        state=state,
        attempts=1,
        commit="c" * 40,
        received_at="2026-03-01T10:00:00+00:00",
        late=True,
        report_key="k",
        problem=problem,
    )


def test_a_pass() -> None:
    line = result_row(stored(), passing(), max_points=60)
    assert (line.result, line.standing, line.points, line.max_points) == ("pass", "graded", 105, 100)
    assert (line.best_accuracy, line.parameters, line.receptive_field) == (0.9946, 19_204, (40, 40))
    assert (line.report, line.late, line.commit) == ("reports/ada/report.html", True, "c" * 40)
    assert line.repository == "https://h.example/a"
    assert line.flags == ("probe",)
    assert line.graph == passing().provenance.graph_digest


def test_the_points_are_the_sum_of_the_lines() -> None:
    line = result_row(stored(), failing_static(), max_points=60)
    assert (line.result, line.points, line.max_points) == ("fail", sum(one.points for one in line.criteria), 60)
    assert line.best_accuracy is None


def test_the_second_try_counts_where_it_reached_the_target() -> None:
    assert result_row(stored(), second_try(), max_points=100).best_accuracy == 0.9946


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"verdict": "inconclusive"}, "inconclusive"),
        ({"verdict": "error"}, "error"),
        ({"verdict": "inconclusive", "gradable": False}, "ungradable"),
    ],
)
def test_only_a_verdict_gives_points(changes: dict[str, Any], result: str) -> None:
    report = GradeReport.model_validate(passing().model_dump(by_alias=True) | changes)
    line = result_row(stored(), report, max_points=100)
    assert (line.result, line.standing, line.points) == (result, "not_graded", None)
    assert line.report


def test_what_can_not_be_graded_says_why_and_is_judged_by_nothing() -> None:
    line = result_row(stored(), ambiguous(), max_points=100)
    assert (line.result, line.criteria, line.parameters) == ("ungradable", (), None)
    assert line.reason == ambiguous().summary


def test_without_a_report() -> None:
    failed = result_row(stored(State.FAILED, problem="The host is away."), None, max_points=100)
    assert (failed.result, failed.reason, failed.report) == ("unreached", "The host is away.", None)
    assert result_row(stored(State.RUNNING), None, max_points=100).result == "waiting"
    nowhere = stored(State.NOTHING, entry={"repository": None, "missing": "no repository is named"})
    line = result_row(nowhere, None, max_points=100)
    assert (line.result, line.reason, line.repository) == (
        "nothing",
        "Nothing to grade: no repository is named.",
        None,
    )


def test_an_excused_student_has_neither_points_nor_a_report() -> None:
    line = result_row(stored(entry={"excused": True}), passing(), max_points=100)
    assert (line.result, line.standing, line.points, line.report, line.flags) == (
        "excused",
        "excused",
        None,
        None,
        (),
    )
