"""Which criteria fail most."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.batch.results.assignment import Assignment
from grader.model.outcome import Status
from grader.model.result import ResultRow
from grader.report.escape import prose, visible
from grader.report.notation import count

_OPEN = (Status.INCONCLUSIVE, Status.ERROR, Status.SKIPPED)


@dataclass(frozen=True)
class CriterionShare:
    """One criterion over the class. The three numbers sum to `judged`."""

    identity: str
    title: str
    kind: str
    tag: str
    missed: int
    undecided: int
    met: int
    said: str

    @property
    def judged(self) -> int:
        """Over how many submissions."""
        return self.missed + self.undecided + self.met


def tags_of(assignment: Assignment) -> dict[str, str]:
    """A tag that is safe anywhere for each criterion's id."""
    return {criterion.id: f"criterion-{index}" for index, criterion in enumerate(assignment.rubric.criteria)}


def criterion_shares(
    rows: Sequence[ResultRow], assignment: Assignment, tags: Mapping[str, str]
) -> tuple[CriterionShare, ...]:
    """The one that fails most first; those that nobody was judged by are left out."""
    found = Counter((line.id, _kind(line.status)) for row in rows for line in row.criteria)
    shares = []
    for criterion in assignment.rubric.criteria:
        missed, undecided, met = (found[criterion.id, kind] for kind in ("missed", "undecided", "met"))
        judged = missed + undecided + met
        if judged:
            shares.append(
                CriterionShare(
                    identity=visible(criterion.id, 64),
                    title=prose(criterion.title, 120),
                    kind="" if criterion.kind == "required" else criterion.kind,
                    tag=tags[criterion.id],
                    missed=missed,
                    undecided=undecided,
                    met=met,
                    said=_said(missed, undecided, judged),
                )
            )
    return tuple(sorted(shares, key=lambda share: (-share.missed / share.judged, -share.undecided / share.judged)))


def _kind(status: Status) -> str:
    if status is Status.FAILED:
        return "missed"
    return "undecided" if status in _OPEN else "met"


def _said(missed: int, undecided: int, judged: int) -> str:
    share = f"{missed / judged * 100:.0f} %" if missed in (0, judged) else f"{_inner(missed / judged):.0f} %"
    open_ones = f", {count(undecided)} undecided" if undecided else ""
    return f"{count(missed)} of {count(judged)} did not meet it ({share}){open_ones}"


def _inner(share: float) -> float:
    """Percent, never rounded to none or all."""
    return min(max(share * 100, 1), 99)
