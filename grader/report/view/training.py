"""The training section: runs, epochs, mistakes."""

from dataclasses import dataclass

from grader.model.pace import Pace
from grader.model.training import EpochRecord, Evaluation, Mistake, Training, TrainingRun
from grader.report.escape import prose, visible
from grader.report.figures.curves import evaluated
from grader.report.notation import (
    NOTHING,
    count,
    decimal,
    duration,
    percent,
    percent_range,
    plural,
    rate,
    size,
)
from grader.report.view.pace import pace_sentence
from grader.report.view.probes import ProbesView, probes_view
from grader.report.view.table import Entry, Table, table
from grader.report.view.tries import deciding_run, deciding_try, heading, tries
from grader.report.view.verdict import set_name

MOST_RUNS = 12
MOST_EPOCHS = 200
MOST_MIX_UPS = 8
MOST_MISTAKES = 25
_STOPPED = {
    "completed": "all epochs run",
    "target": "ended by --stop-at-target",
    "early_stop": "stopped early, as the recipe says",
    "hopeless": "stopped as hopeless",
    "interrupted": "interrupted",
    "diverged": "diverged: the loss was no longer a number",
}
_DATASETS = {"mnist": "MNIST", "digits": "the offline digits (scikit-learn's, scaled to 28×28)"}


@dataclass(frozen=True)
class EpochView:
    """A row of the epoch table."""

    epoch: str
    rate: str
    train_loss: str
    train_accuracy: str
    loss: str
    accuracy: str
    seconds: str
    best: bool


@dataclass(frozen=True)
class RunView:
    """One seed. `reached` is empty where there is no target, `pace` where it was not measured."""

    seed: int
    set_name: str
    best: str
    interval: str
    final: str
    reached: str
    ending: str
    time: str
    memory: str
    weights: str
    pace: str
    environment: tuple[Entry, ...]
    epochs: Table[EpochView]


@dataclass(frozen=True)
class MistakeView:
    """A misclassified digit in words; the picture is drawn from `image`."""

    label: int
    predicted: int
    probability: str
    index: int
    image: str


@dataclass(frozen=True)
class EvaluationView:
    """Where the deciding run errs."""

    heading: str
    mix_ups: tuple[str, ...]
    mistakes: tuple[MistakeView, ...]
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class TryView:
    """The runs with one recipe. `status` is a sentence, `heading` empty where nothing was tried."""

    heading: str
    status: str
    mend: str
    runs: Table[RunView]
    has_interval: bool
    has_memory: bool
    probes: ProbesView | None = None


@dataclass(frozen=True)
class TrainingView:
    """What was trained and what came of it: one try, or two."""

    target: str
    tries: tuple[TryView, ...]
    evaluation: EvaluationView | None


def training_view(training: Training) -> TrainingView:
    """The training section of any report, trained or not."""
    run = deciding_run(training)
    made = tries(training)
    whose = "Second try, seed" if deciding_try(training) is training.second_try else "Seed"
    return TrainingView(
        target="" if training.target is None else percent(training.target),
        tries=tuple(_try(one, heading(one, number, len(made))) for number, one in enumerate(made)),
        evaluation=_evaluation(run, run.evaluation, whose) if run and run.evaluation else None,
    )


def _try(training: Training, heading: str) -> TryView:
    return TryView(
        heading=heading if training.recipe else "",
        status=_status(training),
        mend=visible(training.mend),
        runs=table(training.runs, MOST_RUNS, lambda run: _run(run, training.target)),
        has_interval=any(run.interval for run in training.runs),
        has_memory=any(run.peak_memory_bytes for run in training.runs),
        probes=probes_view(training),
    )


