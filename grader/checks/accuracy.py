"""Accuracy, confirmed by retraining from fresh weights."""

from collections.abc import Sequence

from grader.checks.accuracy_target import AccuracyTarget
from grader.checks.base import Check, Context
from grader.checks.curve import read_curve
from grader.checks.miss import weigh
from grader.checks.runs import Judged, Tried, try_all
from grader.checks.wording import count, listing, percent
from grader.model.outcome import Finding, Status
from grader.model.training import Training
from grader.training.evidence import weigh as weigh_probes

_EARN = (
    "Let everything that the network has to know be parameters: they begin at fresh values and are trained. If what it"
    " stores is no memory of the digits, say in your README what it is; a person looks at it."
)
_SETS = {"test": "on the test set", "validation": "on the validation split"}


def run(context: Context, parameters: AccuracyTarget) -> Finding:
    """Passed when enough seeds reach the target with one recipe, failed when none does and chance can't explain it."""
    training, task = context.training, context.task
    trainings = [training, *([training.second_try] if training.second_try else [])]
    tries = [try_all(one, parameters.target, parameters.span, task.epochs) for one in trainings]
    ran = [tried for tried in tries if tried.judged]
    expected = _expected(parameters, task.epochs, len(task.seeds))
    if not ran:
        return _not_trained(training, expected)
    winner = next((tried for tried in ran if len(tried.successes) >= parameters.needed), None)
    observed = _observed(winner or ran[0], parameters)
    evidence = (context.location,) if context.location else ()
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
    if winner:
        message = _reached(winner, parameters, task.epochs) + _before(tries, winner, parameters)
        doubts = _unearned(winner)
        if doubts:
            return Finding(
                status=Status.INCONCLUSIVE,
                expected=expected,
                observed=observed,
                message=f"{message} It is not clear that it was earned by training: {doubts}",
                fix=_EARN,
                evidence=evidence,
            )
        return Finding(status=Status.PASSED, expected=expected, observed=observed, message=message, evidence=evidence)
    missed = _missed(ran, parameters)
    if not tries[0].judged:  # the submission's own recipe could not train: what the second try says is an aside
        finding = _not_trained(training, expected)
        return finding.model_copy(update={"observed": observed, "message": f"{finding.message} {missed}"})
    proof = weigh(context, parameters, ran)
    return Finding(
        status=proof.status,
        expected=expected,
        observed=observed,
        message=f"{missed} {proof.reason}".strip(),
        fix=proof.mend or _fix(ran),
        evidence=proof.evidence or evidence,
        changes=() if proof.status is Status.ERROR else read_curve(context, ran[0], parameters.target),
    )


def _unearned(winner: Tried) -> str:
    """Why the accuracy may not come from training; empty where nothing speaks against it."""
    found = [evidence for one in winner.successes if (evidence := weigh_probes(one.run.probes)) and evidence.decisive]
    return " ".join(found[0].sentences) if found else ""


def _expected(parameters: AccuracyTarget, epochs: int, seeds: int) -> str:
    within = f"within {count(epochs, 'epoch')}"
    if parameters.needed > 1:
        within += f", with {parameters.needed} of {count(seeds, 'seed')}"
    at_least = f"at least {percent(parameters.target)}"
    return {
        "best_epoch": f"{at_least} {within}",
        "final_epoch": f"{at_least} in the final epoch, {within}",
        "last_epochs": f"{at_least} in each of the last {parameters.last} epochs, {within}",
    }[parameters.rule]


def _observed(tried: Tried, parameters: AccuracyTarget) -> str:
    best, judged = tried.best, tried.judged
    if parameters.needed > 1:
        shown = ", ".join(f"{percent(one.decisive)} (seed {one.run.seed})" for one in judged)
        return f"{shown}: {len(tried.successes)} of {count(len(judged), 'seed')}"
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


