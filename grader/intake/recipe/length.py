"""How long the training is: epochs, and batches in each where that can be told."""

from dataclasses import dataclass

from grader.intake.recipe.plain import Unclear, header_of, whole
from grader.intake.recipe.reading import Reading
from grader.intake.recipe.training import CodeTraining
from grader.intake.trace.journal import Loop
from grader.intake.trace.library_values import Range


@dataclass(frozen=True)
class Length:
    """None where it can't be told."""

    epochs: int | None
    batches: int | None = None  # in an epoch


def read_epochs(reading: Reading, training: CodeTraining) -> int | None:
    """Read the number of epochs: the loops around the loop over batches, or how often that one is called."""
    act = training.optimizer
    if not training.epoch_loops:
        return _read_calls(reading, training)
    total = 0
    for loop in training.epoch_loops:
        try:
            total += _count(loop)
        except Unclear as problem:
            reading.miss("epochs", f"{problem}: {header_of(loop.node)}", loop.cell.at(loop.node))
            return None
    first = training.epoch_loops[0]
    reading.take("epochs", total, first.cell.at(first.node), header_of(first.node))
    if len(training.epoch_loops) > 1:
        places = ", ".join(str(loop.cell.at(loop.node)) for loop in training.epoch_loops[:4])
        reading.note(f"The optimizer at {act.location} steps in several loops over epochs in turn: {places}.")
    return total


def _count(loop: Loop) -> int:
    if not isinstance(loop.over, Range):
        raise Unclear("how often this loop runs can't be told")
    count = loop.over.count()
    if count is None:
        for end in (loop.over.start, loop.over.stop, loop.over.step):
            whole(end)
        raise Unclear("how often this loop runs can't be told")
    return count


def _read_calls(reading: Reading, training: CodeTraining) -> int | None:
    """Without a loop over epochs: as many as the loop over batches was seen to be run."""
    act = training.optimizer
    if not training.batch_loops or not act.reached:
        where = "no loop over epochs is in sight" if training.batch_loops else "no loop that trains is in sight"
        reading.miss("epochs", where, act.location)
        return None
    loop, count = training.batch_loops[0], len(training.batch_loops)
    place, times = loop.cell.at(loop.node), "once" if count == 1 else f"{count} times"
    reading.take("epochs", count, place, header_of(loop.node))
    reading.note(f"No loop over epochs is in sight; the loop over batches at {place} runs {times}.")
    return count
