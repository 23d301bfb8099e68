"""The changes that mend each failed criterion, with what they come to: rebuilt, measured, judged by the same checks."""

from collections.abc import Callable, Mapping
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
_MOST_NODES = 600  # of a graph: what is larger takes seconds to measure
_MOST_PARAMETERS = 20_000_000  # are drawn anew each time

_PROPOSE: Mapping[str, Propose] = {
    "parameters": fewer_parameters,
    "receptive_field": wider_field,
    "batch_norm": more_batch_norms,
    "dropout": more_dropout,
    "head": other_head,
}


def propose(
    rubric: Rubric, export: Export, facts: Facts, made_at: Callable[[], Mapping[str, Location]]
) -> dict[str, tuple[Change, ...]]:
    """Changes by the id of the failed criterion they mend, the best first; nothing where none was found.

    `made_at` gives the line that makes each layer, by module path; it is asked only where something failed. A change
    that another criterion would not survive says so and stands last. Never raises: advice is no part of the grade.
    """
    if max(len(export.graphs.train.nodes), len(export.graphs.eval.nodes)) > _MOST_NODES:
        return {}
    if facts.parameters.total > _MOST_PARAMETERS:
        return {}
    now = statuses(rubric, facts)
    failed = [one for one in resolve_all(rubric) if now.get(one[0].id) is Status.FAILED]
    if not failed:
        return {}
    try:
        looked = look_at(export, made_at())
    except Exception:  # whatever is odd about the graph: the grade stands without advice
        return {}
    found = {}
    for criterion, check, asked in failed:
        if check.name in _PROPOSE:
            changes = _changes(_PROPOSE[check.name], criterion, Case(looked, facts, asked), rubric, now)
            if changes:
                found[criterion.id] = changes
    return found


def _changes(
    options: Propose, criterion: Criterion, case: Case, rubric: Rubric, now: Mapping[str, Status]
) -> tuple[Change, ...]:
    found: list[Change] = []
    with suppress(Exception):  # as above: what was found before it holds
        for option in islice(options(case), _MOST_MEASURED):
            change = _tried(option, criterion, case, rubric, now)
            found += [change] if change else []
            if sum(not one.hinders for one in found) >= MOST_CHANGES:
                break
    return tuple(sorted(found, key=lambda change: len(change.hinders))[:MOST_CHANGES])


def _tried(
    option: Option, criterion: Criterion, case: Case, rubric: Rubric, now: Mapping[str, Status]
) -> Change | None:
    after = remeasured(option.draft.export(), case.facts)
    if after is None:
        return None
    then = statuses(rubric, after)
    if then[criterion.id] is not Status.PASSED:
        return None
    costs = after.parameters.counted > case.facts.parameters.counted
    lost = [
        one
        for one in rubric.criteria
        if one.id in now
        and then[one.id] is not Status.PASSED
        and (now[one.id] is Status.PASSED or (one.check == "parameters" and costs))
    ]
    return Change(
        what=option.what,
        effect=effect(criterion.check, case.facts, after, case.asked),
        measured=True,
        code=option.code,
        location=option.location,
        hinders=tuple(one.title for one in lost),
    )
