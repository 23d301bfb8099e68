"""The recipe that a submission's own training code was seen to use; read, never run."""

from typing import Any

from grader.model.base import Frozen
from grader.model.submission import Location


class ReadValue(Frozen):
    """A value that the code states.

    `field` is the dotted path in `Recipe` ("optimizer.lr", "schedule.step_size", "augmentation.0.degrees",
    "batch_size"), `value` what a recipe file would hold there. A part that the code clearly does without is its neutral
    value: `schedule.name` = "none", `augmentation` = [], `clip` = None, at the place where the part would stand.
    """

    field: str
    value: Any
    location: Location
    text: str = (
        ""  # the code itself, e.g. "optim.SGD(model.parameters(), lr=0.1, momentum=0.9)", at most 200 characters
    )


class Unread(Frozen):
    """A field that could not be read; the rubric's reference recipe stands in for it."""

    field: str  # dotted; a whole part ("optimizer", "schedule") where nothing of it could be told
    reason: str  # one sentence: "the rate is computed at run time: lr_finder.suggestion()"
    location: Location | None = None


class CodeRecipe(Frozen):
    """Everything that was read of one training loop."""

    values: tuple[ReadValue, ...] = ()
    unread: tuple[Unread, ...] = ()
    notes: tuple[
        str, ...
    ] = ()  # bugs worth telling: "the one-cycle schedule is built for batches but stepped once per epoch"
    seed: int | None = None  # torch.manual_seed; shown, never used: seeds are the rubric's
    seed_location: Location | None = None
    loop: Location | None = (
        None  # where the optimizer that trains the graded class is built; None: no training code found
    )
