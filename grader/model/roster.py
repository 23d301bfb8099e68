"""Who is graded, and where their work lies: a roster, read from whatever table the course has."""

from typing import Literal

from grader.model.base import Frozen

RosterKind = Literal["grader", "github-classroom", "classroom50", "canvas"]


class RosterEntry(Frozen):
    """One student. `student` is unique in a roster; `columns` keeps all cells of the row under their plain names."""

    student: str
    line: int  # 1-based, in the roster's file
    name: str = ""
    repository: str | None = None  # None: there is nothing to grade, and `missing` says why
    missing: str = ""
    path: str | None = None
    ref: str | None = None
    model: str | None = None
    recipe: str | None = None
    excused: bool = False
    columns: dict[str, str] = {}  # plain column name -> cell, without surrounding spaces


class RosterProblem(Frozen):
    """What is wrong with a line. An error stops a run before it begins; a warning does not."""

    line: int  # 1-based; 1 for the header
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class Roster(Frozen):
    """The students in the order of the file, and everything that is wrong with it."""

    kind: RosterKind
    entries: tuple[RosterEntry, ...]
    problems: tuple[RosterProblem, ...] = ()

    @property
    def errors(self) -> tuple[RosterProblem, ...]:
        """What has to be mended before a run."""
        return tuple(problem for problem in self.problems if problem.severity == "error")
