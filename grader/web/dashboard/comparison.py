"""A report against the one before it: what changed, in a few lines. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from grader.model.outcome import Outcome
from grader.model.report import GradeReport
from grader.report.escape import prose, visible
from grader.report.notation import NOTHING, count, per_axis, percent, points
from grader.report.view.criteria import criteria
from grader.report.view.tries import deciding_run


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was. `tone` is pass where it is better, fail where it is worse, else none."""

    name: str
    before: str
    after: str
    tone: str
    said: str  # the difference, or in words whether it is better


@dataclass(frozen=True)
class Comparison:
    """What changed; `notes` say why two reports may not be comparable."""

    figures: tuple[Change, ...]
    criteria: tuple[Change, ...]
    same: int  # criteria that stand as they stood
    notes: tuple[str, ...]


def compare(before: GradeReport, after: GradeReport) -> Comparison:
    """The report against an earlier one of the same student."""
    notes = []
    if before.rubric.digest != after.rubric.digest:
        notes.append("The rubric has changed in between.")
    if before.provenance.graph_digest and before.provenance.graph_digest == after.provenance.graph_digest:
        notes.append("The network is the same, operation by operation.")
    if before.scope != after.scope:
        notes.append("One of the two was not trained.")
    changed = tuple(_criteria(before, after))
    return Comparison(tuple(_figures(before, after)), changed, len(after.outcomes) - len(changed), tuple(notes))


def _figures(before: GradeReport, after: GradeReport) -> Iterator[Change]:
    old, new = before.score.points, after.score.points
    if old != new:
        yield Change("Points", points(old), points(new), _tone(new - old), _signed(new - old, points(abs(new - old))))
    was, is_ = deciding_run(before.training), deciding_run(after.training)
    if (was and was.best_accuracy) != (is_ and is_.best_accuracy):
        gain = is_.best_accuracy - was.best_accuracy if was and is_ else 0.0
        said = _signed(gain, f"{abs(gain) * 100:.2f} percentage points") if gain else ""
        texts = percent(was.best_accuracy if was else None), percent(is_.best_accuracy if is_ else None)
        yield Change("Best accuracy", *texts, _tone(gain), said)
    sizes = [report.facts.parameters.counted if report.facts else None for report in (before, after)]
    if sizes[0] != sizes[1]:
        more = (sizes[1] or 0) - (sizes[0] or 0) if None not in sizes else 0
        yield Change("Parameters", count(sizes[0]), count(sizes[1]), "none", _signed(more, count(abs(more))))
    fields = [_field(report) for report in (before, after)]
    if fields[0] != fields[1]:
        yield Change("Receptive field", fields[0], fields[1], "none", "")


def _criteria(before: GradeReport, after: GradeReport) -> Iterator[Change]:
    old = {outcome.id: (outcome, row) for outcome, row in _rows(before)}
    for outcome, row in _rows(after):
        earlier = old.get(outcome.id)
        if earlier is None:
            yield Change(prose(outcome.title, 160), NOTHING, row, "none", "new in the rubric")
            continue
        was, was_row = earlier
        if (was.status, was.points) != (outcome.status, outcome.points):
            gain = outcome.points - was.points
            said = _signed(gain, f"{points(abs(gain))} points") if gain else ""
            yield Change(prose(outcome.title, 160), was_row, row, _tone(gain), said)


def _rows(report: GradeReport) -> list[tuple[Outcome, str]]:
    words = {row.id: row.word for row in criteria(report).rows}
    return [(outcome, words.get(visible(outcome.id), str(outcome.status))) for outcome in report.outcomes]


def _field(report: GradeReport) -> str:
    found = report.facts.receptive_field.before_head if report.facts else None
    return NOTHING if found is None else f"{per_axis(found)} px"


def _tone(gain: float) -> str:
    return "pass" if gain > 0 else "fail" if gain < 0 else "none"


def _signed(gain: float, text: str) -> str:
    return "" if not gain else f"+{text}" if gain > 0 else f"−{text}"
