"""The published JSON Schema of `grader/report/v1`: `python -m grader.report.schema > docs/report.schema.json`."""

import json
import sys
from typing import Any

from grader.model.report import GradeReport

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DESCRIPTION = (
    "A report of grader. Fields may be added to this version; none is removed or changes its meaning. "
    "Epochs and lines are counted from 1, cells of a notebook from 0, accuracies are fractions from 0 to 1."
)


def report_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what `to_json` writes: every field is there; unknown ones are borne by readers."""
    schema = GradeReport.model_json_schema(by_alias=True, mode="serialization")
    head = {
        "$schema": _DIALECT,
        "$id": "urn:grader:report:v1",
        "title": "grader/report/v1",
        "description": _DESCRIPTION,
    }
    published: dict[str, Any] = _published(schema)
    return head | {key: value for key, value in published.items() if key not in head}


def schema_text() -> str:
    """The schema as it lies in docs/report.schema.json."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"


def _published(value: Any) -> Any:
    """Every field required, because all are written; more allowed: the types forbid them only to catch our slips."""
    if isinstance(value, list):
        return [_published(item) for item in value]
    if not isinstance(value, dict):
        return value
    published = {key: _published(item) for key, item in value.items() if (key, item) != ("additionalProperties", False)}
    if value.get("type") == "object" and "properties" in value:
        published["required"] = list(value["properties"])
    return published


if __name__ == "__main__":
    sys.stdout.write(schema_text())
