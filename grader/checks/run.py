"""Running a rubric's checks: findings become outcomes with points."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.checks.accuracy_target import AccuracyTarget
from grader.checks.base import Check, Context
from grader.checks.runs import judge
from grader.checks.validate import resolve_all
from grader.model.base import Frozen
from grader.model.outcome import Finding, Outcome, Status
from grader.model.rubric import Criterion, Rubric
from grader.model.training import TrainingRun
from grader.rubric.score import Scope


@dataclass(frozen=True)
class TrainingGoal:
    """The rubric's accuracy criteria, and whether checks that grader does not know look at the training too."""

    targets: tuple[AccuracyTarget, ...]
    epochs: int  # the rubric's cap
    others: bool = False

    @property
    def needed(self) -> bool:
        """Whether any criterion looks at a training."""
        return bool(self.targets) or self.others

    @property
    def target(self) -> float | None:
        """The highest accuracy asked for; None where no criterion names one."""
        return max((one.target for one in self.targets), default=None)

    @property
    def stop_at_target(self) -> bool:
        """Whether a run may end at its first epoch at the target: nothing is judged on the epochs after it."""
        return not self.why_no_stop

    @property
    def why_no_stop(self) -> str:
        """Why a run may not end at the target, to be said of a rubric; empty where it may."""
        if not self.targets:
            return "has no accuracy criterion"
        if self.others:
            return "judges trainings by more than their accuracy"
        return "" if all(one.span is None for one in self.targets) else "judges the last epochs of a training"

    def met(self, runs: Sequence[TrainingRun]) -> bool:
        """Whether enough of these runs reach the target, for each of the accuracy criteria."""
        return all(
            sum(judge(run, one.target, one.span, self.epochs).reached for run in runs) >= one.needed
            for one in self.targets
        )

    def decided(self, runs: Sequence[TrainingRun]) -> bool:
        """Whether these runs make further seeds unnecessary. A miss never does: each seed tells how sure it is."""
        return bool(self.targets) and not self.others and self.met(runs)


def evaluate(rubric: Rubric, context: Context, scope: Scope) -> tuple[Outcome, ...]:
    """One outcome per criterion in scope, in the rubric's order; "static" leaves out what needs training.

    A check that raises gives an outcome with the status error, which never costs points. Raises RubricError for a
    rubric that `validate_checks` would refuse.
    """
    return tuple(
        to_outcome(criterion, _run(check, parameters, context), check.why)
        for criterion, check, parameters in resolve_all(rubric)
        if scope == "full" or not check.needs_training
    )


def not_graded(rubric: Rubric, finding: Finding, scope: Scope) -> tuple[Outcome, ...]:
    """The outcomes of a submission that can't be graded: one finding says for every criterion in scope why."""
    return tuple(
        to_outcome(criterion, finding.model_copy(update={"expected": criterion.title}))
        for criterion, check, _ in resolve_all(rubric)
        if scope == "full" or not check.needs_training
    )


def training_goal(rubric: Rubric) -> TrainingGoal:
    """The goal of a rubric's training criteria. Raises RubricError as `validate_checks` does."""
    demanding = [parameters for _, check, parameters in resolve_all(rubric) if check.needs_training]
    targets = tuple(parameters for parameters in demanding if isinstance(parameters, AccuracyTarget))
    return TrainingGoal(targets, rubric.task.epochs, others=len(targets) < len(demanding))


def to_outcome(criterion: Criterion, finding: Finding, why: str = "") -> Outcome:
    """A finding with its criterion's points: all of them when passed, else none, and `why` it is asked for."""
    return Outcome(
        id=criterion.id,
        title=criterion.title,
        check=criterion.check,
        kind=criterion.kind,
        points=criterion.points if finding.status is Status.PASSED else 0,
        max_points=criterion.points,
        why=why if finding.status in (Status.FAILED, Status.INCONCLUSIVE) else "",
        **{name: getattr(finding, name) for name in Finding.model_fields},
    )


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
