"""The tables that courses have, known by their columns.

Sources: the "Download roster" button of GitHub Classroom; the `roster.csv` of Classroom 50; the gradebook export of
Canvas LMS; our own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from grader.model.roster import RosterKind


@dataclass(frozen=True)
class Kind:
    """How one kind of table names things. `account` is the column that a student must have before there is work."""

    kind: RosterKind
    needs: frozenset[str]  # columns that tell it from the others
    student: tuple[str, ...]  # the first of these that is not empty identifies a student
    name: tuple[str, ...]  # joined with a space
    account: str = ""


KINDS = (
    Kind("grader", frozenset({"student"}), ("student",), ("name",)),
    Kind(
        "github-classroom",
        frozenset({"identifier", "github_username"}),
        ("identifier", "github_username"),
        ("name",),
        account="github_username",
    ),
    Kind(
        "classroom50",
        frozenset({"username", "first_name", "last_name"}),
        ("username", "email"),
        ("first_name", "last_name"),
        account="username",
    ),
    Kind("canvas", frozenset({"student", "id", "sis_login_id"}), ("sis_login_id", "sis_user_id", "id"), ("student",)),
)


def kind_of(names: tuple[str, ...]) -> Kind | None:
    """The most special kind whose columns are all there; None where there is none."""
    fitting = [kind for kind in KINDS if kind.needs <= set(names)]
    return max(fitting, key=lambda kind: len(kind.needs), default=None)


def is_student(kind: Kind, columns: Mapping[str, str]) -> bool:
    """Whether a row is a student: Canvas adds a row of points and a test student, Classroom 50 lists teachers."""
    if kind.kind == "canvas":
        return columns["student"] not in ("Points Possible", "Student, Test") and bool(columns["id"])
    if kind.kind == "classroom50":
        return columns.get("role", "").lower() in ("", "student")
    return True
