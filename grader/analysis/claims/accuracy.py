"""Claims about accuracy, against a retraining from fresh weights.

Two trainings of one model differ by chance: by the seed, and by which images are looked at. So a claim is confirmed by
anything from the lower end of its 95 % interval upwards, and contradicted only where the interval of what was measured,
widened by what the seeds differ, does not touch the claim's.
"""

from grader.analysis.claims.answer import Answer, not_checkable
from grader.analysis.claims.evidence import Evidence, gather, half_width, images_measured, why_incomplete
from grader.analysis.claims.figures import fits
from grader.analysis.claims.wording import listing, percent, percent_as_written
from grader.model.claims import AccuracyClaim, Figure, Verdict
from grader.model.training import Training

_LEAST_MARGIN = 0.001  # of "about 99.4 %"


def check(claim: AccuracyClaim, training: Training) -> Answer:
    """Confirmed by what reaches it, on the images it speaks of."""
    impossible = _contradicts_itself(claim)
    if impossible:
        return Answer("contradicted", explanation=impossible)
    reason = why_not_comparable(training)
    if not reason and claim.subset == "train":
        reason = _why_train_accuracy_differs(training)
    if reason:
        return not_checkable(reason)
    measured_on = images_measured(training, claim.subset)
    if measured_on is None:
        return not_checkable(f"The accuracy on the {claim.subset} images was not measured.")
    final = claim.role == "final" and claim.epoch is None
    evidence = gather(training, measured_on, final=final, epoch=claim.epoch)
    if evidence is None:
        return not_checkable(_not_reached(claim, training))
    if claim.figure.relation in ("less_than", "at_most"):
        return _upper_bound(claim.figure, evidence, training)
    floor = _floor(claim)
    verdict = judge(floor, claim.total or evidence.images, evidence)
    note = _other_images(claim, evidence)
    if verdict == "confirmed":
        word = "reaches it" if evidence.best >= floor else "is within what chance explains of it"
        return Answer(verdict, str(evidence), f"{percent(evidence.best)} {word}.{note}", evidence.best)
    return _missed(claim, floor, verdict, evidence, training, note)


def why_not_comparable(training: Training) -> str:
    """Why no accuracy can be checked; empty where it can."""
    if not training.runs:
        return f"The model was not trained. {training.reason}".strip()
    if training.dataset not in ("", "mnist"):
        return f"It was trained on the data set {training.dataset} here, and the submission on another."
    return ""


def judge(floor: float, images: int, evidence: Evidence) -> Verdict:
    """Whether a measured accuracy supports one of at least `floor` on so many images."""
    margin = half_width(floor, images)
    if evidence.best >= floor - margin:
        return "confirmed"
    own = half_width(evidence.best, evidence.images)
    return "contradicted" if evidence.best + own + evidence.spread < floor - margin else "ambiguous"


def softened(
    verdict: Verdict, floor: float, images: int, evidence: Evidence, training: Training
) -> tuple[Verdict, str]:
    """A miss, and what of it is not the submission's doing."""
    again = training.second_try
    second = gather(again, evidence.measured_on) if again and not why_not_comparable(again) else None
    if second is not None and judge(floor, images, second) == "confirmed":
        return "ambiguous", f"With the rubric's recipe the model reaches {percent(second.best)}, so it can be reached."
    if not training.recipe_is_the_students:
        return "not_checkable", "It was trained with a recipe that is not the submission's, which may do better."
    return _unfinished(training) or (verdict, "")


def _unfinished(training: Training) -> tuple[Verdict, str] | None:
    """What becomes of a claim that more training could decide, and why; None where all was run."""
    incomplete = why_incomplete(training)
    if not incomplete:
        return None
    return "ambiguous" if any(run.stopped == "target" for run in training.runs) else "not_checkable", incomplete


def _not_reached(claim: AccuracyClaim, training: Training) -> str:
    """Why there is no accuracy of the epoch that is meant."""
    incomplete = why_incomplete(training)
    if claim.epoch:
        return f"Epoch {claim.epoch} was not reached. {incomplete}".strip()
    return incomplete or "No epoch was completed."


def _missed(
    claim: AccuracyClaim, floor: float, verdict: Verdict, evidence: Evidence, training: Training, note: str
) -> Answer:
    images = claim.total or evidence.images
    verdict, reason = softened(verdict, floor, images, evidence, training)
    if not reason and claim.subset == "unknown":
        verdict, reason = "ambiguous", "The text does not say which images it means."
    if not reason and verdict == "ambiguous":
        reason = "That is too close to call."
    seeds = listing([str(run.seed) for run in evidence.runs])
    tried = f"seed {seeds}" if len(evidence.runs) == 1 else f"the seeds {seeds}"
    which = "best" if claim.epoch is None and claim.role != "final" else "closest"
    sentence = f"Trained again with {tried}, the {which} is {percent(evidence.best)} {evidence.where}"
    gap = f", {(floor - evidence.best) * 100:.2f} points below {percent_as_written(claim.figure)}."
    return Answer(verdict, str(evidence), f"{sentence}{gap} {reason}{note}".strip(), evidence.best)


def _contradicts_itself(claim: AccuracyClaim) -> str:
    value, tolerance = claim.figure.value, claim.figure.tolerance
    if not 0 <= value <= 1:
        return "An accuracy lies between 0 and 100 %."
    if claim.correct is None or not claim.total:
        return ""
    if not 0 <= claim.correct <= claim.total:
        return f"{claim.correct:,} of {claim.total:,} is impossible."
    share = claim.correct / claim.total
    # A figure in full, such as 99.44 without a known last digit, may still have been rounded to 0.01 %.
    exact = claim.figure.model_copy(update={"tolerance": max(tolerance, 0.00005)})
    if claim.figure.relation == "exactly" and not fits(exact, share):
        return f"{claim.correct:,} of {claim.total:,} is {percent(share)}, not {percent_as_written(claim.figure)}."
    return ""


def _floor(claim: AccuracyClaim) -> float:
    """The least that was claimed."""
    if claim.correct is not None and claim.total:
        return claim.correct / claim.total
    figure = claim.figure
    slack = {"exactly": figure.tolerance, "about": max(2 * figure.tolerance, _LEAST_MARGIN)}.get(figure.relation, 0.0)
    return figure.value - slack


def _upper_bound(figure: Figure, evidence: Evidence, training: Training) -> Answer:
    margin = half_width(figure.value, evidence.images)
    right = evidence.best <= figure.value + margin
    if right and (unfinished := _unfinished(training)):
        return Answer(unfinished[0], str(evidence), unfinished[1], evidence.best)
    sentence = "" if right else f"Trained again it reaches {percent(evidence.best)}, which is more."
    return Answer("confirmed" if right else "contradicted", str(evidence), sentence, evidence.best)


def _why_train_accuracy_differs(training: Training) -> str:
    recipe = training.recipe or {}
    if recipe.get("augmentation") or recipe.get("rotated_copies"):
        return "The accuracy in training depends on the augmentation, which is drawn anew each time."
    if not training.recipe_is_the_students:
        return "The accuracy in training depends on the recipe, and it was trained with another."
    return ""


def _other_images(claim: AccuracyClaim, evidence: Evidence) -> str:
    if claim.subset == "validation" and evidence.measured_on == "test":
        return " No images were held out for validation here, so it was compared with the test set."
    if claim.subset == "unknown":
        return f" The text does not say on which images; this is {evidence.where}." if evidence.runs else ""
    return ""
