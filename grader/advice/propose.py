"""The changes that mend each failed criterion, with what they come to: rebuilt, measured, judged by the same checks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice

from grader.advice.added_layers import more_batch_norms, more_dropout
from grader.advice.effect import effect
from grader.advice.fewer_parameters import fewer_parameters
from grader.advice.option import Case, Option, Propose
from grader.advice.other_head import other_head
from grader.advice.survey import look_at
from grader.advice.trial import remeasured, statuses
from grader.advice.wider_field import wider_field
from grader.checks.validate import resolve_all
from grader.model.facts import Facts
from grader.model.graph import Export
from grader.model.outcome import Change, Status
from grader.model.rubric import Criterion, Rubric
from grader.model.submission import Location

MOST_CHANGES = 3
_MOST_MEASURED = 10  # of one criterion; each takes as long as measuring the submission did
_MOST_NODES = 250  # of a graph: what is larger takes seconds to measure
_ALL_NODES = 4_000  # of all graphs that are measured for one report
_MOST_PARAMETERS = 20_000_000  # are drawn anew each time

_PROPOSE: Mapping[str, Propose] = {
    "parameters": fewer_parameters,
    "receptive_field": wider_field,
    "batch_norm": more_batch_norms,
    "dropout": more_dropout,
    "head": other_head,
}


def propose(
    rubric: Rubric,
    export: Export,
    facts: Facts,
    made_at: Callable[[], Mapping[str, Location]],
    goes_on: Callable[[], bool] = lambda: True,
) -> dict[str, tuple[Change, ...]]:
    """Changes by the id of the failed criterion they mend, the best first; nothing where none was found.

    `made_at` gives the line that makes each layer, by module path; it is asked only where something failed. A change
    that another criterion would not survive says so and stands last. `goes_on` is asked before each graph is measured,
    and ends the search. Never raises: advice is no part of the grade.
    """
    nodes = max(len(export.graphs.train.nodes), len(export.graphs.eval.nodes), 1)
    if nodes > _MOST_NODES or facts.parameters.total > _MOST_PARAMETERS:
        return {}
    now = statuses(rubric, facts)
    failed = [one for one in resolve_all(rubric) if now.get(one[0].id) is Status.FAILED]
    if not failed:
        return {}
    try:
        looked = look_at(export, made_at())
    except Exception:  # whatever is odd about the graph: the grade stands without advice
        return {}
    search = _Search(rubric, now, goes_on, _ALL_NODES // nodes)
    found = {criterion.id: search.changes(criterion, Case(looked, facts, asked)) for criterion, _, asked in failed}
    return {name: changes for name, changes in found.items() if changes}


class _Search:
    """Tries options for one criterion after the other, as long as it may. `now`: what each criterion comes to."""

    def __init__(self, rubric: Rubric, now: Mapping[str, Status], goes_on: Callable[[], bool], most: int) -> None:
        self._rubric, self._now, self._goes_on, self._left = rubric, now, goes_on, most

    def changes(self, criterion: Criterion, case: Case) -> tuple[Change, ...]:
        """The options that mend the criterion, those that cost no other one first."""
        found: list[Change] = []
        with suppress(Exception):  # as above; what was found before it holds
            for option in islice(_PROPOSE[criterion.check](case), _MOST_MEASURED):
                if self._left == 0 or not self._goes_on():
                    break
                self._left -= 1
                change = self._tried(option, criterion, case)
                found += [change] if change else []
                if sum(not one.hinders for one in found) >= MOST_CHANGES:
                    break
        return tuple(sorted(found, key=lambda change: len(change.hinders))[:MOST_CHANGES])

    def _tried(self, option: Option, criterion: Criterion, case: Case) -> Change | None:
        after = remeasured(option.draft.export(), case.facts)
        if after is None:
            return None
        then = statuses(self._rubric, after)
        if then[criterion.id] is not Status.PASSED:
            return None
        return Change(
            what=option.what,
            effect=effect(criterion.check, case.facts, after, case.asked),
            measured=True,
            code=option.code,
            location=option.location,
            hinders=tuple(self._hindered(then, after.parameters.counted > case.facts.parameters.counted)),
        )

    def _hindered(self, then: Mapping[str, Status], costs: bool) -> Iterator[str]:
        """Criteria that would no longer be met; the limit of parameters also where it would be missed by more."""
        for one in self._rubric.criteria:
            missed = one.id in then and then[one.id] is not Status.PASSED
            if missed and (self._now[one.id] is Status.PASSED or (one.check == "parameters" and costs)):
                yield one.title
