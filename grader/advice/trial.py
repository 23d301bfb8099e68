"""Whether a change mends a criterion: the changed graph is measured and judged as a submission is."""

from grader.analysis.measure import measure
from grader.checks.base import Context
from grader.checks.validate import resolve_all
from grader.errors import GraderError
from grader.model.facts import Facts
from grader.model.graph import Export
from grader.model.outcome import Status
from grader.model.rubric import Rubric
from grader.model.training import Training

STRUCTURAL = frozenset({"parameters", "batch_norm", "dropout", "head", "receptive_field"})


def remeasured(export: Export, before: Facts) -> Facts | None:
    """The facts of a changed graph; None where it does not fit together or answers in another shape."""
    try:
        facts = measure(export)
    except GraderError:
        return None
    differs = len(facts.mode_differences) > len(before.mode_differences)
    return None if differs or facts.output_shape != before.output_shape else facts


def statuses(rubric: Rubric, facts: Facts) -> dict[str, Status]:
    """What the structural criteria make of these facts, by their ids."""
    nothing = Training(status="not_requested")
    context = Context(facts=facts, training=nothing, task=rubric.task, rubric=rubric)
    return {
        criterion.id: check.run(context, parameters).status
        for criterion, check, parameters in resolve_all(rubric)
        if criterion.check in STRUCTURAL
    }