def _status(training: Training) -> str:
    reason = prose(training.reason)
    if training.status == "completed":
        where = f" on {_DATASETS.get(training.dataset, visible(training.dataset))}" if training.dataset else ""
        seconds = sum(epoch.seconds for run in training.runs for epoch in run.epochs)
        seeds = plural(len(training.runs), "seed")
        return f"The rebuilt graph was trained from fresh weights{where} with {seeds}, in {duration(seconds)}."
    skipped = "Training could not go on; what had run is shown." if training.runs else "The model was not trained."
    words = {
        "partial": "Training was interrupted; what had run is shown.",
        "skipped": skipped,
        "not_requested": "Training was not asked for.",
        "error": "Training failed on our side; this costs no points.",
    }
    return f"{words[training.status]} {reason}".strip()


def _run(run: TrainingRun, target: float | None) -> RunView:
    if target is None and run.first_epoch_at_target is None:
        reached = ""
    else:
        reached = "never" if run.first_epoch_at_target is None else f"epoch {run.first_epoch_at_target}"
    pace = pace_sentence(run)
    told = {name: value for name, value in run.environment.items() if not (pace and name in Pace.model_fields)}
    environment = [Entry(visible(name, 60), visible(value, 160)) for name, value in sorted(told.items())]
    return RunView(
        seed=run.seed,
        set_name=set_name(run),
        best=f"{percent(run.best_accuracy)} at epoch {run.best_epoch}",
        interval=percent_range(run.interval),
        final=percent(run.final_accuracy),
        reached=reached,
        ending=_ending(run),
        time=duration(sum(epoch.seconds for epoch in run.epochs)),
        memory=size(run.peak_memory_bytes),
        weights=visible(run.weights or ""),
        pace=pace,
        environment=tuple(environment[:20]),
        epochs=table(run.epochs, MOST_EPOCHS, lambda epoch: _epoch(epoch, run)),
    )


def _ending(run: TrainingRun) -> str:
    """How many epochs, and why no more; with the chance that was given up, where one was."""
    if run.given_up is not None:
        chance = f"{percent(run.given_up.target)} with a chance of at most {run.given_up.at_most}"
        return f"{_STOPPED['hopeless']} after {run.given_up.length}: it would still have reached {chance}"
    return f"{plural(len(run.epochs), 'epoch')}, {_STOPPED[run.stopped]}"


def _epoch(epoch: EpochRecord, run: TrainingRun) -> EpochView:
    loss, accuracy = evaluated(epoch, run.evaluated_on)
    return EpochView(
        epoch=str(epoch.epoch),
        rate=rate(epoch.lr),
        train_loss=decimal(epoch.train_loss),
        train_accuracy=percent(epoch.train_accuracy),
        loss=decimal(loss),
        accuracy=percent(accuracy),
        seconds=f"{epoch.seconds:.1f}",
        best=epoch.epoch == run.best_epoch,
    )


def _evaluation(run: TrainingRun, evaluation: Evaluation, whose: str) -> EvaluationView:
    matrix = evaluation.confusion
    pairs = [
        (number, true, predicted)
        for true, row in enumerate(matrix)
        for predicted, number in enumerate(row)
        if true != predicted and number
    ]
    unanswered = sum(evaluation.unanswered)
    wrong = sum(number for number, _, _ in pairs) + unanswered
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    heading = (
        f"{whose} {run.seed}, epoch {run.best_epoch}: {count(evaluation.images - wrong)} of "
        f"{plural(evaluation.images, 'image')} of the {set_name(run)} right, {count(wrong)} wrong"
        f"{f', of which {count(unanswered)} got scores that are not numbers' if unanswered else ''}."
    )
    mix_ups = tuple(f"{true} read as {predicted}: {count(number)}×" for number, true, predicted in pairs[:MOST_MIX_UPS])
    return EvaluationView(
        heading=heading,
        mix_ups=mix_ups or (NOTHING,),
        mistakes=tuple(_mistake(mistake) for mistake in evaluation.mistakes[:MOST_MISTAKES]),
        matrix=matrix,
    )


def _mistake(mistake: Mistake) -> MistakeView:
    share = f"{mistake.probability * 100:.0f} %"
    return MistakeView(mistake.label, mistake.predicted, share, mistake.index, mistake.image)
