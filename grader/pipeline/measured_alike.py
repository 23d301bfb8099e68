"""Whether a grading with another rubric would have measured what a report holds; where not, why not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from grader.checks.run import TrainingGoal, training_goal
from grader.checks.runs import is_complete, judge
from grader.errors import GraderError
from grader.model.recipe import Recipe
from grader.model.report import GradeReport
from grader.model.rubric import Rubric
from grader.model.training import Training, TrainingRun
from grader.report.notation import shape
from grader.training.statistics import summarize

_SEEDS = re.compile(r"(?<!\S)--seeds[ =](\d{1,3})(?!\S)")


class NotMeasured(GraderError):
    """The report does not hold what the rubric needs."""

    exit_code = 5


@dataclass(frozen=True)
class Marking:
    """A rubric and its reference recipe; None where that is a file that is not at hand."""

    rubric: Rubric
    reference: Recipe | None


def training_under(report: GradeReport, before: Marking | None, after: Marking) -> Training:
    """The training section of a grading with `after`, from the report's of one with `before`.

    Raises NotMeasured, with the reason, where the report does not tell.
    """
    if after.rubric.digest == report.rubric.digest:
        return report.training
    _require_same_images(report, after.rubric)
    _require_same_selection(report, before, after)
    goal = training_goal(after.rubric)
    if report.facts is None or report.scope == "static" or not goal.needed:
        return report.training
    if report.training.status == "not_requested":
        raise NotMeasured("It was not trained: the rubric that it was graded with asks for no training.")
    if before is None or before.rubric.digest != report.rubric.digest:
        raise NotMeasured("The rubric that it was graded with is not at hand.", mend="Name it with --was.")
    _require_same_task(before.rubric, after.rubric)
    _require_same_recipe(report.training, before, after)
    cut = any(flag.kind == "epochs" for flag in report.flags)  # by --epochs: the checks see that, and say so
    asked = _SEEDS.search(report.provenance.command)
    return _Tries(before.rubric, after, goal, cut, int(asked[1]) if asked else None).of(report.training)


def _require_same_images(report: GradeReport, rubric: Rubric) -> None:
    facts, task = report.facts, rubric.task
    if facts is not None and (facts.input_shape, facts.output_shape) != (task.input_shape, (task.classes,)):
        measured = f"images of {shape(facts.input_shape)} and {shape(facts.output_shape)} classes"
        raise NotMeasured(
            f"It was measured with {measured}; the rubric asks for {shape(task.input_shape)} and {task.classes}."
        )


def _require_same_selection(report: GradeReport, before: Marking | None, after: Marking) -> None:
    """What could not be graded might be, where the task differs or a recipe of the submission is not looked at."""
    if report.facts is not None or before is None:
        return
    old, new = before.rubric, after.rubric
    same_task = (old.task.input_shape, old.task.classes) == (new.task.input_shape, new.task.classes)
    if not same_task or (new.recipe == "reference") != (old.recipe == "reference"):
        raise NotMeasured("It could not be graded with the rubric before, and might be with this one.")


def _require_same_task(before: Rubric, after: Rubric) -> None:
    for name, called in (("dataset", "data set"), ("evaluate_on", "evaluation set")):
        old, new = getattr(before.task, name), getattr(after.task, name)
        if old != new:
            raise NotMeasured(f"It was trained on another {called}: {old}, not {new}.")


def _require_same_recipe(training: Training, before: Marking, after: Marking) -> None:
    """Raise NotMeasured where another recipe would have trained."""
    source, old, new = training.recipe_source, before.rubric.recipe, after.rubric.recipe
    if source == "option":  # --recipe, whatever a rubric says
        return
    if new == "reference" and source != "rubric":
        raise NotMeasured("It was trained with the submission's recipe; the rubric asks for the reference recipe.")
    if old == "reference" and new != "reference":
        raise NotMeasured("Whether the submission has a recipe of its own was not looked at.")
    depends = source == "rubric" or training.second_try is not None or not training.recipe_is_the_students
    if depends and not _same_reference(training, before, after):
        raise NotMeasured("It was trained with another reference recipe.")


def _same_reference(training: Training, before: Marking, after: Marking) -> bool:
    if after.reference is None:
        return False
    if before.reference is not None:
        return before.reference.digest == after.reference.digest
    tries = [training, *([training.second_try] if training.second_try else [])]
    return any(one.recipe_source == "rubric" and _digest(one) == after.reference.digest for one in tries)


def _digest(training: Training) -> str:
    try:
        return Recipe.model_validate(training.recipe).digest
    except ValidationError:  # of an older grader
        return ""


@dataclass(frozen=True)
class _Tries:
    """The tries of a training as another rubric would have made them."""

    before: Rubric
    after: Marking
    goal: TrainingGoal
    cut: bool  # by --epochs
    asked: int | None  # with --seeds

    def of(self, training: Training) -> Training:
        """The first try, and the second one where it would have come to it."""
        first = self._one(training).model_copy(update={"second_try": None})
        misfit = training.status == "skipped" and training.second_try is not None
        if not misfit and (first.status != "completed" or self.goal.met(first.runs)):
            return first
        own = training.recipe_source in ("code", "manifest")
        reference = self.after.reference
        if not own or self.after.rubric.recipe != "either" or (reference and _digest(training) == reference.digest):
            return first
        if training.second_try is None:
            raise NotMeasured("With its own recipe it misses the rubric's accuracy, and it had no second try.")
        return first.model_copy(update={"second_try": self._one(training.second_try)})

    def _one(self, training: Training) -> Training:
        runs = self._runs(training) if training.status == "completed" else training.runs
        marked = tuple(self._marked(run) for run in runs)
        return training.model_copy(update={"runs": marked, "target": self.goal.target})

    def _runs(self, training: Training) -> Sequence[TrainingRun]:
        runs, seeds, before = training.runs, self._seeds(self.after.rubric), self._seeds(self.before)
        self._require_epochs(training)
        if seeds != before and tuple(run.seed for run in runs) != seeds[: len(runs)]:
            raise NotMeasured("It was trained with other seeds.")
        for count in range(1, len(runs) + 1):
            if self.goal.decided(runs[:count]):
                return runs[:count]
        if any(run.stopped == "target" and not self._at_every_target(run) for run in runs):
            raise NotMeasured("Its training ended when it had reached the target of the rubric before.")
        lowest = min((one.target for one in self.goal.targets), default=0.0)
        if any(run.given_up and (self.goal.others or run.given_up.target > lowest) for run in runs):
            raise NotMeasured("Its training was stopped as hopeless for the target of the rubric before.")
        if len(runs) < len(seeds):
            raise NotMeasured(f"It was trained with {len(runs)} of the {len(seeds)} seeds that the rubric asks for.")
        return runs

    def _at_every_target(self, run: TrainingRun) -> bool:
        """Whether more epochs of the run would tell nothing more: it reached all that is asked for."""
        cap = self.after.rubric.task.epochs
        reached = all(judge(run, one.target, one.span, cap).reached for one in self.goal.targets)
        return self.goal.stop_at_target and reached

    def _seeds(self, rubric: Rubric) -> tuple[int, ...]:
        """Those that a grading tries at most."""
        return rubric.task.seeds if self.asked is None else tuple(range(self.asked))

    def _require_epochs(self, training: Training) -> None:
        old, new = self.before.task.epochs, self.after.rubric.task.epochs
        if old == new or self.cut:
            return
        if (training.recipe or {}).get("epochs") is None:
            raise NotMeasured(f"Its learning rate was scheduled for {old} epochs; the rubric asks for {new}.")
        if not all(is_complete(run, training.recipe, new) for run in training.runs):
            raise NotMeasured(f"It was trained for at most {old} epochs; the rubric allows {new}.")

    def _marked(self, run: TrainingRun) -> TrainingRun:
        """The run with the epoch at which it reached this rubric's target."""
        epochs = run.epochs[: self.after.rubric.task.epochs]
        reached = summarize(epochs, run.evaluated_on, self.goal.target).first_epoch_at_target if epochs else None
        return run.model_copy(update={"first_epoch_at_target": reached})
