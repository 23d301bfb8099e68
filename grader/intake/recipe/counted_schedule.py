"""Schedulers whose steps are counted: StepLR, MultiStepLR, ExponentialLR, CosineAnnealingLR; and what all share."""

from dataclasses import dataclass

from grader.intake.recipe.cadence import Cadence
from grader.intake.recipe.length import Length
from grader.intake.recipe.plain import Unclear, whole
from grader.intake.recipe.reading import Argument, Reading
from grader.intake.trace.journal import Act
from grader.intake.trace.library_values import Batches, LibraryObject
from grader.intake.trace.values import Collection, Constant, Value

# A schedule that counts steps: what it is called and the argument that it needs.
NEEDED = {"StepLR": "step_size", "MultiStepLR": "milestones", "ExponentialLR": "gamma", "CosineAnnealingLR": "T_max"}


@dataclass(frozen=True)
class Built:
    """A scheduler with its arguments and how often it is stepped."""

    made: LibraryObject
    arguments: dict[str, Argument]
    step: Cadence
    act: Act
    text: str


def read_counted(reading: Reading, built: Built, length: Length) -> None:
    """Read one of the schedulers in NEEDED."""
    name = built.made.name
    if NEEDED[name] not in built.arguments:
        reading.miss("schedule", f"{NEEDED[name]} is not given: {built.text}", built.act.location)
        return
    match name:
        case "StepLR":
            take_name(reading, built, "step")
            _take_count(reading, built, length)
        case "MultiStepLR":
            take_name(reading, built, "multistep")
            _take_milestones(reading, built, length)
        case "ExponentialLR":
            take_name(reading, built, "exponential")
            take_step(reading, built)
        case _:
            take_name(reading, built, "cosine")
            _take_cosine_length(reading, built, length)
    take_fields(reading, built, {"gamma": "gamma", "eta_min": "eta_min"})


def take_name(reading: Reading, built: Built, name: str) -> None:
    """What a recipe calls the schedule."""
    reading.take("schedule.name", name, built.act.location, built.text)


def take_fields(reading: Reading, built: Built, fields: dict[str, str]) -> None:
    """Arguments that a recipe has under another name."""
    for theirs, ours in fields.items():
        argument = built.arguments.get(theirs)
        if argument is not None:
            reading.take_argument(f"schedule.{ours}", argument, built.text)


def take_step(reading: Reading, built: Built) -> None:
    """How often it is stepped."""
    if built.step.every is not None and built.step.location is not None:
        reading.take("schedule.step", built.step.every, built.step.location, built.step.text)
    else:
        reading.miss("schedule.step", "where the schedule is stepped is not in sight", built.act.location)


def _take_count(reading: Reading, built: Built, length: Length) -> None:
    """A number of steps. So many times the batches of an epoch, stepped every batch, is so many epochs."""
    argument = built.arguments["step_size"]
    if isinstance(argument.value, Batches) and built.step.every == "batch" and float(argument.value.times).is_integer():
        reading.take("schedule.step_size", int(argument.value.times), argument.location, built.text)
        reading.take("schedule.step", "epoch", argument.location, built.text)
        return
    reading.take_argument("schedule.step_size", argument, built.text, lambda value: _steps(value, length))
    take_step(reading, built)


def _take_milestones(reading: Reading, built: Built, length: Length) -> None:
    argument = built.arguments["milestones"]
    items = argument.value.items if isinstance(argument.value, Collection) else []
    in_batches = [item.times for item in items if isinstance(item, Batches) and float(item.times).is_integer()]
    if in_batches and len(in_batches) == len(items) and built.step.every == "batch":
        reading.take("schedule.milestones", sorted(int(times) for times in in_batches), argument.location, built.text)
        reading.take("schedule.step", "epoch", argument.location, built.text)
        return
    reading.take_argument("schedule.milestones", argument, built.text, lambda value: _milestones(value, length))
    take_step(reading, built)


def _steps(value: Value, length: Length) -> int:
    if isinstance(value, Batches) and length.batches is not None:
        return round(value.times * length.batches)
    return whole(value)


def _milestones(value: Value, length: Length) -> list[int]:
    if not isinstance(value, Collection):
        raise Unclear("it is no plain list")
    return sorted({_steps(item, length) for item in value.items})


def _take_cosine_length(reading: Reading, built: Built, length: Length) -> None:
    """`T_max`; the length of the training is written as None."""
    argument, every = built.arguments["T_max"], built.step.every
    value = argument.value
    whole_training = isinstance(value, Batches) and every == "batch" and value.times == length.epochs
    if whole_training or (every == "epoch" and length.epochs is not None and value == Constant(length.epochs)):
        reading.take("schedule.t_max", None, argument.location, built.text)
    else:
        reading.take_argument("schedule.t_max", argument, built.text, lambda one: _steps(one, length))
    if isinstance(value, Batches) and every == "epoch":
        reading.note(f"The cosine at {built.act.location} is built for batches, but stepped once per epoch.")
    if isinstance(value, Constant) and every == "batch" and value.value == length.epochs:
        reading.note(f"The cosine at {built.act.location} is built for epochs, but stepped every batch.")
    take_step(reading, built)
