"""The criteria in the order that helps: what blocks the pass first."""

from dataclasses import dataclass

from grader.model.outcome import Outcome, Status
from grader.model.report import GradeReport
from grader.report.escape import prose, visible
from grader.report.notation import place, points
from grader.report.view.table import Table, table

MOST_CRITERIA = 60
MOST_PLACES = 8

_WORDS = {
    Status.PASSED: ("Passed", "✓", "pass"),
    Status.FAILED: ("Failed", "✕", "fail"),
    Status.INCONCLUSIVE: ("Inconclusive", "?", "warn"),
    Status.SKIPPED: ("Not checked", "–", "none"),
    Status.ERROR: ("Error on our side", "!", "ours"),
}
_ORDER = {"fail": 0, "ours": 1, "warn": 2, "none": 3, "pass": 5}


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
    places: tuple[str, ...]
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
        open=not passed and not reason_is_told,
    )


def _places(outcome: Outcome) -> tuple[str, ...]:
    return tuple(place(location) for location in outcome.evidence[:MOST_PLACES])


def _rank(row: Criterion) -> int:
    return 4 if row.word == "Not earned" else _ORDER[row.tone]
