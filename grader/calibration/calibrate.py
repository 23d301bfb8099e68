"""From reports to a calibration; no files, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.calibration.distribution import distribution
from grader.calibration.expectation import expect
from grader.calibration.false_fail import rates, share
from grader.calibration.observations import Observed, observe
from grader.calibration.rules import Calibrated, find_criterion, passes, snippet
from grader.calibration.suggest import never_reached, suggest
from grader.errors import GraderError
from grader.model.calibration import (
    AccuracyRule,
    Calibration,
    CalibrationOrigin,
    Expected,
    ModelCalibration,
    RuleRates,
    SeedRun,
    Suggestion,
)
from grader.model.published import Published
from grader.model.report import GradeReport
from grader.model.rubric import Rubric
from grader.model.training import TrainingRun
from grader.reference.runs import Wanted
from grader.report.notation import plural
from grader.training.statistics import accuracy_of, summarize

_ANY_EPOCH = AccuracyRule(rule="best_epoch")


@dataclass(frozen=True)
class Asked:
    """What the calibration was asked for. `published` is by key of the model."""

    rubric: Rubric
    published: Mapping[str, Published]
    level: float
    recipe: Literal["published", "reference"] = "published"
    epochs: int | None = None  # the cap that replaced the rubric's
    command: str = ""


def calibrate(asked: Asked, reports: Mapping[Wanted, GradeReport], *, created_at: str, seconds: float) -> Calibration:
    """The calibration that these runs come to.

    Raises RubricError for a rubric without an accuracy criterion, GraderError where no run can be used.
    """
    found, rubric = find_criterion(asked.rubric), asked.rubric
    target, epochs = found.parameters.target, asked.epochs or rubric.task.epochs
    everything = observe(reports)
    observed = [one for one in everything if one.runs]
    left_out = tuple(sentence for one in everything for sentence in one.left_out)
    if not observed:
        raise GraderError(f"No run can be used. {' '.join(left_out)}".strip())
    models = tuple(_model(one, asked, target, epochs) for one in observed)
    expected = {model.key: model.expected for model in models}
    rules = rates(observed, expected, found.rule, target, epochs)
    suggestion, otherwise = _suggestions(rules, expected, asked, found)
    return Calibration(
        target=target,
        epochs=epochs,
        rubric_epochs=rubric.task.epochs,
        own=found.rule,
        models=models,
        rules=rules,
        suggestion=suggestion,
        otherwise=otherwise,
        left_out=left_out,
        notes=_notes(asked, found, observed, epochs),
        origin=_origin(asked, found, reports, created_at, seconds),
    )


def _model(one: Observed, asked: Asked, target: float, epochs: int) -> ModelCalibration:
    published = asked.published[one.key]
    expectation = expect(published, asked.rubric, target)
    runs = tuple(_run(run, target, epochs) for run in one.runs)
    return ModelCalibration(
        key=one.key,
        title=published.title,
        expected=expectation.expected,
        why=expectation.why,
        recipe=one.recipe,
        recipe_digest=one.runs[0].environment.get("recipe_digest", ""),
        runs=runs,
        best=distribution([run.best_accuracy for run in runs]),
        final=distribution([run.final_accuracy for run in runs]),
        reaching=share(sum(passes(run, _ANY_EPOCH, target, epochs) for run in one.runs), len(runs)),
    )


def _run(run: TrainingRun, target: float, epochs: int) -> SeedRun:
    records = run.epochs[:epochs]
    summary = summarize(records, run.evaluated_on, target)
    assert run.stopped not in ("interrupted", "target", "hopeless")  # those were left out
    return SeedRun(
        seed=run.seed,
        accuracies=tuple(accuracy_of(record, run.evaluated_on) for record in records),
        best_accuracy=summary.best_accuracy,
        best_epoch=summary.best_epoch,
        final_accuracy=summary.final_accuracy,
        epoch_at_target=summary.first_epoch_at_target,
        stopped=run.stopped,
        seconds=round(sum(record.seconds for record in records), 1),
    )


def _suggestions(
    rules: Sequence[RuleRates], expected: Mapping[str, Expected], asked: Asked, found: Calibrated
) -> tuple[Suggestion, Suggestion | None]:
    first = _with_snippet(suggest(rules, expected, asked.level), found, asked.rubric)
    hopeless = never_reached(rules, expected, asked.level)
    rest = {key: value for key, value in expected.items() if key not in hopeless}
    if not hopeless or first.status == "supported" or "pass" not in rest.values():
        return first, None
    second = suggest(rules, rest, asked.level)
    sentence = (
        f"Without {', '.join(hopeless)}, which no rule passes because no seed reached the target in any epoch:"
        f" {second.sentence[0].lower()}{second.sentence[1:]}"
    )
    second = second.model_copy(update={"without": hopeless, "sentence": sentence})
    return first, _with_snippet(second, found, asked.rubric)


def _with_snippet(suggestion: Suggestion, found: Calibrated, rubric: Rubric) -> Suggestion:
    if suggestion.rule is None:
        return suggestion
    text = snippet(suggestion.rule, found.parameters, rubric.task.seeds, suggestion.spread)
    return suggestion.model_copy(update={"snippet": text})


def _notes(asked: Asked, found: Calibrated, observed: Sequence[Observed], epochs: int) -> tuple[str, ...]:
    rubric, notes = asked.rubric, []
    if epochs != rubric.task.epochs:
        notes.append(
            f"Every run was given {plural(epochs, 'epoch')}, not the {rubric.task.epochs} of the rubric: nothing here"
            " is true of the rubric as it stands."
        )
    if found.others:
        notes.append(
            f"The rubric has {plural(len(found.others) + 1, 'accuracy criterion', 'accuracy criteria')}; calibrated is"
            f" {found.criterion.id}, which has the highest target."
        )
    if asked.recipe == "reference":
        notes.append("Every model was trained with the rubric's reference recipe, not with the one that was published.")
    else:
        own = [one.key for one in observed if not asked.published[one.key].recipe_published]
        if own:
            notes.append(f"No recipe was published for {', '.join(own)}; grader's own was used.")
    early = [one.key for one in observed if any(run.stopped == "early_stop" for run in one.runs)]
    if early:
        notes.append(f"The recipe of {', '.join(early)} may end training early; the epoch it ended with is the last.")
    return tuple(notes)


def _origin(
    asked: Asked, found: Calibrated, reports: Mapping[Wanted, GradeReport], created_at: str, seconds: float
) -> CalibrationOrigin:
    made = [report.provenance for report in reports.values()]
    runs = [run for report in reports.values() for run in report.training.runs[:1]]
    return CalibrationOrigin(
        rubric=asked.rubric.id,
        rubric_title=asked.rubric.title,
        rubric_digest=asked.rubric.digest,
        criterion=found.criterion.id,
        dataset=asked.rubric.task.dataset,
        data_digest=_distinct(one.data_digest for one in made),
        evaluated_on=asked.rubric.task.evaluate_on,
        recipe=asked.recipe,
        seeds=tuple(sorted({wanted.seed for wanted in reports})),
        grader_version=_distinct(one.grader_version for one in made),
        python=_distinct(one.python for one in made),
        torch=_distinct(one.torch for one in made),
        device=_distinct(run.environment.get("device") for run in runs),
        sandbox=_distinct(one.sandbox for one in made),
        created_at=created_at,
        training_seconds=round(sum(epoch.seconds for run in runs for epoch in run.epochs), 1),
        seconds=round(seconds, 1),
        command=asked.command,
    )


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))
