"""The files through which a step tells GitHub's runner its outputs and its part of the job's summary.

Source: GitHub, "Workflow commands", "Setting an output parameter" and "Adding a job summary".
"""

import secrets
from collections.abc import Mapping
from pathlib import Path

from grader.errors import GraderError


def outputs_text(outputs: Mapping[str, str]) -> str:
    """Lines for GITHUB_OUTPUT. No value can end its own entry: the delimiter can't be guessed."""
    end = f"end-{secrets.token_hex(16)}"
    return "".join(f"{name}<<{end}\n{value}\n{end}\n" for name, value in outputs.items())


def append(file: Path | None, text: str) -> None:
    """Add to a file of the runner's; nothing where the runner names none. Raises GraderError where that fails."""
    if file is None:
        return
    try:
        with file.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as problem:
        raise GraderError(f"The runner's file {file} can't be written: {problem.strerror or problem}.") from None
