"""ReduceLROnPlateau: its arguments, and what it watches."""

import re

from grader.intake.recipe.counted_schedule import Built, take_fields, take_name
from grader.intake.recipe.plain import Unclear, plain, text_of
from grader.intake.recipe.reading import Reading
from grader.intake.recipe.training import CodeTraining
from grader.model.submission import Location

_ACCURACY = re.compile(r"acc|correct", re.IGNORECASE)
_TRAIN = re.compile(r"train|running|epoch_loss|avg_loss", re.IGNORECASE)
_HELD_OUT = re.compile(r"val|test|eval|dev", re.IGNORECASE)


def read_plateau(reading: Reading, built: Built, training: CodeTraining) -> None:
    """Read a plateau schedule that is stepped after each epoch."""
    if built.step.every == "batch":
        reading.miss("schedule", "a recipe steps a plateau schedule after each epoch, not batch", built.act.location)
        return
    take_name(reading, built, "plateau")
    fields = ("factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr")
    take_fields(reading, built, {name: name for name in fields})
    _read_metric(reading, built, training)


def _read_metric(reading: Reading, built: Built, training: CodeTraining) -> None:
    """What is passed to `step`, by its name; the test set is never a metric of a recipe."""
    steps = training.journal.of("step", built.made)
    node = getattr(steps[0].node, "args", [None])[0] if steps and getattr(steps[0].node, "args", []) else None
    keywords = getattr(steps[0].node, "keywords", []) if steps else []
    given = node or next((one.value for one in keywords if one.arg == "metrics"), None)
    if given is None or not steps:
        reading.miss("schedule.metric", "what the plateau schedule watches is not in sight", built.act.location)
        return
    place, text = steps[0].location, text_of(given)
    kind = "accuracy" if _ACCURACY.search(text) else "loss"
    _compare_mode(reading, built, kind, place)
    if _TRAIN.search(text):
        reading.take("schedule.metric", f"train_{kind}", place, text_of(steps[0].node))
    elif not _HELD_OUT.search(text):
        reading.miss("schedule.metric", f"which images the plateau schedule watches can't be told: {text}", place)
    elif _has_split(reading):
        reading.take("schedule.metric", f"validation_{kind}", place, text_of(steps[0].node))
    elif any(entry.field == "split" for entry in reading.unread):
        reading.miss("schedule.metric", f"the plateau schedule watches {text}, of images that can't be told", place)
    else:
        reason = f"the plateau schedule watches {text} of the test set, which a recipe never does"
        reading.miss("schedule.metric", reason, place)


def _compare_mode(reading: Reading, built: Built, kind: str, place: Location) -> None:
    argument = built.arguments.get("mode")
    try:
        mode = plain(argument.value) if argument else "min"
    except Unclear:
        return
    if mode in ("min", "max") and (mode == "max") is not (kind == "accuracy"):
        reading.note(
            f"The plateau schedule at {built.act.location} has mode {mode!r}, but is given the {kind} at {place}."
        )


def _has_split(reading: Reading) -> bool:
    return any(value.field == "split.validation" for value in reading.values)
