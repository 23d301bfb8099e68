"""From a roster's bytes to its students, with everything that is wrong named by its line. Nothing is fetched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grader.batch.roster.kinds import Kind, is_student, kind_of
from grader.batch.roster.pattern import filled, require_pattern
from grader.batch.roster.table import Row, Table, plain_name, read_table
from grader.errors import UsageError
from grader.intake.git import inner_path
from grader.intake.git_remote import require_reference
from grader.intake.git_source import parse, printable, redact
from grader.model.roster import Roster, RosterEntry, RosterProblem

_REPOSITORY = ("repository", "repo", "repository_url", "student_repository_url", "url")
_YES = frozenset({"yes", "true", "1", "x", "ex", "excused"})


def read_roster(content: bytes, *, repo_pattern: str | None = None) -> Roster:
    """Read a roster in any of the known forms.

    `repo_pattern` gives a repository to those whose row names none. Raises UsageError where the whole file is unusable:
    no table, no known columns, no way to a repository; what is wrong with single rows is in `problems`.
    """
    table = read_table(content)
    kind = _kind(table)
    if repo_pattern is not None:
        require_pattern(repo_pattern, table.names)
    elif not set(_REPOSITORY) & set(table.names):
        columns = ", ".join(f"{{{name}}}" for name in table.names if name)
        raise UsageError(
            "The roster has no column `repository`.",
            mend=f"Add one, or say --repo-pattern 'https://HOST/ORG/NAME-{{…}}' with one of its columns: {columns}.",
        )
    reading = _Reading(kind, repo_pattern)
    reading.problems += _repeated_columns(table)
    for row in table.rows:
        reading.take(table, row)
    if not reading.entries:
        raise UsageError("The roster names no student.")
    problems = sorted(reading.problems, key=lambda problem: problem.line)
    return Roster(kind=kind.kind, entries=tuple(reading.entries), problems=tuple(problems))


def _kind(table: Table) -> Kind:
    kind = kind_of(table.names)
    if kind is None:
        shown = ", ".join(printable(cell) for cell in table.header.cells[:10])
        raise UsageError(
            f"The roster's first line names no columns that are known: {shown}.",
            mend="It must hold `student`, or be the export of GitHub Classroom, Classroom 50 or Canvas.",
        )
    return kind


def _repeated_columns(table: Table) -> Iterator[RosterProblem]:
    for name in dict.fromkeys(name for name in table.names if name and table.names.count(name) > 1):
        yield RosterProblem(line=table.header.line, message=f"the column {name!r} appears twice; the first counts")


@dataclass
class _Reading:
    """What was read so far."""

    kind: Kind
    repo_pattern: str | None
    entries: list[RosterEntry] = field(default_factory=list)
    problems: list[RosterProblem] = field(default_factory=list)
    _students: dict[str, int] = field(default_factory=dict)  # folded identifier -> line
    _repositories: dict[tuple[str, ...], int] = field(default_factory=dict)

    def take(self, table: Table, row: Row) -> None:
        """Read one row, noting what is wrong with it."""
        if len(row.cells) > len(table.names):
            self._note(row, f"it has {len(row.cells)} cells, the header {len(table.names)}; is a comma not quoted?")
            return
        cells = row.cells + ("",) * (len(table.names) - len(row.cells))
        columns = dict(zip(reversed(table.names), reversed(cells), strict=True))  # of a repeated column, the first
        columns.pop("", None)
        if not is_student(self.kind, columns):
            return
        student = next((columns[name] for name in self.kind.student if columns.get(name)), "")
        if not student:
            self._note(row, f"there is no {' or '.join(self.kind.student)}")
            return
        first = self._students.setdefault(student.casefold(), row.line)
        if first != row.line:
            self._note(row, f"{printable(student)} is already on line {first}")
            return
        self.entries.append(self._entry(row, student, columns))

    def _entry(self, row: Row, student: str, columns: Mapping[str, str]) -> RosterEntry:
        repository, missing = self._repository(row, columns)
        path = columns.get("path") or None
        ref = columns.get("ref") or None
        try:
            require_reference(ref)
        except UsageError:
            self._note(row, f"{printable(ref or '')!r} is not a branch, tag or commit")
        try:
            inner_path(path or "")
        except UsageError:
            self._note(row, f"the path {printable(path or '')!r} leads out of the repository")
        if repository is not None:
            key = (repository, path or "", ref or "", columns.get("model", ""))
            first = self._repositories.setdefault(key, row.line)
            if first != row.line:
                self._note(row, f"the repository is that of line {first}, too", warning=True)
        return RosterEntry(
            student=student,
            line=row.line,
            name=" ".join(columns[part] for part in self.kind.name if columns.get(part)),
            repository=repository,
            missing=missing,
            path=path,
            ref=ref,
            model=columns.get("model") or None,
            recipe=columns.get("recipe") or None,
            excused=plain_name(columns.get("excused", "")) in _YES,
            columns=dict(columns),
        )

    def _repository(self, row: Row, columns: Mapping[str, str]) -> tuple[str | None, str]:
        """The repository, or why there is none."""
        repository = next((columns[name] for name in _REPOSITORY if columns.get(name)), None)
        if repository is None and self.kind.account and not columns.get(self.kind.account):
            missing = f"no {self.kind.account} is known yet"
        elif repository is None and self.repo_pattern is not None:
            repository = filled(self.repo_pattern, columns)
            missing = "" if repository else "a column that --repo-pattern needs is empty"
        else:
            missing = "" if repository else "no repository is named"
        if repository is None:
            self._note(row, missing, warning=True)
            return None, missing
        try:
            parse(repository)
        except UsageError as problem:
            self._note(row, redact(str(problem)))
        return repository, ""

    def _note(self, row: Row, message: str, *, warning: bool = False) -> None:
        self.problems.append(RosterProblem(line=row.line, message=message, severity="warning" if warning else "error"))
