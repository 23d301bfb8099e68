"""OneCycleLR: what its total counts, and whether that is the training's length."""

from grader.intake.recipe.counted_schedule import Built, take_fields, take_name, take_step
from grader.intake.recipe.length import Length
from grader.intake.recipe.plain import Unclear, number
from grader.intake.recipe.reading import Argument, Reading, is_given
from grader.intake.trace.library_values import Batches
from grader.intake.trace.values import Collection, Constant, Value


def read_one_cycle(reading: Reading, built: Built, length: Length) -> None:
    """Read a one-cycle schedule, the mistake included of stepping one that is built for batches once per epoch."""
    take_name(reading, built, "onecycle")
    if "max_lr" in built.arguments:
        reading.take_argument("schedule.max_lr", built.arguments["max_lr"], built.text, _one_rate)
    fields = ("pct_start", "div_factor", "final_div_factor", "cycle_momentum", "base_momentum", "max_momentum")
    take_fields(reading, built, {name: name for name in fields})
    take_fields(reading, built, {"anneal_strategy": "anneal"})
    if is_given(built.arguments.get("three_phase")):
        reading.miss("schedule.three_phase", "a recipe's one-cycle schedule has two phases", built.act.location)
    built_for = _take_built_for(reading, built, length)
    take_step(reading, built)
    if built_for == "batch" and built.step.every == "epoch":
        sentence = f"The one-cycle schedule at {built.act.location} is built for batches, but stepped once per epoch"
        reading.note(f"{sentence} at {built.step.location}: the rate hardly moves.")


def _one_rate(value: Value) -> float:
    """One rate, also where it is a list of one."""
    items = value.items if isinstance(value, Collection) and value.keys is None else [value]
    if len(items) != 1:
        raise Unclear("it differs between groups of parameters")
    return number(items[0])


def _take_built_for(reading: Reading, built: Built, length: Length) -> str:
    """Whether the total counts batches or epochs, and whether it is the training's."""
    total, per_epoch = built.arguments.get("total_steps"), built.arguments.get("steps_per_epoch")
    epochs = built.arguments.get("epochs")
    said = total if is_given(total) else per_epoch
    if said is None:
        reading.miss("schedule.built_for", "it names no number of steps", built.act.location)
        return ""
    built_for, cycle = _cycle(said, epochs if said is per_epoch else None, built, length)
    reading.take("schedule.built_for", built_for, said.location, built.text)
    if cycle is not None and length.epochs is not None and round(cycle, 6) != length.epochs:
        reason = f"the cycle takes {cycle:g} epochs and the training {length.epochs}; a recipe's takes the training"
        reading.miss("schedule.epochs", reason, built.act.location)
    return built_for


def _cycle(said: Argument, epochs: Argument | None, built: Built, length: Length) -> tuple[str, float | None]:
    """("batch" or "epoch", how many epochs' worth of these the cycle takes)."""
    value = said.value
    times = epochs.value.value if epochs is not None and isinstance(epochs.value, Constant) else None
    factor = times if isinstance(times, int | float) else None
    if isinstance(value, Batches):
        if epochs is not None:
            return "batch", None if factor is None else factor * value.times
        return "batch", value.times
    steps = value.value if isinstance(value, Constant) and isinstance(value.value, int) else None
    if steps is None:
        return ("epoch" if built.step.every == "epoch" and epochs is None else "batch"), None
    if epochs is not None:
        if steps == 1:
            return "epoch", factor
        right = length.batches is None or steps == length.batches
        return "batch", None if factor is None or right else factor * steps / (length.batches or 1)
    if steps == length.epochs or (length.epochs is None and built.step.every == "epoch"):
        return "epoch", steps
    if built.step.every == "epoch" and (length.batches is None or steps < length.batches):
        return "epoch", steps
    return "batch", None if length.batches is None else steps / length.batches
