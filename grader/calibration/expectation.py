"""Whether a reference model should pass a rubric's accuracy criterion, by what was published about it."""

from dataclasses import dataclass

from grader.model.calibration import Expected
from grader.model.published import Published, PublishedAccuracy
from grader.model.rubric import Rubric
from grader.report.notation import percent
from grader.rubric.load import load_rubric
from grader.training.statistics import reaches


@dataclass(frozen=True)
class Expectation:
    """What should come out, and the sentence that says why."""

    expected: Expected
    why: str


def expect(published: Published, rubric: Rubric, target: float) -> Expectation:
    """For its own rubric published.yaml says it outright; for another one the published accuracies decide.

    Those decide nothing on another data set, nor where more epochs were published than the rubric allows.
    """
    if published.rubric == rubric.id:
        verb = "meets" if published.meets_target else "misses"
        return Expectation(
            "pass" if published.meets_target else "fail", f"Its published result {verb} the rubric's target."
        )
    if not published.accuracies:
        return Expectation("unknown", "No accuracy was published for it.")
    if load_rubric(published.rubric).task.dataset != rubric.task.dataset:
        return Expectation("unknown", "Its published result is on another data set.")
    best = max(published.accuracies, key=lambda accuracy: accuracy.accuracy)
    said = f"{'at least ' if best.at_least else ''}{percent(best.accuracy)}"
    if not reaches(best.accuracy, target):
        if best.at_least:
            return Expectation("unknown", f"It was published for another rubric, with {said}, which decides nothing.")
        return Expectation("fail", f"It was published with {said}, less than the target.")
    epochs = _epochs(published, best)
    if epochs is None or epochs > rubric.task.epochs:
        return Expectation("unknown", f"It was published with {said}, but not within {rubric.task.epochs} epochs.")
    return Expectation("pass", f"It was published with {said} within the epochs allowed.")


def _epochs(published: Published, accuracy: PublishedAccuracy) -> int | None:
    return accuracy.epoch or published.epochs
