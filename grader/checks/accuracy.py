"""Accuracy, confirmed by retraining from fresh weights."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grader.checks.base import Check, Context
from grader.checks.runs import Judged, is_complete, judge
from grader.checks.wording import count, listing, percent
from grader.model.base import Frozen
from grader.model.outcome import Finding, Status
from grader.model.training import Training

Rule = Literal["best_epoch", "final_epoch", "last_epochs"]


class AccuracyTarget(Frozen):
    """The target as a fraction, and which epochs must reach it. One seed that does is enough."""

    target: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
    rule: Rule = "best_epoch"
    last: Annotated[int, Field(strict=True, ge=2)] | None = None  # how many epochs, for the rule last_epochs

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.target > 1:
            raise ValueError(f"target is a fraction: write {self.target / 100:g} for {self.target:g} %")
        if (self.rule == "last_epochs") != (self.last is not None):
            raise ValueError("the rule last_epochs needs `last`, the number of epochs; no other rule takes it")
        return self

    @property
    def span(self) -> int | None:
        """How many last epochs must all reach the target; None: any one epoch will do."""
        return {"best_epoch": None, "final_epoch": 1, "last_epochs": self.last}[self.rule]


def run(context: Context, parameters: AccuracyTarget) -> Finding:
    """Passed at the first seed that reaches the target, failed when none does and nothing else explains the miss."""
    training, task = context.training, context.task
    expected = _expected(parameters, task.epochs)
    evidence = (context.location,) if context.location else ()
    if not training.runs:
        return _not_trained(training, expected)
    judged = [judge(run, parameters.target, parameters.span, task.epochs) for run in training.runs]
    observed = _observed(judged, parameters)
    differences = context.facts.mode_differences
    if differences:
        return Finding(
            status=Status.INCONCLUSIVE,
            expected=expected,
            observed=observed,
            message="Evaluation runs a different model than training does, so the accuracy can't be trusted: "
            + " ".join(difference.message for difference in differences),
            fix="Let forward do the same in train and eval mode; only dropout and batch norm may differ.",
            evidence=tuple(difference.location for difference in differences if difference.location) or evidence,
        )
    winner = next((one for one in judged if one.reached), None)
    if winner:
        return Finding(
            status=Status.PASSED,
            expected=expected,
            observed=observed,
            message=_reached(winner, parameters, task.epochs),
            evidence=evidence,
        )
    doubt, mend = _doubt(context, judged)
    broke = training.status == "error"
    return Finding(
        status=Status.ERROR if broke else Status.INCONCLUSIVE if doubt else Status.FAILED,
        expected=expected,
        observed=observed,
        message=f"{_missed(judged, parameters)} {doubt}".strip(),
        fix=mend or _fix(judged),
        evidence=evidence,
    )


def _expected(parameters: AccuracyTarget, epochs: int) -> str:
    within = f"within {count(epochs, 'epoch')}"
    at_least = f"at least {percent(parameters.target)}"
    return {
        "best_epoch": f"{at_least} {within}",
        "final_epoch": f"{at_least} in the final epoch, {within}",
        "last_epochs": f"{at_least} in each of the last {parameters.last} epochs, {within}",
    }[parameters.rule]


def _observed(judged: Sequence[Judged], parameters: AccuracyTarget) -> str:
    best = next((one for one in judged if one.reached), None) or max(judged, key=lambda one: one.decisive)
    seeds = f"seed {best.run.seed}" + (f" of {len(judged)} tried" if len(judged) > 1 else "")
    if not best.accuracies:
        return f"no epoch was completed ({seeds})"
    if parameters.rule == "last_epochs":
        return f"{', '.join(percent(value) for value in best.accuracies)} ({seeds})"
    return f"{percent(best.decisive)} in epoch {best.epoch} ({seeds})"


def _not_trained(training: Training, expected: str) -> Finding:
    status = {"error": Status.ERROR, "partial": Status.INCONCLUSIVE}.get(training.status, Status.SKIPPED)
    return Finding(
        status=status,
        expected=expected,
        observed="not trained",
        message=training.reason or "The model was not trained.",
        fix=training.mend,
    )


def _reached(winner: Judged, parameters: AccuracyTarget, epochs: int) -> str:
    where = {"test": "on the test set", "validation": "on the validation split"}[winner.run.evaluated_on]
    start = f"Retrained from fresh weights with seed {winner.run.seed}, the model reached"
    if parameters.rule == "last_epochs":
        return f"{start} {listing([percent(value) for value in winner.accuracies])} in its last epochs {where}."
    return f"{start} {percent(winner.decisive)} {where} in epoch {winner.epoch} of at most {epochs}."


def _missed(judged: Sequence[Judged], parameters: AccuracyTarget) -> str:
    if all(one.run.stopped == "diverged" for one in judged):
        epoch = max((len(one.run.epochs) for one in judged), default=0)
        return (
            f"Training diverged: the loss stopped being a number after {count(epoch, 'epoch')}, with every seed tried."
        )
    best = max(judged, key=lambda one: one.decisive)
    if not best.accuracies:
        return "No epoch was completed."
    tried = f"any of {len(judged)} seeds" if len(judged) > 1 else f"seed {best.run.seed}"
    sentence = (
        f"The model did not reach {percent(parameters.target)} with {tried}; the closest was {percent(best.decisive)}"
    )
    interval = best.run.interval
    if interval and parameters.rule == "best_epoch" and best.decisive == best.run.best_accuracy:
        sentence += f" (95 % interval {percent(interval[0])} to {percent(interval[1])})"
    return f"{sentence}."


def _doubt(context: Context, judged: Sequence[Judged]) -> tuple[str, str]:
    """Why a miss does not prove anything, and what would; two empty strings where it does."""
    training, task = context.training, context.task
    if training.status == "error":
        return training.reason, training.mend
    if training.status == "partial" or any(one.run.stopped == "interrupted" for one in judged):
        return f"The training was interrupted, so this is not the last word. {training.reason}".strip(), training.mend
    cut = [one for one in judged if not is_complete(one.run, training.recipe, task.epochs)]
    if cut:
        ran = len(cut[0].run.epochs)
        return f"Only {count(ran, 'epoch')} of {task.epochs} were trained.", "Train again without --epochs."
    if len(judged) < len(task.seeds):
        return f"Only {len(judged)} of {len(task.seeds)} seeds were tried.", "Train again without --seeds."
    if not training.recipe_is_the_students:
        return (
            "It was trained with a recipe that is not yours, so your own may well reach it.",
            "Add a .grader.yml with a `recipe` that says how you train your model.",
        )
    return "", ""


def _fix(judged: Sequence[Judged]) -> str:
    if all(one.run.stopped == "diverged" for one in judged):
        return "Lower the learning rate, warm it up, or clip the gradient."
    return (
        "Look at the curves: where the training accuracy itself is too low, improve the schedule or the layers;"
        " where it is far above the evaluation's, add augmentation or dropout."
    )


CHECK = Check("accuracy", run, AccuracyTarget, needs_training=True)
