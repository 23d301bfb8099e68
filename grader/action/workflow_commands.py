"""Workflow commands: lines on stdout that GitHub's runner obeys.

Escaped as `packages/core/src/command.ts` of actions/toolkit does it; the runner undoes exactly that.
"""

import secrets

from grader.report.escape import log_text, prose

_MOST_TITLE = 120  # characters
_MOST_MESSAGE = 3000  # characters; the runner cuts an annotation at 4,096


def annotation(level: str, message: str, *, title: str = "", file: str = "", line: int | None = None) -> str:
    """A line that becomes an annotation: `level` is error, warning or notice, `file` is below the repository's root.

    Whatever the texts hold, it is one line and one command.
    """
    properties = {"file": file, "line": "" if line is None else str(line), "title": prose(title, _MOST_TITLE)}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{level}{' ' if told else ''}{told}::{_data(message)}"


def silence() -> tuple[str, str]:
    """Two lines: after the first the runner obeys nothing until it reads the second, which can't be guessed."""
    word = secrets.token_hex(16)
    return f"::stop-commands::{word}", f"::{word}::"


def _data(text: str) -> str:
    lines = [prose(line, _MOST_MESSAGE) for line in text[: 2 * _MOST_MESSAGE].split("\n")]
    shown = log_text("\n".join(lines))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
