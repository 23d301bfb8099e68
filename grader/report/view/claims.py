"""What the submission says about itself, beside what was measured: contradicted claims first."""

from collections.abc import Iterable
from dataclasses import dataclass

from grader.analysis.claims.wording import claimed
from grader.model.claims import CheckedClaim, Verdict
from grader.model.report import GradeReport
from grader.report.escape import prose
from grader.report.notation import NOTHING, place
from grader.report.view.table import Table, table

MOST_CLAIMS = 60
MOST_PLACES = 6
_ALWAYS_OPEN = 6  # confirmed claims; more are folded
_WORDS: dict[Verdict, tuple[str, str, str]] = {
    "contradicted": ("Contradicted", "✕", "fail"),
    "ambiguous": ("Ambiguous", "?", "warn"),
    "confirmed": ("Confirmed", "✓", "pass"),
    "not_checkable": ("Not checkable", "–", "none"),
}


@dataclass(frozen=True)
class ClaimView:
    """One statement, wherever it stands. `first` is one of its claims, for the mark that is drawn of it."""

    word: str
    icon: str
    tone: str
    claimed: str
    text: str  # in the submission's own words
    places: tuple[str, ...]
    more_places: int
    measured: str
    explanation: str
    first: CheckedClaim


@dataclass(frozen=True)
class FoldedClaims:
    """Claims that nobody needs to look at, under one heading."""

    title: str
    rows: Table[ClaimView]


@dataclass(frozen=True)
class ClaimsView:
    """The section. `summary` counts the claims by verdict, whether shown or folded."""

    summary: str
    graded: bool  # whether a criterion gives points for it
    open: Table[ClaimView]
    folded: tuple[FoldedClaims, ...]
    notes: Table[str]

    @property
    def has_figures(self) -> bool:
        """Whether any row is drawn, so that the marks need a key."""
        rows = [*self.open.rows, *(row for part in self.folded for row in part.rows.rows)]
        return any(row.first.measured_value is not None for row in rows)


def claims_view(report: GradeReport) -> ClaimsView | None:
    """None where the submission says nothing and nothing was amiss."""
    claims = report.claims
    if not claims.checked and not claims.notes:
        return None
    by_verdict: dict[Verdict, list[list[CheckedClaim]]] = {verdict: [] for verdict in _WORDS}
    for group in _same(claims.checked):
        by_verdict[group[0].verdict].append(group)
    shown = by_verdict["contradicted"] + by_verdict["ambiguous"]
    folded = []
    for verdict in ("confirmed", "not_checkable"):
        groups = by_verdict[verdict]
        if verdict == "confirmed" and len(groups) <= _ALWAYS_OPEN:
            shown += groups
        elif groups:
            folded.append(FoldedClaims(f"{_WORDS[verdict][0]} ({len(groups)})", table(groups, MOST_CLAIMS, _row)))
    return ClaimsView(
        summary=_summary(claims.checked),
        graded=any(outcome.check == "claims" for outcome in report.outcomes),
        open=table(shown, MOST_CLAIMS, _row),
        folded=tuple(folded),
        notes=table(claims.notes, MOST_PLACES, lambda note: prose(note, 300)),
    )


def _summary(checked: Iterable[CheckedClaim]) -> str:
    """ "3 confirmed, 1 contradicted, 2 not checkable"."""
    verdicts = [one.verdict for one in checked]
    order: tuple[Verdict, ...] = ("confirmed", "contradicted", "ambiguous", "not_checkable")
    counts = [f"{verdicts.count(verdict)} {_WORDS[verdict][0].lower()}" for verdict in order if verdict in verdicts]
    return ", ".join(counts) or "none found"


def _same(checked: Iterable[CheckedClaim]) -> list[list[CheckedClaim]]:
    """A notebook prints the same figure in every other cell: equal statements with equal answers are one row."""
    groups: dict[tuple[str, ...], list[CheckedClaim]] = {}
    for one in checked:
        key = (one.verdict, claimed(one.claim.statement), one.measured, one.explanation)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _row(group: list[CheckedClaim]) -> ClaimView:
    first = group[0]
    word, icon, tone = _WORDS[first.verdict]
    places = tuple(dict.fromkeys(place(one.claim.location) for one in group))
    return ClaimView(
        word=word,
        icon=icon,
        tone=tone,
        claimed=prose(claimed(first.claim.statement), 160),
        text=prose(first.claim.text, 160),
        places=places[:MOST_PLACES],
        more_places=max(len(places) - MOST_PLACES, 0),
        measured=prose(first.measured, 160) or NOTHING,
        explanation=prose(first.explanation, 600),
        first=first,
    )
