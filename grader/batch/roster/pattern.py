"""`--repo-pattern 'https://host/org/mnist-{github_username}'`: a repository's address from a student's columns."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import quote

from grader.errors import UsageError

_FIELD = re.compile(r"\{([^{}]*)\}")


def require_pattern(pattern: str, names: Collection[str]) -> None:
    """Raise UsageError unless every {column} of the pattern is a column of the roster, and there is one at all."""
    fields = _FIELD.findall(pattern)
    rest = _FIELD.sub("", pattern)
    if not fields or "{" in rest or "}" in rest:
        raise UsageError(
            f"--repo-pattern {pattern!r} holds no column to fill in.", mend="Write one in braces, as {github_username}."
        )
    for field in fields:
        if field not in names:
            known = ", ".join(f"{{{name}}}" for name in names if name)
            raise UsageError(
                f"--repo-pattern names {{{field}}}, which is no column of the roster.", mend=f"It has {known}."
            )


def filled(pattern: str, columns: Mapping[str, str]) -> str | None:
    """The pattern with a student's cells, percent-encoded so that a cell stays one segment; None for an empty cell."""
    if not all(columns.get(field) for field in _FIELD.findall(pattern)):
        return None
    return _FIELD.sub(lambda found: _segment(columns[found[1]]), pattern)


def _segment(cell: str) -> str:
    encoded = quote(cell, safe="-._~@+")
    return encoded.replace(".", "%2E") if encoded.strip(".") == "" else encoded  # never "." or ".."
