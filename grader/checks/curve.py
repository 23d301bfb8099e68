"""What the curve of a run that missed the target says to do: fit, learning rate, and which mistakes to look at first.

None of it is measured by training again, and none of it is a promise: it says what in the record speaks for it.
"""

import math
from collections.abc import Iterator

from grader.checks.base import Context
from grader.checks.runs import Tried
from grader.checks.wording import alternatives, count, integer, listing, percent
from grader.model.outcome import Change
from grader.model.training import EpochRecord, TrainingRun
from grader.training.statistics import accuracy_of

MOST_CHANGES = 3
_GAP = 0.005  # of the accuracies: beyond it the network knows its training images better than others
_STRONG = 0.15  # a dropout rate above it costs a small network much
_LATE = 4  # epochs at the end that tell whether the accuracy still rises
_LEAST_RISE = 0.0005
_FEWEST_EPOCHS = 3  # of a curve that says anything about the schedule


def read_curve(context: Context, tried: Tried, target: float) -> tuple[Change, ...]:
    """At most three things to do, the most telling first; nothing where no epoch was completed."""
    run = _within(tried.best.run, context.task.epochs)
    if not run.epochs:
        return ()
    if tried.all_diverged:
        return (_diverged(run),)
    recipe = tried.training.recipe or {}
    found = [*_fit(context, run, target, bool(recipe.get("augmentation"))), *_rate(run), *_mistakes(run)]
    short = _short(run, target)
    if found and short:
        found[0] = found[0].model_copy(update={"effect": f"{found[0].effect} {short}"})
    return tuple(found[:MOST_CHANGES])


def _within(run: TrainingRun, epochs: int) -> TrainingRun:
    """The run as far as the rubric's epochs go; without the mistakes where they are of a later epoch."""
    if len(run.epochs) <= epochs:
        return run
    evaluation = run.evaluation if run.best_epoch <= epochs else None
    return run.model_copy(update={"epochs": run.epochs[:epochs], "evaluation": evaluation})


def _diverged(run: TrainingRun) -> Change:
    last = run.epochs[-1]
    return Change(
        what=f"Start with a tenth of the learning rate, {last.lr / 10:g} instead of {last.lr:g}, or warm it up.",
        effect=f"The loss stopped being a number in epoch {last.epoch}, at a rate of {last.lr:g}.",
    )


def _fit(context: Context, run: TrainingRun, target: float, augmented: bool) -> Iterator[Change]:
    """Whether it learned its training images too well, or not well enough."""
    record = _best(run)
    own, other = record.train_accuracy, accuracy_of(record, run.evaluated_on)
    both = (
        f"In epoch {record.epoch} it got {percent(own)} of its training images right and {percent(other)} of those of"
        f" the {_SETS[run.evaluated_on]}:"
    )
    if own - other > _GAP or own >= target:
        gap = f"{100 * (own - other):.2f} percentage points lie between them, which is overfitting."
        close = "it has learned its training images, and what it learned does not reach far enough."
        yield Change(what=_regularize(context, augmented), effect=f"{both} {gap if own - other > _GAP else close}")
    else:
        yield Change(
            what=_strengthen(context, augmented),
            effect=f"{both} it does not fit even its own images to {percent(target)}, so this is no overfitting.",
        )


_SETS = {"test": "test set", "validation": "validation split"}


def _regularize(context: Context, augmented: bool) -> str:
    if not augmented:
        return "Augment the training images: a digit turned by 7 degrees or shifted by 2 pixels is still that digit."
    if not context.facts.dropout.runs:
        return "Add a little dropout, at a rate of 0.05 to 0.1, after the pools."
    return "Strengthen what is there against overfitting: a little more augmentation, dropout or weight decay."


def _strengthen(context: Context, augmented: bool) -> str:
    """What holds the network back: dropout, its size, or the images it is shown."""
    strong = sorted({rate for rate in context.facts.dropout.rates if rate > _STRONG}, reverse=True)
    if strong:
        rates = listing([f"{rate:g}" for rate in strong])
        places = [str(place) for place in context.facts.dropout.locations[:3]]
        where = f" ({', '.join(places)})" if places else ""
        return f"Lower the dropout rate of {rates}{where} to about 0.05: a small network needs most of its values."
    room = _room(context)
    if room is not None and room > context.facts.parameters.counted // 10:
        return f"Give the layers more channels: {count(room, 'more parameter')} would still be within the limit."
    options = ["a higher peak of the learning rate", "smaller batches"]
    options += ["weaker augmentation"] if augmented else []
    return f"Let it learn faster within the epochs there are: {alternatives(options)}."


def _room(context: Context) -> int | None:
    """Parameters that the rubric's limit leaves; None where it has none."""
    given = [one.parameters.get("less_than") for one in context.rubric.criteria if one.check == "parameters"]
    limits = [limit for limit in given if isinstance(limit, int)]
    return min(limits) - 1 - context.facts.parameters.counted if limits else None


def _rate(run: TrainingRun) -> Iterator[Change]:
    """A rate that never falls, or a curve that still rises where the epochs end."""
    if len(run.epochs) < _FEWEST_EPOCHS or run.stopped in ("diverged", "target"):  # else the epochs left may do it
        return
    rates = [record.lr for record in run.epochs]
    late = [accuracy_of(record, run.evaluated_on) for record in run.epochs[-_LATE:]]
    if math.isclose(min(rates), max(rates)):
        yield Change(
            what="Let the learning rate fall towards the end, with OneCycleLR, StepLR or ReduceLROnPlateau.",
            effect=f"It stayed at {rates[0]:g} in all {len(rates)} epochs; over the last {len(late)} the accuracy moved"
            f" between {percent(min(late))} and {percent(max(late))}.",
        )
    elif run.given_up is None and late[-1] == max(late) and late[-1] - late[0] >= _LEAST_RISE:
        gained = f"{100 * (late[-1] - late[0]):.2f} percentage points"
        yield Change(
            what="Get there sooner: raise the peak of the learning rate, or make the batches smaller.",
            effect=f"The accuracy was still rising where the epochs ended, by {gained} over the last {len(late)}.",
        )


def _mistakes(run: TrainingRun) -> Iterator[Change]:
    """The pair of classes that is mixed up most."""
    if run.evaluation is None:
        return
    wrong = [
        (number, label, predicted)
        for label, row in enumerate(run.evaluation.confusion)
        for predicted, number in enumerate(row)
        if label != predicted and number
    ]
    if wrong:
        number, label, predicted = max(wrong, key=lambda one: (one[0], -one[1], -one[2]))
        total = sum(one[0] for one in wrong)
        yield Change(
            what=f"Look at the mistakes first: most often a {label} was read as a {predicted}.",
            effect=f"That is {integer(number)} of {count(total, 'wrong answer')} of its best epoch.",
        )


def _best(run: TrainingRun) -> EpochRecord:
    return max(run.epochs, key=lambda record: accuracy_of(record, run.evaluated_on))


def _short(run: TrainingRun, target: float) -> str:
    """How many more images have to be right."""
    if run.evaluation is None:
        return ""
    images = run.evaluation.images
    right = round(accuracy_of(_best(run), run.evaluated_on) * images)
    missing = math.ceil(target * images - 1e-6) - right
    return f"{count(missing, 'more image')} of {integer(images)} had to be right." if missing > 0 else ""
