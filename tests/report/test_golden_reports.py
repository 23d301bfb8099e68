"""Golden reports. After a wanted change: `UPDATE_GOLDEN=1 pytest tests/report`, then read the difference."""

import json
import os
from pathlib import Path

import jsonschema
import pytest

from grader.model.report import GradeReport
from grader.report.html import to_html
from grader.report.json_report import from_json, to_json
from grader.report.markdown import to_markdown
from grader.report.schema import report_schema, schema_text
from grader.report.text import to_text

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"
FORMS = {"json": to_json, "md": to_markdown, "html": to_html, "txt": lambda report: to_text(report) + "\n"}
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"


def check(file: Path, text: str) -> None:
    if UPDATE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{file.name} differs; if that is wanted: UPDATE_GOLDEN=1 pytest"


@pytest.mark.parametrize("form", FORMS)
def test_reports_are_as_golden(case: tuple[str, GradeReport], form: str) -> None:
    name, report = case
    check(GOLDEN / f"{name}.{form}", FORMS[form](report))


def test_the_published_schema_is_current() -> None:
    check(SCHEMA, schema_text())


def test_golden_json_is_valid_and_reads_back(case: tuple[str, GradeReport]) -> None:
    name, report = case
    text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(json.loads(text))
    assert from_json(text) == report


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "excellent"),
        (("score", "points"), "100"),
        (("facts", "receptive_field", "before_head"), [1, 2, 3]),
        (("training", "runs", 0, "epochs", 0, "train_accuracy"), None),
        (("model", "candidates"), {}),
    ],
)
def test_the_schema_refuses_what_breaks_the_contract(report: GradeReport, path: tuple, value: object) -> None:
    data = json.loads(to_json(report))
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    assert not jsonschema.Draft202012Validator(report_schema()).is_valid(data)


def test_the_schema_requires_every_field_and_bears_new_ones(report: GradeReport) -> None:
    validator = jsonschema.Draft202012Validator(report_schema())
    data = json.loads(to_json(report))
    assert validator.is_valid(data | {"added_later": 1})
    del data["model"]["class"]
    assert not validator.is_valid(data)
