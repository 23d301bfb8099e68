"""`--model FILE[:CELL]:CLASS[@LINE]`."""

import posixpath
import re
from dataclasses import dataclass

from grader.errors import UsageError

_SPEC = re.compile(r"(?P<file>.+?)(?::(?P<cell>\d+))?:(?P<name>[^\W\d]\w*)(?:@(?P<line>\d+))?", re.DOTALL)


@dataclass(frozen=True)
class ModelSpec:
    """The definition that a person named. `cell` is 0-based over all cells, `line` 1-based in file or cell."""

    file: str
    cell: int | None
    name: str
    line: int | None


def parse_model_spec(text: str) -> ModelSpec:
    """Read `FILE[:CELL]:CLASS[@LINE]`. Raises UsageError."""
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{text!r} does not name a model.",
            mend="Write FILE:CLASS, for example model.py:Net or solution.ipynb:12:Net@3 (cell 12, line 3).",
        )
    cell, line = match["cell"], match["line"]
    file = posixpath.normpath(match["file"].replace("\\", "/"))
    return ModelSpec(file, int(cell) if cell else None, match["name"], int(line) if line else None)
