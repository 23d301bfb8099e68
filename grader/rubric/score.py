"""From outcomes to a verdict, points and one sentence that says why."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from grader.model.outcome import Outcome, Status
from grader.model.report import Score
from grader.model.rubric import Rubric

Scope = Literal["static", "full"]
Verdict = Literal["pass", "fail", "inconclusive", "error"]

_OPEN = (Status.INCONCLUSIVE, Status.SKIPPED)


class Scored(NamedTuple):
    """What the outcomes come to."""

    verdict: Verdict
    score: Score
    summary: str


def score(rubric: Rubric, outcomes: Sequence[Outcome], scope: Scope) -> Scored:
    """Verdict, points and summary. `outcomes` holds the criteria in scope: static leaves the training ones out.

    An error anywhere makes the report not final. Else one failed required criterion fails the submission, and one
    that could not be decided leaves it inconclusive. Bonus points come on top of `max_points`.
    """
    required = [outcome for outcome in outcomes if outcome.kind == "required"]
    errors = [outcome for outcome in outcomes if outcome.status is Status.ERROR]
    failed = [outcome for outcome in required if outcome.status is Status.FAILED]
    undecided = [outcome for outcome in required if outcome.status in _OPEN]
    points = Score(
        points=_sum(outcome.points for outcome in outcomes),
        max_points=_sum(outcome.max_points for outcome in outcomes if outcome.kind != "bonus"),
    )
    earned = f"{_number(points.points)} of {_number(points.max_points)} points"
    if scope == "static" and len(outcomes) < len(rubric.criteria):
        earned += " without retraining"
    if errors:
        return Scored("error", points, f"Not final, no grade: grader itself failed at {_titles(errors)}.")
    if failed:
        return Scored("fail", points, f"Not met: {_titles(failed)}; {earned}.")
    if undecided:
        return Scored("inconclusive", points, f"Could not be decided: {_titles(undecided)}; {earned} so far.")
    if not required:
        return Scored("inconclusive", points, f"No required criterion could be checked; {earned}.")
    all_met = f"All {len(required)} required criteria are met" if len(required) > 1 else f"Met: {_titles(required)}"
    return Scored("pass", points, f"{all_met}; {earned}.")


def _titles(outcomes: Iterable[Outcome]) -> str:
    titles = [f"“{outcome.title}”" for outcome in outcomes]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def _sum(values: Iterable[float]) -> float:
    return round(math.fsum(values), 6)


def _number(value: float) -> str:
    return f"{value:g}"