def _reached(tried: Tried, parameters: AccuracyTarget, epochs: int) -> str:
    where = _SETS[tried.judged[0].run.evaluated_on]
    start = f"Retrained from fresh weights with {tried.training.recipe_called}"
    if parameters.needed > 1:
        seeds = [f"{percent(one.decisive)} with seed {one.run.seed}" for one in tried.successes]
        got_there = f"{len(seeds)} of {count(len(tried.judged), 'seed')} got there {where}"
        return f"{start}, {got_there}: {listing(seeds)}{_ended_there(tried.successes)}."
    winner = tried.best
    start += f" and seed {winner.run.seed}, the model reached"
    if parameters.rule == "last_epochs":
        return f"{start} {listing([percent(value) for value in winner.accuracies])} in its last epochs {where}."
    epoch = f"in epoch {winner.epoch} of at most {epochs}{_ended_there([winner])}"
    return f"{start} {percent(winner.decisive)} {where} {epoch}."


def _ended_there(successes: Sequence[Judged]) -> str:
    """That runs were stopped where they reached the target; it is always said."""
    return ", where --stop-at-target ended the training" if any(one.cut_at_target for one in successes) else ""


def _before(tries: Sequence[Tried], winner: Tried, parameters: AccuracyTarget) -> str:
    """What came of the submission's own recipe, where the second try passed."""
    first = tries[0]
    if first is winner:
        return ""
    if not first.judged:
        return f" {first.training.reason}"
    return f" That was the second try: {_sentence(first, parameters)}"


def _missed(tries: Sequence[Tried], parameters: AccuracyTarget) -> str:
    sentences = [_sentence(tried, parameters, named=len(tries) > 1) for tried in tries]
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


def _sentence(tried: Tried, parameters: AccuracyTarget, named: bool = True) -> str:
    """How one recipe missed; begins in lower case."""
    judged, best = tried.judged, tried.best
    whose = f"with {tried.training.recipe_called} " if named else ""
    if tried.all_diverged:
        epochs = count(max(len(one.run.epochs) for one in judged), "epoch")
        return f"{whose}training diverged: the loss stopped being a number after {epochs}, with every seed tried."
    if not best.accuracies:
        return f"{whose}no epoch was completed."
    if tried.successes:
        reached = f"{len(tried.successes)} of {count(len(judged), 'seed')} reached {percent(parameters.target)}"
        return (
            f"{whose}only {reached}{_ended_there(tried.successes)}; {parameters.needed} are needed{_given_up(judged)}."
        )
    tried_seeds = f"any of {len(judged)} seeds" if len(judged) > 1 else f"seed {best.run.seed}"
    closest = f"the closest was {percent(best.decisive)}{_interval(tried, parameters)}"
    return f"{whose}the model did not reach {percent(parameters.target)} with {tried_seeds}; {closest}{_lost(judged)}."


def _interval(tried: Tried, parameters: AccuracyTarget) -> str:
    """What one run leaves open; several seeds tell it better by their spread."""
    best = tried.best
    whole = len(tried.judged) == 1 and best.run.given_up is None
    interval = best.run.interval if whole and parameters.rule == "best_epoch" else None
    if interval is None or best.decisive != best.run.best_accuracy:
        return ""
    return f" (95 % interval {percent(interval[0])} to {percent(interval[1])})"


def _lost(judged: Sequence[Judged]) -> str:
    diverged = sum(one.run.stopped == "diverged" for one in judged)
    lost = f", and {count(diverged, 'seed')} diverged" if diverged else ""
    return lost + _given_up(judged)


def _given_up(judged: Sequence[Judged]) -> str:
    """Which runs were stopped as hopeless; it is always said."""
    stopped = [(one.run.seed, one.run.given_up) for one in judged if one.run.given_up]
    if not stopped:
        return ""
    shown = listing([f"seed {seed} after {given_up.length}" for seed, given_up in stopped])
    return f"; stopped as hopeless (--stop-hopeless): {shown}"


def _fix(tries: Sequence[Tried]) -> str:
    if tries[0].all_diverged:
        return "Lower the learning rate, warm it up, or clip the gradient."
    return (
        "Look at the curves: where the training accuracy itself is too low, improve the schedule or the layers;"
        " where it is far above the evaluation's, add augmentation or dropout."
    )


__all__ = ["CHECK", "AccuracyTarget", "run"]

CHECK = Check(
    "accuracy",
    run,
    AccuracyTarget,
    needs_training=True,
    why="Trained again from fresh weights, a good result has to come from the design and the recipe, not from a lucky"
    " seed or from weights that were kept.",
)
