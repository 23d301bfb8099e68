"""Why a model could not be brought out, with the place in the student's source."""

import re
import traceback
from dataclasses import dataclass
from types import TracebackType
from typing import Any

CHUNK = re.compile(r"^<chunk (\d{1,9})>$")
_TRACE_LINE = re.compile(r'File "<chunk (\d{1,9})>", line (\d{1,9})')
_MESSAGE_LIMIT = 2000


def chunk_name(label: int) -> str:
    """The file name that a chunk is compiled under; tracebacks and stack traces carry it."""
    return f"<chunk {label}>"


@dataclass(frozen=True)
class Place:
    """A line in a chunk of the slice; `line` is 1-based in the original."""

    label: int
    line: int

    def as_data(self) -> dict[str, int]:
        """As result.json and graphs.json spell it."""
        return {"label": self.label, "line": self.line}


class ProbeError(Exception):
    """A failure at one stage. `kind` is the name of the exception that the student's code raised, or one of ours."""

    def __init__(self, stage: str, kind: str, message: str, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.stage = stage
        self.kind = kind
        self.message = message[:_MESSAGE_LIMIT]
        self.place = place
        self.hint = hint

    def as_data(self) -> dict[str, Any]:
        """The `error` object of result.json."""
        return {
            "type": self.kind,
            "message": self.message,
            "label": None if self.place is None else self.place.label,
            "line": None if self.place is None else self.place.line,
            "hint": self.hint,
        }


def place_of(error: BaseException) -> Place | None:
    """The innermost line of the slice that an exception passed through, causes included."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        match = CHUNK.match(error.filename)
        if match:
            return Place(int(match.group(1)), error.lineno)
    place = _innermost(error.__traceback__)
    if place is None and error.__cause__ is not None:
        place = place_of(error.__cause__)
    return place


def _innermost(trace: TracebackType | None) -> Place | None:
    place = None
    for frame, line in traceback.walk_tb(trace):
        match = CHUNK.match(frame.f_code.co_filename)
        if match:
            place = Place(int(match.group(1)), line)
    return place


def place_in_trace(stack_trace: str) -> Place | None:
    """The innermost line of the slice in a stack trace that torch recorded for a node."""
    matches = _TRACE_LINE.findall(stack_trace)
    return Place(int(matches[-1][0]), int(matches[-1][1])) if matches else None


def summary(error: BaseException) -> str:
    """The exception's message without torch's long explanations; its class name where it has none."""
    if isinstance(error, RecursionError):
        return "the code calls itself without end"
    if isinstance(error, SystemExit):
        return "the code ends the program (SystemExit)"
    text = str(error).strip()
    paragraph = text.split("\n\n")[0].strip()
    return paragraph or type(error).__name__
