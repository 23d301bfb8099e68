"""`calibration.json` and `calibration.html` in a folder, and the JSON read back."""

import json
from pathlib import Path

from pydantic import ValidationError

from grader.calibration.html import to_html
from grader.errors import UsageError
from grader.model.calibration import Calibration
from grader.report.write import write_texts

JSON, HTML = "calibration.json", "calibration.html"


def write_calibration(calibration: Calibration, folder: Path) -> None:
    """Write both files or none; raises as `grader.report.write.write_report` does."""
    write_texts(folder, {JSON: to_json(calibration), HTML: to_html(calibration)})


def to_json(calibration: Calibration) -> str:
    """By its published names, in ASCII, two spaces deep, ending in a newline."""
    return json.dumps(calibration.model_dump(mode="json", by_alias=True), indent=2, allow_nan=False) + "\n"


def from_json(text: str) -> Calibration:
    """Read it back. Raises UsageError when it is not a `grader/calibration/v1`."""
    try:
        return Calibration.model_validate_json(text)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        at = f" at {where}" if where else ""
        raise UsageError(f"The calibration breaks grader/calibration/v1{at}: {first['msg']}.") from None
