"""How often a scheduler is stepped: every batch or once per epoch."""

from dataclasses import dataclass

from grader.intake.recipe.plain import header_of, text_of, what_is
from grader.intake.recipe.training import CodeTraining
from grader.intake.trace.journal import Act
from grader.intake.trace.values import Value
from grader.model.recipe import StepEvery
from grader.model.submission import Location


@dataclass(frozen=True)
class Cadence:
    """`every` None: never, as far as can be seen. `problem`: why it can't be told."""

    every: StepEvery | None = None
    location: Location | None = None
    text: str = ""
    problem: str | None = None


def cadence(training: CodeTraining, scheduler: Value) -> Cadence:
    """When `scheduler.step()` is called, seen from the loops in which the optimizer steps."""
    acts = {id(act.node): act for act in training.journal.of("step", scheduler)}
    inside = [act for act in acts.values() if training.in_batches(act)]
    outside = [act for act in acts.values() if not training.in_batches(act)]
    if not acts:
        return Cadence()
    first = (inside or outside)[0]
    if inside and outside:
        problem = f"{what_is(scheduler)} is stepped both every batch, at {inside[0].location}, and once per epoch"
        return Cadence("batch", outside[0].location, text_of(first.node), problem)
    every: StepEvery = "batch" if inside else "epoch"
    free = [act for act in acts.values() if not _is_conditional(act, training)]
    if len(free) > 1:
        problem = f"{what_is(scheduler)} is stepped twice in each {every}, at {free[0].location} and {free[1].location}"
        return Cadence(every, first.location, text_of(first.node), problem)
    if not free and not _takes_both_sides(list(acts.values())):
        condition = first.conditions[-1].node
        problem = f"{what_is(scheduler)} is stepped only under a condition: {header_of(condition)}"
        return Cadence(every, first.location, text_of(first.node), problem)
    chosen = free[0] if free else first
    return Cadence(every, chosen.location, text_of(chosen.node))


def _is_conditional(act: Act, training: CodeTraining) -> bool:
    """Whether it stands in an undecided branch within its loop, or outside of any loop within the training."""
    if act.loops:
        return act.is_open_within(act.loops[-1])
    return any(condition.is_open for condition in act.conditions[len(training.optimizer.conditions) :])


def _takes_both_sides(acts: list[Act]) -> bool:
    """Whether one branch decides only how it is stepped: both of its sides step."""
    sides: dict[int, set[int]] = {}
    for act in acts:
        for condition in act.conditions[-1:]:
            sides.setdefault(id(condition.node), set()).add(condition.side)
    return any(len(found) == 2 for found in sides.values())
