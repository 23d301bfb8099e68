"""Running a rubric's checks: points, scope, and a check that breaks."""

from typing import Any

import pytest

from grader.checks.base import Check
from grader.checks.registry import BUILT_IN
from grader.checks.run import evaluate, not_graded
from grader.model.outcome import Finding, Status
from grader.model.rubric import Criterion, Rubric
from grader.model.task import Task
from grader.rubric.load import load_rubric


def criterion(name: str, check: str, **parameters: Any) -> Criterion:
    return Criterion(id=name, title=name.title(), check=check, parameters=parameters, points=10, text="Text.")


def rubric(*criteria: Criterion) -> Rubric:
    return Rubric(id="r", title="R", task=Task(dataset="mnist"), reference_recipe="plain", criteria=criteria)


def test_passed_gets_all_points_and_failed_none(context: Any) -> None:
    asked = rubric(criterion("a", "parameters", less_than=20_000), criterion("b", "parameters", less_than=19_999))
    first, second = evaluate(asked, context(), "full")
    assert (first.id, first.title, first.check, first.kind) == ("a", "A", "parameters", "required")
    assert (first.status, first.points, first.max_points) == ("passed", 10, 10)
    assert (second.status, second.points, second.max_points) == ("failed", 0, 10)


def test_static_scope_leaves_out_what_needs_training(context: Any) -> None:
    asked = load_rubric("mnist-20k")
    names = ["parameters", "batch_norm", "dropout", "head", "receptive_field", "receptive_field_28"]
    assert [outcome.id for outcome in evaluate(asked, context(), "static")] == names
    assert [outcome.id for outcome in evaluate(asked, context(), "full")] == [*names, "accuracy"]


@pytest.mark.parametrize("answer", [ZeroDivisionError("division by zero"), "not a finding"])
def test_a_check_that_breaks_is_an_error_of_ours(answer: Any, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_context: Any, _parameters: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setitem(BUILT_IN, "broken", Check("broken", run))
    asked = rubric(criterion("a", "broken"), criterion("b", "parameters", less_than=20_000))
    first, second = evaluate(asked, context(), "full")
    assert (first.status, first.points) == ("error", 0)
    assert "not your fault" in first.message
    assert second.status == "passed"


def test_what_cannot_be_graded_says_so_for_every_criterion() -> None:
    why = Finding(status=Status.SKIPPED, expected="-", observed="not measured", message="No model.", fix="Add one.")
    asked = rubric(criterion("a", "parameters", less_than=1), criterion("b", "accuracy", target=0.9))
    outcomes = not_graded(asked, why, "full")
    assert [(outcome.id, outcome.status, outcome.points, outcome.expected) for outcome in outcomes] == [
        ("a", "skipped", 0, "A"),
        ("b", "skipped", 0, "B"),
    ]
    assert [outcome.id for outcome in not_graded(asked, why, "static")] == ["a"]
