"""Claims about how long the training took."""

import re
from collections.abc import Sequence

from grader.analysis.claims.accuracy import judge, softened, why_not_comparable
from grader.analysis.claims.answer import Answer, not_checkable
from grader.analysis.claims.evidence import gather, images_measured
from grader.analysis.claims.figures import ABOUT, fits
from grader.analysis.claims.wording import count_as_written, listing, number, percent
from grader.model.claims import EpochsClaim, Figure
from grader.model.training import Training, TrainingRun

_PLACE = re.compile(r":\d+$")  # of an origin: "train.py:31", "lab.ipynb:cell 4:12"


def check(claim: EpochsClaim, training: Training) -> Answer:
    """Compare with the recipe that the submission's code states, or with the epoch that reached the target."""
    return _training(claim.figure, training) if claim.of == "training" else _target(claim.figure, training)


def _training(figure: Figure, training: Training) -> Answer:
    epochs = (training.recipe or {}).get("epochs")
    origin = training.recipe_origins.get("epochs", "")
    if not training.recipe_is_the_students or not isinstance(epochs, int) or not _PLACE.search(origin):
        return not_checkable("The submission's own number of epochs was not read from its code.")
    if fits(figure, epochs):
        return Answer("confirmed", number(epochs), f"{origin} says so.", epochs)
    sentence = f"It says {count_as_written(figure)} epochs; {origin} says {number(epochs)}."
    return Answer("contradicted", number(epochs), sentence, epochs)


def _target(figure: Figure, training: Training) -> Answer:
    reason = why_not_comparable(training)
    if reason:
        return not_checkable(reason)
    if training.target is None:
        return not_checkable("The rubric names no accuracy that could be the target.")
    first = [run.first_epoch_at_target for run in training.runs if run.first_epoch_at_target is not None]
    target = percent(training.target)
    limit = _latest(figure)
    if first and min(first) <= limit:
        return Answer("confirmed", _reached(first), f"{target} was first reached in epoch {min(first)}.", min(first))
    if first:
        sentence = f"{target} was first reached in epoch {min(first)}. Seeds differ by several epochs."
        return Answer("ambiguous", _reached(first), sentence, min(first))
    return _never(int(limit), training.target, training.runs, training)


def _latest(figure: Figure) -> float:
    """The last epoch that would still do: to be earlier is no contradiction."""
    if figure.relation == "less_than":
        return figure.value - 1
    return figure.value * (1 + ABOUT) + 0.5 if figure.relation == "about" else figure.value


def _reached(first: Sequence[int]) -> str:
    return f"epoch {listing([str(epoch) for epoch in sorted(first)])}"


def _never(limit: int, target: float, runs: Sequence[TrainingRun], training: Training) -> Answer:
    """The target was missed: by how much decides."""
    measured_on = images_measured(training, "unknown")
    evidence = gather(training, measured_on, up_to=max(limit, 1)) if measured_on else None
    if evidence is None:
        return not_checkable("No epoch was completed.")
    verdict = judge(target, evidence.images, evidence)
    verdict, reason = softened(verdict, target, evidence.images, evidence, training)
    if verdict == "confirmed":
        verdict, reason = "ambiguous", "That is within what chance explains."
    sentence = f"{percent(target)} was not reached with {number(len(runs))} seed{'' if len(runs) == 1 else 's'}"
    closest = f"; the closest is {percent(evidence.best)} in epoch {evidence.epoch}."
    return Answer(verdict, "never", f"{sentence}{closest} {reason}".strip())
