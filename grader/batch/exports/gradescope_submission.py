"""What Gradescope tells an autograder of a submission: `submission_metadata.json`. Pure; a file of another form is no
reason not to grade.

Source: Gradescope, "Autograder Specifications", "Submission Metadata".
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from grader.model.roster import RosterEntry


@dataclass(frozen=True)
class GradescopeSubmission:
    """Who handed in, and how many points the assignment gives on Gradescope."""

    student: str = "student"
    name: str = ""
    total_points: float | None = None

    @property
    def entry(self) -> RosterEntry:
        """As a row of a roster."""
        return RosterEntry(student=self.student, line=1, name=self.name, repository=".")


def gradescope_submission(text: str) -> GradescopeSubmission:
    """Read the file's text; what is not there, or not of its form, is left at its default."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return GradescopeSubmission()
    users = _at(data, "users")
    users = users if isinstance(users, list) else []
    return GradescopeSubmission(
        student=_joined(users, "email") or _joined(users, "name") or "student",
        name=_joined(users, "name"),
        total_points=_number(_at(_at(data, "assignment"), "total_points")),
    )


def _at(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _joined(users: list[Any], key: str) -> str:
    """Of a group there are several."""
    return ", ".join(str(value) for user in users if (value := _at(user, key)))


def _number(value: Any) -> float | None:
    """ "20.0" and 20 are 20."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
