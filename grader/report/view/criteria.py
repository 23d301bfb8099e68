"""The criteria in the order that helps: what blocks the pass first."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.model.outcome import Change, Outcome, SourceLine, Status
from grader.model.report import GradeReport
from grader.report.escape import prose, visible
from grader.report.notation import place, points
from grader.report.view.table import Table, table

MOST_CRITERIA = 60
MOST_PLACES = 8
MOST_LINES = 6
MOST_CHANGES = 5

_WORDS = {
    Status.PASSED: ("Passed", "✓", "pass"),
    Status.FAILED: ("Failed", "✕", "fail"),
    Status.INCONCLUSIVE: ("Inconclusive", "?", "warn"),
    Status.SKIPPED: ("Not checked", "–", "none"),
    Status.ERROR: ("Error on our side", "!", "ours"),
}
_ORDER = {"fail": 0, "ours": 1, "warn": 2, "none": 3, "pass": 5}


@dataclass(frozen=True)
class LineView:
    """A line of the submission, on one line: what can't be seen is shown by its code point."""

    place: str
    text: str


@dataclass(frozen=True)
class ChangeView:
    """A change, and what would come of it."""

    what: str
    effect: str
    basis: str  # how that is known: "measured on the rebuilt graph", or empty
    code: tuple[str, ...]
    place: str
    hinders: str  # what else would not be met, as a sentence; empty where nothing is


@dataclass(frozen=True)
class Criterion:
    """One criterion. `word` and `icon` say the status without colour."""

    id: str
    title: str
    kind: str  # "required", "optional", "bonus"
    word: str
    icon: str
    tone: str
    points: str
    expected: str
    observed: str
    message: str
    fix: str
    places: tuple[str, ...]  # those that no line of `lines` stands at
    lines: tuple[LineView, ...]
    why: str
    changes: tuple[ChangeView, ...]
    changes_heading: str
    open: bool  # needs attention: shown at full length


@dataclass(frozen=True)
class Blocked:
    """Why nothing could be checked, told once instead of under each criterion."""

    problem: str
    fix: str
    places: tuple[str, ...]


def criteria(report: GradeReport) -> Table[Criterion]:
    """Failed required criteria first, then what is open, then what was missed without harm, then what passed."""
    shared = blocked(report) is not None
    rows = [_criterion(outcome, shared) for outcome in report.outcomes]
    return table(sorted(rows, key=_rank), MOST_CRITERIA, lambda row: row)


def blocked(report: GradeReport) -> Blocked | None:
    """The one reason that all criteria share, where the model could not be brought out at all."""
    if report.facts is not None or not report.outcomes:
        return None
    reasons = {(outcome.message, outcome.fix) for outcome in report.outcomes}
    if len(reasons) > 1:
        return None
    first = report.outcomes[0]
    return Blocked(prose(first.message), prose(first.fix), _places(first))


def _criterion(outcome: Outcome, reason_is_told: bool) -> Criterion:
    word, icon, tone = _WORDS[outcome.status]
    required = outcome.kind == "required"
    if outcome.status is Status.FAILED and not required:
        word, icon, tone = "Not earned", "○", "none"
    passed = outcome.status is Status.PASSED
    attend = not passed and not reason_is_told
    return Criterion(
        id=visible(outcome.id),
        title=prose(outcome.title, 160),
        kind=visible(outcome.kind, 20),
        word=word,
        icon=icon,
        tone=tone,
        points=f"{points(outcome.points)} / {points(outcome.max_points)}",
        expected=prose(outcome.expected, 300),
        observed=prose(outcome.observed, 300),
        message="" if reason_is_told else prose(outcome.message),
        fix="" if reason_is_told or passed else prose(outcome.fix),
        places=() if reason_is_told else _places(outcome),
        lines=tuple(map(_line, sorted(outcome.lines[:MOST_LINES], key=_in_file))) if attend else (),
        why=prose(outcome.why, 600) if attend else "",
        changes=tuple(map(_change, outcome.changes[:MOST_CHANGES])) if attend else (),
        changes_heading=_heading(outcome.changes),
        open=attend,
    )


def _places(outcome: Outcome) -> tuple[str, ...]:
    shown = {line.location for line in outcome.lines[:MOST_LINES]}
    return tuple(place(location) for location in outcome.evidence[:MOST_PLACES] if location not in shown)


def _in_file(line: SourceLine) -> tuple[str, int, int]:
    """As the lines stand in the submission."""
    return line.location.file, -1 if line.location.cell is None else line.location.cell, line.location.line or 0


def _line(line: SourceLine) -> LineView:
    return LineView(place(line.location), visible(line.text.strip()))


def _heading(changes: Sequence[Change]) -> str:
    """Only of a graph that was rebuilt it is known that the change mends it."""
    if not all(change.measured for change in changes):
        return "What to do, and what speaks for it"
    return "A change that mends it" if len(changes) == 1 else "Each of these changes mends it"


def _change(change: Change) -> ChangeView:
    titles = [f"“{prose(title, 160)}”" for title in change.hinders[:MOST_LINES]]
    return ChangeView(
        what=prose(change.what),
        effect=prose(change.effect, 600),
        basis="measured on the rebuilt graph" if change.measured else "",
        code=tuple(visible(line) for line in change.code[:MOST_LINES]),
        place=place(change.location) if change.location else "",
        hinders=f"It would be at the expense of {', '.join(titles)}." if titles else "",
    )


def _rank(row: Criterion) -> int:
    return 4 if row.word == "Not earned" else _ORDER[row.tone]
