"""LinearLR as a warm-up."""

from grader.intake.recipe.counted_schedule import Built
from grader.intake.recipe.plain import number
from grader.intake.recipe.reading import Reading
from grader.intake.trace.library_values import Batches
from grader.intake.trace.values import Constant, Value


def read_warmup(reading: Reading, built: Built, end: Value | None) -> int:
    """A LinearLR as a warm-up; its epochs, 0 where a recipe can't say it. `end`: where the next schedule begins."""
    total = built.arguments.get("total_iters")
    value = total.value if total is not None else Constant(5)
    last = built.arguments.get("end_factor")
    place = total.location if total is not None else built.act.location
    every = built.step.every
    given = value.times if isinstance(value, Batches) else value.value if isinstance(value, Constant) else None
    times = given if isinstance(given, int | float) and float(given).is_integer() else 0
    in_batches = isinstance(value, Batches)
    if times < 1 or in_batches is not (every == "batch") or (end is not None and end != value):
        reading.miss("schedule", f"the warm-up does not end where its schedule does: {built.text}", place)
        return 0
    if last is not None and last.value not in (Constant(1.0), Constant(1)):
        reading.miss("schedule", f"the warm-up does not end at the rate: {built.text}", place)
        return 0
    reading.take("warmup.epochs", int(times), place, built.text)
    if "start_factor" in built.arguments:
        reading.take_argument("warmup.start_factor", built.arguments["start_factor"], built.text, number)
    reading.take("warmup.step", every or "epoch", built.step.location or place, built.step.text)
    return int(times)
