"""A rubric's checks and parameters: mistakes are named with file, line and a suggestion."""

from typing import Any

import pytest

from grader.checks.validate import validate_checks
from grader.errors import RubricError
from grader.rubric.load import list_rubrics, parse_rubric

RUBRIC = """\
id: mine
title: Mine
task: {dataset: mnist}
reference_recipe: plain
criteria:
  - id: parameters
    title: Fewer than 100
    check: parameters
    parameters:
      less_than: 100
    points: 10
    text: Few.
  - id: accuracy
    title: 90 %
    check: accuracy
    parameters: {target: 0.9}
    points: 10
    text: Much.
"""


def complaint(old: str, new: str) -> str:
    assert RUBRIC.count(old) == 1
    with pytest.raises(RubricError) as caught:
        validate_checks(parse_rubric(RUBRIC.replace(old, new), "mine.yaml"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "check: parameters",
            "check: paramters",
            "mine.yaml:8: unknown check 'paramters' (did you mean 'parameters'?)",
        ),
        ("less_than: 100", "less_then: 100", "mine.yaml:10: unknown key 'less_then' (did you mean 'less_than'?)"),
        ("less_than: 100", "less_than: many", "mine.yaml:10: less_than must be a valid integer, not 'many'"),
        ("less_than: 100", "less_than: true", "mine.yaml:10: less_than must be a valid integer, not True"),
        ("less_than: 100", "less_than: 0", "mine.yaml:10: less_than must be greater than 0, not 0"),
        ("    parameters:\n      less_than: 100\n", "", "mine.yaml:6: 'less_than' is missing"),
        ("target: 0.9", "target: 99.4", "target is a fraction: write 0.994 for 99.4 %"),
        ("target: 0.9", "target: 0.9, rule: best_epcoh", "(did you mean 'best_epoch'?)"),
        ("target: 0.9", "target: 0.9, rule: last_epochs", "needs `last`"),
        ("target: 0.9", "target: 0.9, last: 3", "no other rule takes it"),
        ("target: 0.9", "target: .nan", "mine.yaml:16: target must be a valid number, not '.nan'"),
        (
            "target: 0.9",
            "target: 0.9, needed: 4",
            "mine.yaml:16: needed: 4 seeds must reach the target; the task has only 3",
        ),
        ("target: 0.9", "target: 0.9, needed: 0", "mine.yaml:16: needed must be greater than or equal to 1, not 0"),
        ("target: 0.9", "target: 0.9, near_miss: fial", "(did you mean 'fail'?)"),
        ("target: 0.9", "target: 0.9, doubt: 0", "mine.yaml:16: doubt must be greater than or equal to 0.0001, not 0"),
        ("target: 0.9", "target: 0.9, spread: 2", "mine.yaml:16: spread must be less than 1, not 2"),
        ("target: 0.9", "target: 1e999", "mine.yaml:16: target must be a finite number, not inf"),
    ],
)
def test_mistakes_are_named_with_their_line(old: str, new: str, expected: str) -> None:
    text = complaint(old, new)
    assert expected in text
    assert text.startswith("mine.yaml:")


def test_every_mistake_is_named() -> None:
    text = RUBRIC.replace("check: parameters", "check: paramters").replace("target: 0.9", "traget: 0.9")
    with pytest.raises(RubricError) as caught:
        validate_checks(parse_rubric(text, "mine.yaml"))
    assert [entry.partition(": ")[0] for entry in str(caught.value).splitlines()] == [
        "mine.yaml:8",
        "mine.yaml:16",
        "mine.yaml:16",
    ]


def test_a_rubric_built_in_memory_is_named_by_its_id(rubric: Any) -> None:
    with pytest.raises(RubricError, match=r"rubric test:1: .*unknown check 'nothing'"):
        validate_checks(rubric("nothing"))


def test_the_shipped_rubrics_are_valid() -> None:
    for shipped in list_rubrics():
        validate_checks(shipped)
