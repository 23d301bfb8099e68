"""The schedule of a training: which scheduler, and the warm-up before it."""

from collections.abc import Sequence

from grader.intake.recipe.cadence import Cadence, cadence
from grader.intake.recipe.counted_schedule import NEEDED, Built, read_counted
from grader.intake.recipe.length import Length
from grader.intake.recipe.one_cycle import read_one_cycle
from grader.intake.recipe.plain import text_of, what_is
from grader.intake.recipe.plateau import read_plateau
from grader.intake.recipe.reading import Reading, arguments_of
from grader.intake.recipe.training import CodeTraining
from grader.intake.recipe.warmup import read_warmup
from grader.intake.trace.journal import Act
from grader.intake.trace.library_values import LibraryObject
from grader.intake.trace.values import Collection, Value, options

# torch's name -> its arguments in torch's order, after the optimizer; torch 2.11 to 2.15.
ORDERS = {
    "StepLR": ("optimizer", "step_size", "gamma"),
    "MultiStepLR": ("optimizer", "milestones", "gamma"),
    "ExponentialLR": ("optimizer", "gamma"),
    "CosineAnnealingLR": ("optimizer", "T_max", "eta_min"),
    "OneCycleLR": (
        "optimizer", "max_lr", "total_steps", "epochs", "steps_per_epoch", "pct_start", "anneal_strategy",
        "cycle_momentum", "base_momentum", "max_momentum", "div_factor", "final_div_factor", "three_phase",
    ),
    "ReduceLROnPlateau": (
        "optimizer", "mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr",
    ),
    "LinearLR": ("optimizer", "start_factor", "end_factor", "total_iters"),
    "SequentialLR": ("optimizer", "schedulers", "milestones"),
}  # fmt: skip


def read_schedule(reading: Reading, training: CodeTraining, length: Length) -> None:
    """Read the schedule of a training, and its warm-up. Without any: `none` where the optimizer is built."""
    by_hand = [act for act in training.journal.of("set_rate") if training.in_epochs(act) or training.in_batches(act)]
    if by_hand:
        reason = f"the rate is set by hand: {text_of(by_hand[0].node)} = …"
        reading.miss("schedule", reason, by_hand[0].location)
        return
    built = _schedulers(training)
    inner = {id(value) for act in built for value in _within(act)}
    outer = [act for act in built if id(act.value) not in inner]
    stepped = [act for act in outer if cadence(training, act.value).every is not None]
    if training.seen and not stepped:
        _read_none(reading, training, outer)
    elif not outer:
        reading.take("schedule.name", "none", training.optimizer.location, text_of(training.optimizer.node))
    elif len(stepped or outer) > 1:
        shown = " and ".join(f"{what_is(act.value)} at {act.location}" for act in (stepped or outer)[:3])
        reading.miss("schedule", f"several schedulers take turns: {shown}", outer[0].location)
    else:
        _read_one(reading, training, (stepped or outer)[0], length)


def _schedulers(training: CodeTraining) -> list[Act]:
    """The schedulers of this optimizer, the last of those that stand in one place."""
    found: dict[str, Act] = {}
    for act in training.journal.of("schedule"):
        arguments = (*act.positional, *act.keywords.values())
        if any(option is training.optimizer.value for value in arguments for option in options(value)):
            found[str(act.location)] = act
    return list(found.values())


def _within(act: Act) -> Sequence[Value]:
    """The schedulers that a SequentialLR or ChainedScheduler is made of."""
    lists = [value for value in (*act.positional, *act.keywords.values()) if isinstance(value, Collection)]
    return [item for value in lists for item in value.items if isinstance(item, LibraryObject)]


def _read_none(reading: Reading, training: CodeTraining, outer: list[Act]) -> None:
    if not outer:
        act = training.optimizer
        reading.take("schedule.name", "none", act.location, text_of(act.node))
        return
    act = outer[0]
    reading.take("schedule.name", "none", act.location, text_of(act.node))
    reading.note(f"{what_is(act.value)} is built at {act.location} and never stepped: the rate stays as it is.")


def _read_one(reading: Reading, training: CodeTraining, act: Act, length: Length) -> None:
    made, step, text = act.value, cadence(training, act.value), text_of(act.node)
    if step.problem is not None:
        reading.miss("schedule", step.problem, step.location or act.location)
        return
    if isinstance(made, LibraryObject) and made.name == "SequentialLR":
        _read_sequence(reading, training, act, step, length)
        return
    if not isinstance(made, LibraryObject) or made.name not in ORDERS:
        reading.miss("schedule", f"a recipe has no schedule {what_is(made)}: {text}", act.location)
        return
    built = Built(made, arguments_of(made, ORDERS[made.name]), step, act, text)
    if made.name == "LinearLR":
        if read_warmup(reading, built, None):
            reading.take("schedule.name", "none", act.location, text)
    else:
        _read_named(reading, built, length, training)


def _read_named(reading: Reading, built: Built, length: Length, training: CodeTraining) -> None:
    if built.made.name in NEEDED:
        read_counted(reading, built, length)
    elif built.made.name == "OneCycleLR":
        read_one_cycle(reading, built, length)
    else:
        read_plateau(reading, built, training)


def _read_sequence(reading: Reading, training: CodeTraining, act: Act, step: Cadence, length: Length) -> None:
    """`SequentialLR` of a LinearLR and another schedule: a warm-up and what follows it."""
    arguments = arguments_of(act.value, ORDERS["SequentialLR"]) if isinstance(act.value, LibraryObject) else {}
    parts = [value for value in _within(act) if isinstance(value, LibraryObject)]
    milestones = arguments.get("milestones")
    ends = milestones.value.items if milestones and isinstance(milestones.value, Collection) else []
    text = text_of(act.node)
    known = [part.name for part in parts]
    if len(ends) != 1 or known[:1] != ["LinearLR"] or known[1:] not in [[name] for name in (*NEEDED, "OneCycleLR")]:
        reading.miss("schedule", f"a recipe has a linear warm-up and one schedule after it, not {text}", act.location)
        return
    first, second = (
        Built(part, arguments_of(part, ORDERS[part.name]), step, act, text_of(part.node)) for part in parts
    )
    warm = read_warmup(reading, first, ends[0])
    if warm:
        _read_named(reading, second, Length(length.epochs - warm if length.epochs else None, length.batches), training)
