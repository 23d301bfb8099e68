"""`grader/report/v1` as JSON text, and back."""

import json
import math
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from grader.errors import GraderError, UsageError
from grader.model.report import GradeReport
from grader.report.escape import LOG_COMMAND, is_unsafe

_MOST_CHARACTERS = 64 * 2**20


def to_json(report: GradeReport) -> str:
    """The report by its published names ("schema", "class"), two spaces deep, UTF-8 safe, ending in a newline.

    Invisible and direction-changing characters are written as JSON escapes, and so is what a CI service would obey in
    a log, so that the text is safe to print; a lone surrogate, which no UTF-8 file can hold, is shown as ⟪U+DC80⟫.
    Raises GraderError when a figure is not finite.
    """
    data = report.model_dump(mode="python", by_alias=True)
    for path in _not_finite(data):
        raise GraderError(
            f"The report holds a figure that is not a finite number, at {path}; it was not written.",
            mend="Please report this as a bug in grader.",
        )
    data = report.model_dump(mode="json", by_alias=True)
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    if not text.isascii() or "\x7f" in text:
        text = "".join(_escaped(character) for character in text)
    return LOG_COMMAND.sub(r"\\u0023", text) + "\n"


def from_json(text: str) -> GradeReport:
    """Read a report back, for scoring it again. Raises UsageError when it is not a `grader/report/v1`."""
    if len(text) > _MOST_CHARACTERS:
        raise UsageError("The report is larger than 64 MiB and was not read.")
    try:
        data = json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"The report is not JSON: {problem}.") from None
    if not isinstance(data, dict) or data.get("schema") != "grader/report/v1":
        raise UsageError('The file is not a report: it lacks "schema": "grader/report/v1".')
    try:
        return GradeReport.model_validate(data)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"The report breaks grader/report/v1 at {where}: {first['msg']}.") from None


def _not_finite(value: Any, path: str = "$") -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _not_finite(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _not_finite(item, f"{path}[{index}]")


def _escaped(character: str) -> str:
    """Only inside strings can such a character stand in JSON text, so an escape is always right."""
    if character.isascii() and character != "\x7f":
        return character
    if "\ud800" <= character <= "\udfff":
        return f"⟪U+{ord(character):04X}⟫"
    return json.dumps(character)[1:-1] if character == "\x7f" or is_unsafe(character) else character


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return data
