"""The published JSON Schema of `grader/report/v1`: `python -m grader.report.schema > docs/report.schema.json`."""

import json
import sys
from typing import Any

from pydantic import BaseModel

from grader.model.report import GradeReport

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DESCRIPTION = (
    "A report of grader. Fields may be added to this version; none is removed or changes its meaning. "
    "Epochs and lines are counted from 1, cells of a notebook from 0, accuracies are fractions from 0 to 1."
)


def report_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what `to_json` writes: every field is there; unknown ones are borne by readers."""
    return published_schema(GradeReport, "grader/report/v1", _DESCRIPTION)


def published_schema(written: type[BaseModel], name: str, description: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a type whose fields are all written, under the name that its `schema` field carries."""
    head = {
        "$schema": _DIALECT,
        "$id": f"urn:{name.replace('/', ':')}",
        "title": name,
        "description": description,
    }
    published: dict[str, Any] = _published(written.model_json_schema(by_alias=True, mode="serialization"))
    return head | {key: value for key, value in published.items() if key not in head}


def schema_text() -> str:
    """The schema as it lies in docs/report.schema.json."""
    return as_text(report_schema())


def as_text(schema: dict[str, Any]) -> str:
    """A schema as it lies in docs/."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


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
