"""What a missed accuracy proves: a failure only where nothing else explains it and a further seed would hardly pass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from grader.checks.accuracy_target import AccuracyTarget
from grader.checks.base import Context
from grader.checks.prediction import further_run, single_run
from grader.checks.runs import Tried, is_complete
from grader.checks.wording import count, listing, percent
from grader.model.hopeless import chance_in_words
from grader.model.outcome import Status
from grader.model.submission import Location
from grader.training.statistics import reaches

_MOST_UNREAD = 3
_TO_THE_END = "Train again without --stop-hopeless."
_OWN_RECIPE = "Add a .grader.yml with a `recipe` that says how you train your model."


@dataclass(frozen=True)
class Proof:
    """What a miss comes to, why (one sentence, or none), and what to do about it."""

    status: Status
    reason: str = ""
    mend: str = ""
    evidence: tuple[Location, ...] = ()


def weigh(context: Context, parameters: AccuracyTarget, tries: Sequence[Tried]) -> Proof:
    """What it proves that none of `tries`, each with at least one run, reached the target."""
    return (
        _broken(tries)
        or _unfinished(context, tries)
        or _not_theirs(context)
        or _may_have_passed(parameters, tries)
        or _beyond_mending(tries)
        or _near(parameters, tries)
        or _might_be_near(parameters, tries)
        or Proof(Status.FAILED, f"{_far(parameters, _perfect(tries[0]))} {_given_up(tries)}".strip())
    )


def _broken(tries: Sequence[Tried]) -> Proof | None:
    for tried in tries:
        if tried.training.status == "error":
            return Proof(Status.ERROR, tried.training.reason, tried.training.mend)
    return None


def _unfinished(context: Context, tries: Sequence[Tried]) -> Proof | None:
    """Training that was stopped, or told to be shorter than the rubric's."""
    task = context.task
    for tried in tries:
        training = tried.training
        stopped = any(one.run.stopped == "interrupted" for one in tried.judged)
        if training.status == "partial" or (stopped and training.status != "skipped"):
            reason = f"The training was interrupted, so this is not the last word. {training.reason}".strip()
            return Proof(Status.INCONCLUSIVE, reason, training.mend)
        if training.status == "skipped":
            return Proof(Status.INCONCLUSIVE, f"The training could not go on. {training.reason}", training.mend)
        cut = [one for one in tried.judged if not is_complete(one.run, training.recipe, task.epochs)]
        if cut:
            reason = f"Only {count(len(cut[0].run.epochs), 'epoch')} of {task.epochs} were trained."
            return Proof(Status.INCONCLUSIVE, reason, "Train again without --epochs.")
        if len(tried.judged) < len(task.seeds):
            reason = f"Only {len(tried.judged)} of {len(task.seeds)} seeds were tried."
            return Proof(Status.INCONCLUSIVE, reason, "Train again without --seeds.")
    return None


def _not_theirs(context: Context) -> Proof | None:
    """A recipe that is not the submission's own, unless the rubric says that the reference recipe decides."""
    training = context.training
    source = training.recipe_source
    if training.recipe_is_the_students or (source == "rubric" and context.rubric.recipe == "reference"):
        return None
    if source == "code":
        shown = [f"{one.field} ({one.reason.rstrip('.')})" for one in training.recipe_unread[:_MOST_UNREAD]]
        more = len(training.recipe_unread) - len(shown)
        shown += [f"{more} more"] if more else []
        places = tuple(one.location for one in training.recipe_unread[:_MOST_UNREAD] if one.location)
        reason = f"Not all of your training code could be read, so the reference recipe stood in for {listing(shown)}."
        return Proof(Status.INCONCLUSIVE, reason, _OWN_RECIPE, places)
    if source == "option":
        reason = "It was trained with the recipe of --recipe, so yours may well reach it."
        return Proof(Status.INCONCLUSIVE, reason, "Train again without --recipe.")
    found = "No recipe of yours was found, in a .grader.yml or in training code. " if source == "rubric" else ""
    reason = f"{found}It was trained with a recipe that is not yours, so your own may well reach it."
    return Proof(Status.INCONCLUSIVE, reason, _OWN_RECIPE)


