"""Running a rubric's checks: findings become outcomes with points."""

from collections.abc import Callable
from dataclasses import dataclass

from grader.checks.accuracy import AccuracyTarget
from grader.checks.base import Check, Context
from grader.checks.runs import judge
from grader.checks.validate import resolve
from grader.model.base import Frozen
from grader.model.outcome import Finding, Outcome, Status
from grader.model.rubric import Criterion, Rubric
from grader.model.training import TrainingRun
from grader.rubric.score import Scope


@dataclass(frozen=True)
class TrainingGoal:
    """What the rubric wants of a retraining. `target` is None where no criterion names an accuracy."""

    needed: bool
    target: float | None
    stop_at_target: bool  # only where nothing is judged on the epochs after it
    succeeded: Callable[[TrainingRun], bool]  # a run that meets every accuracy criterion: no further seed is tried


def evaluate(rubric: Rubric, context: Context, scope: Scope) -> tuple[Outcome, ...]:
    """One outcome per criterion in scope, in the rubric's order; "static" leaves out what needs training.

    A check that raises gives an outcome with the status error, which never costs points. Raises RubricError for a
    rubric that `validate_checks` would refuse.
    """
    resolved = _resolved(rubric)
    return tuple(
        to_outcome(criterion, _run(check, parameters, context))
        for criterion, check, parameters in resolved
        if scope == "full" or not check.needs_training
    )


def not_graded(rubric: Rubric, finding: Finding, scope: Scope) -> tuple[Outcome, ...]:
    """The outcomes of a submission that can't be graded: one finding says for every criterion in scope why."""
    return tuple(
        to_outcome(criterion, finding.model_copy(update={"expected": criterion.title}))
        for criterion, check, _ in _resolved(rubric)
        if scope == "full" or not check.needs_training
    )


def training_goal(rubric: Rubric) -> TrainingGoal:
    """The highest target of the rubric, and whether a seed may stop as soon as it is reached."""
    demanding = [(check, parameters) for _, check, parameters in _resolved(rubric) if check.needs_training]
    targets = [parameters for _, parameters in demanding if isinstance(parameters, AccuracyTarget)]
    epochs = rubric.task.epochs
    return TrainingGoal(
        succeeded=lambda run: all(judge(run, one.target, one.span, epochs).reached for one in targets),
        needed=bool(demanding),
        target=max((one.target for one in targets), default=None),
        stop_at_target=bool(targets)
        and len(targets) == len(demanding)
        and all(one.rule == "best_epoch" for one in targets),
    )


def to_outcome(criterion: Criterion, finding: Finding) -> Outcome:
    """A finding with its criterion's points: all of them when passed, else none."""
    return Outcome(
        id=criterion.id,
        title=criterion.title,
        check=criterion.check,
        kind=criterion.kind,
        points=criterion.points if finding.status is Status.PASSED else 0,
        max_points=criterion.points,
        **{name: getattr(finding, name) for name in Finding.model_fields},
    )


def _resolved(rubric: Rubric) -> list[tuple[Criterion, Check, Frozen]]:
    return [(criterion, *resolve(rubric, index)) for index, criterion in enumerate(rubric.criteria)]


def _run(check: Check, parameters: Frozen, context: Context) -> Finding:
    try:
        finding = check.run(context, parameters)
        if not isinstance(finding, Finding):
            raise TypeError(f"it answered {type(finding).__name__}, not a Finding")
    except Exception as error:  # a check may come from any installed package
        return Finding(
            status=Status.ERROR,
            expected="an answer",
            observed="the check broke",
            message=f"The check {check.name!r} broke ({type(error).__name__}: {error}); that is not your fault.",
            fix="Report this to the people who run grader; nothing in your submission needs to change.",
        )
    return finding
