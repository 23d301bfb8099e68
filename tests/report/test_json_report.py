"""The JSON form: names of the contract, finite figures, safe characters, a reader that explains itself."""

import json
import math

import pytest
from report_factory import HIT, at, report, run, training

from grader.errors import GraderError, UsageError
from grader.model.report import Flag, GradeReport
from grader.report.json_report import from_json, to_json


def test_names_are_those_of_the_contract(report: GradeReport) -> None:
    data = json.loads(to_json(report))
    assert data["schema"] == "grader/report/v1"
    assert data["model"]["class"] == "Net"
    assert data["model"]["candidates"][0]["class"] == "Net"
    assert data["facts"]["parameters"]["counted"] == 19_204
    assert data["training"]["runs"][1]["first_epoch_at_target"] == 11
    assert data["training"]["runs"][1]["epochs"][0]["test_accuracy"] == 0.9702
    assert [outcome["id"] for outcome in data["outcomes"]][-1] == "accuracy"
    assert "schema_name" not in data
    assert "name" not in data["model"]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_no_figure_is_infinite_or_not_a_number(wrong: float) -> None:
    epochs = (*run(0, HIT).epochs[:-1], run(0, HIT).epochs[-1].model_copy(update={"lr": wrong}))
    broken = report(training=training(run(0, HIT, epochs=epochs)))
    with pytest.raises(GraderError, match=r"training\.runs\[0\]\.epochs\[11\]\.lr"):
        to_json(broken)


def test_invisible_characters_are_written_as_escapes_and_survive() -> None:
    names = ["a\u202eb.py", "line\u2028end", "tab\there", "\x7f", "zero\u200bwidth", "\U000e0001tag", "ünïcode ≥ 20"]
    given = report(flags=tuple(Flag(kind="test", message=name, evidence=(at(1, name),)) for name in names))
    text = to_json(given)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "ünïcode ≥ 20" in text
    assert from_json(text) == given


def test_a_lone_surrogate_is_shown_instead_of_breaking_the_file() -> None:
    text = to_json(report(flags=(Flag(kind="test", message="caf\udce9.py"),)))
    assert json.loads(text.encode("utf-8"))["flags"][0]["message"] == "caf⟪U+DCE9⟫.py"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"schema": "grader/report/v1", "score": NaN}', "NaN is not a number"),
        ('{"schema": "grader/report/v1", "schema": "grader/report/v1"}', "twice"),
        ("[]", "not a report"),
        ('{"schema": "grader/report/v2"}', "not a report"),
        ('{"schema": "grader/report/v1"}', "breaks grader/report/v1 at scope"),
    ],
)
def test_what_is_not_a_report_is_refused_in_one_sentence(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        from_json(text)
