"""The JSON Schema of `grader/calibration/v1`: `python -m grader.calibration.schema > docs/calibration.schema.json`."""

import sys
from typing import Any

from grader.model.calibration import Calibration
from grader.report.schema import as_text, published_schema

_DESCRIPTION = (
    "What a rubric's accuracy rule makes of reference models. Fields may be added to this version; none is removed or"
    " changes its meaning. Accuracies, shares and rates are fractions from 0 to 1; epochs are counted from 1."
)


def calibration_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of calibration.json."""
    return published_schema(Calibration, "grader/calibration/v1", _DESCRIPTION)


def schema_text() -> str:
    """The schema as it lies in docs/calibration.schema.json."""
    return as_text(calibration_schema())


if __name__ == "__main__":
    sys.stdout.write(schema_text())