def _may_have_passed(parameters: AccuracyTarget, tries: Sequence[Tried]) -> Proof | None:
    """Runs that were given up, where the chance that one of them would have passed is more than the rubric's doubt."""
    if _chance(tries) <= parameters.doubt:
        return None
    reason = (
        f"{_given_up(tries)} That is more than the doubt of {chance_in_words(parameters.doubt)} that fails a model."
    )
    return Proof(Status.INCONCLUSIVE, reason, _TO_THE_END)


def _chance(tries: Sequence[Tried]) -> float:
    """At most so likely would one of the runs that were given up have passed, however they depend on each other."""
    return min(1.0, sum(one.run.given_up.chance for tried in tries for one in tried.judged if one.run.given_up))


def _given_up(tries: Sequence[Tried]) -> str:
    """The chance that giving up took away, in a sentence; empty where every run was trained to its end."""
    given_up = [one.run.given_up for tried in tries for one in tried.judged if one.run.given_up]
    if not given_up:
        return ""
    runs = min(one.runs for one in given_up)
    which = "it" if len(given_up) == 1 else f"one of the {len(given_up)}"
    return (
        f"Trained to the end, by {count(runs, 'run')} of reference models, {which} would still have reached"
        f" {percent(given_up[0].target)} with a chance of at most {chance_in_words(_chance(tries))}."
    )


def _beyond_mending(tries: Sequence[Tried]) -> Proof | None:
    """A failure that no further seed could mend: every run diverged, or is too short for the rule."""
    if all(tried.all_diverged for tried in tries):
        return Proof(Status.FAILED)
    if all(one.short for tried in tries for one in tried.judged):
        epochs = len(tries[0].judged[0].accuracies)
        return Proof(Status.FAILED, f"The recipe trains for {count(epochs, 'epoch')} only, too few for this rule.")
    return None


def _near(parameters: AccuracyTarget, tries: Sequence[Tried]) -> Proof | None:
    """Where chance may explain the miss: the bound of one of the tries lies at the target or above."""
    if parameters.near_miss == "fail":
        return None
    for tried in tries:
        limit = upper_limit(tried, parameters)
        if tried.all_diverged or not reaches(limit, parameters.target):
            continue
        runs = len(tried.judged)
        how = "the spread of these seeds a further one" if runs > 1 else "chance alone a further seed"
        whose = f" {tried.training.recipe_called}:" if len(tries) > 1 else ""
        reason = f"That is too close to call:{whose} by {how} may reach {percent(limit)}."
        stopped = _given_up([tried])
        mend = _TO_THE_END if stopped else "Aim a little above the target, so that the seed does not decide."
        return Proof(Status.INCONCLUSIVE, f"{reason} {stopped}".strip(), mend)
    return None


def _might_be_near(parameters: AccuracyTarget, tries: Sequence[Tried]) -> Proof | None:
    """Where chance might explain the miss, had the runs that were stopped at the target gone on."""
    if _near(parameters, [_perfect(tried) for tried in tries]) is None:
        return None
    reason = "Runs were stopped at the target, so how far a further seed may come is not known."
    return Proof(Status.INCONCLUSIVE, reason, "Train again without --stop-at-target.")


def _perfect(tried: Tried) -> Tried:
    """With the best that the runs which were stopped at the target could have come to."""
    judged = (replace(one, decisive=1.0) if one.cut_at_target else one for one in tried.judged)
    return replace(tried, judged=tuple(judged))


def _far(parameters: AccuracyTarget, tried: Tried) -> str:
    limit = upper_limit(tried, parameters)
    if parameters.near_miss == "fail" or reaches(limit, parameters.target):
        return ""
    return f"A further seed would hardly do better than {percent(limit)}."


def upper_limit(tried: Tried, parameters: AccuracyTarget) -> float:
    """The accuracy that a further seed would hardly exceed.

    By the spread between seeds, known or that of the runs; for a single run by its binomial interval, or the accuracy
    itself where it is not known on how many images it was measured.
    """
    accuracies = [one.counted for one in tried.judged]
    limit = further_run(accuracies, parameters.doubt, parameters.spread)
    if limit is not None:
        return limit
    run = tried.judged[0].run
    if run.evaluation is not None:
        return single_run(accuracies[0], run.evaluation.images)
    return run.interval[1] if run.interval and accuracies[0] == run.best_accuracy else accuracies[0]
