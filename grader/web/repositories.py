"""Whose repository is it: from `owner/name` to an assignment and a student. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from grader.model.roster import RosterEntry
from grader.model.rubric import Rubric
from grader.web.configuration import Assignment

# Columns that hold a login on the forge, in the plain names of `grader.batch.roster.table`.
LOGIN_COLUMNS = ("github_username", "github_login", "github", "login", "username", "account")


@dataclass(frozen=True)
class Identity:
    """A student. `login` is lower case, "" where nobody knows it; `entry` is the student's line in the roster."""

    student: str
    login: str
    entry: RosterEntry | None = None


@dataclass(frozen=True)
class Course:
    """One assignment with what its configuration names. Repositories are "owner/name" in lower case."""

    assignment: Assignment
    rubric: Rubric
    entries: tuple[RosterEntry, ...] = ()
    by_repository: Mapping[str, RosterEntry] = field(default_factory=dict)
    by_login: Mapping[str, RosterEntry] = field(default_factory=dict)

    def holds(self, repository: str) -> bool:
        """Whether a repository belongs to the assignment."""
        return repository in self.by_repository or any(True for _ in self._matches(repository))

    def owner_of(self, repository: str) -> Identity:
        """The student whose repository it is: as the roster says, else whom the pattern's * stands for."""
        within = next((found for found in self._matches(repository) if found), "")
        entry = self.by_repository.get(repository) or self.by_login.get(within)
        if entry is None:
            return Identity(within or repository, within)
        return Identity(entry.student, login_of(entry) or within, entry)

    def author(self, login: str) -> Identity:
        """The student with that login, who handed in from a fork."""
        entry = self.by_login.get(login.lower())
        return Identity(entry.student if entry else login, login.lower(), entry)

    def _matches(self, repository: str) -> Iterator[str]:
        """What the * of each pattern that fits stands for; "" where it has none."""
        for pattern in self.assignment.repositories:
            parts = [re.escape(part) for part in pattern.lower().split("*")]
            if found := re.fullmatch("([a-z0-9_.-]+)".join(parts), repository):
                yield found[1] if len(parts) == 2 else ""


def course_of(assignment: Assignment, rubric: Rubric, entries: Iterable[RosterEntry], clone_url: str) -> Course:
    """An assignment with its students; `clone_url` is the forge's address, which their repositories begin with."""
    entries = tuple(entries)
    placed = {place: entry for entry in entries if (place := repository_of(entry.repository or "", clone_url))}
    named = {login: entry for entry in entries if (login := login_of(entry))}
    return Course(assignment, rubric, entries, placed, named)


def repository_of(url: str, clone_url: str) -> str:
    """ "owner/name" in lower case of a repository on the forge; "" of any other address."""
    where = re.escape(clone_url.lower())
    found = re.fullmatch(rf"{where}/([a-z0-9_.-]+/[a-z0-9_.-]+?)(?:\.git)?/?", url.lower())
    return found[1] if found else ""


def login_of(entry: RosterEntry) -> str:
    """The login on the forge that a line of the roster names, in lower case."""
    return next((entry.columns[name].lower() for name in LOGIN_COLUMNS if entry.columns.get(name)), "")
