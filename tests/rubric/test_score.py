"""From outcomes to verdict, points and summary: every combination of kind and status."""

import itertools
from typing import Any

import pytest

from grader.model.outcome import Outcome, Status
from grader.model.rubric import Criterion, Rubric
from grader.model.task import Task
from grader.rubric.score import score


def outcome(kind: str, status: str, points: float = 10, title: str = "One") -> Outcome:
    return Outcome(
        id="one",
        title=title,
        check="parameters",
        kind=kind,
        status=Status(status),
        points=points if status == "passed" else 0,
        max_points=points,
        expected="-",
        observed="-",
        message="-",
    )


def rubric(size: int) -> Rubric:
    criteria = [
        Criterion(id=f"c{index}", title="One", check="parameters", points=10, text="Text.") for index in range(size)
    ]
    return Rubric(id="r", title="R", task=Task(dataset="mnist"), reference_recipe="plain", criteria=tuple(criteria))


def verdict(*outcomes: Outcome, scope: Any = "full") -> str:
    return score(rubric(len(outcomes)), outcomes, scope).verdict


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (first, second, expected)
        for pair, expected in {
            ("passed", "passed"): "pass",
            ("passed", "failed"): "fail",
            ("passed", "inconclusive"): "inconclusive",
            ("passed", "skipped"): "inconclusive",
            ("passed", "error"): "error",
            ("failed", "failed"): "fail",
            ("failed", "inconclusive"): "fail",
            ("failed", "skipped"): "fail",
            ("failed", "error"): "error",
            ("inconclusive", "inconclusive"): "inconclusive",
            ("inconclusive", "skipped"): "inconclusive",
            ("inconclusive", "error"): "error",
            ("skipped", "skipped"): "inconclusive",
            ("skipped", "error"): "error",
            ("error", "error"): "error",
        }.items()
        for first, second in sorted({pair, pair[::-1]})
    ],
)
def test_two_required_criteria(first: str, second: str, expected: str) -> None:
    assert verdict(outcome("required", first), outcome("required", second)) == expected


@pytest.mark.parametrize(("kind", "status"), list(itertools.product(("optional", "bonus"), Status)))
def test_only_an_error_of_what_is_not_required_changes_the_verdict(kind: str, status: Status) -> None:
    expected = "error" if status is Status.ERROR else "pass"
    assert verdict(outcome("required", "passed"), outcome(kind, status)) == expected


def test_points_leave_the_bonus_out_of_the_maximum() -> None:
    outcomes = [outcome("required", "passed", 60), outcome("optional", "failed", 40), outcome("bonus", "passed", 5)]
    points = score(rubric(3), outcomes, "full").score
    assert (points.points, points.max_points) == (65, 100)


def test_tenths_of_points_add_up() -> None:
    points = score(rubric(10), [outcome("required", "passed", 0.1)] * 10, "full").score
    assert (points.points, points.max_points) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("statuses", "summary"),
    [
        (["passed", "passed"], "All 2 required criteria are met; 20 of 20 points."),
        (["passed"], "Met: “A”; 10 of 10 points."),
        (["failed", "passed"], "Not met: “A”; 10 of 20 points."),
        (["failed", "failed", "failed"], "Not met: “A”, “B” and “C”; 0 of 30 points."),
        (["passed", "skipped"], "Could not be decided: “B”; 10 of 20 points so far."),
        (["error", "failed"], "Not final, no grade: grader itself failed at “A”."),
    ],
)
def test_summaries(statuses: list[str], summary: str) -> None:
    outcomes = [outcome("required", status, title=title) for status, title in zip(statuses, "ABC", strict=False)]
    assert score(rubric(len(outcomes)), outcomes, "full").summary == summary


def test_static_scope_counts_what_was_checked_and_says_so() -> None:
    scored = score(rubric(2), [outcome("required", "passed", title="A")], "static")
    assert (scored.verdict, scored.score.max_points) == ("pass", 10)
    assert scored.summary == "Met: “A”; 10 of 10 points without retraining."


def test_nothing_required_in_scope_is_inconclusive() -> None:
    scored = score(rubric(2), [outcome("optional", "passed")], "static")
    assert scored.verdict == "inconclusive"
