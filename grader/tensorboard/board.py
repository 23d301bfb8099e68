"""One run folder per submission and seed: scalars as the epochs end, everything else when the report is there."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.model.report import GradeReport
from grader.model.training import EpochRecord, Training, TrainingRun
from grader.report.escape import visible
from grader.tensorboard.folder import new_folder, require_tensorboard
from grader.tensorboard.hyperparameters import hyperparameters
from grader.tensorboard.texts import recipe_text, verdict_text

if TYPE_CHECKING:
    from grader.training.launch import ProgressEvent

_Key = tuple[str, int]  # digest of the recipe, seed


@dataclass
class _Open:
    """The runs of the submission that is being graded."""

    name: str
    writers: dict[_Key, Any] = field(default_factory=dict)  # torch.utils.tensorboard.SummaryWriter
    recipes: list[str] = field(default_factory=list)  # digests in the order in which they train


class Board:
    """Writes event files, or nothing where there is no folder. A context: on leaving it all files are closed.

    A write that fails is kept in `problem`, one sentence, and ends the writing; it never ends a grading.
    """

    def __init__(self, folder: Path | None) -> None:
        """Raises UsageError where the package is missing or the folder can't be written to."""
        if folder is not None:
            require_tensorboard(folder)
        self.problem = ""
        self._folder, self._runs = folder, _Open("submission")

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self._guard(self._close)

    def begin(self, name: str) -> None:
        """The next submission; its runs are called `name`-seed-0 and so on."""
        self._guard(self._close)
        self._runs = _Open(name)

    def training(self, event: "ProgressEvent") -> None:
        """A retraining went on; where an epoch has ended, its figures are written."""
        folder, record = self._folder, event.ended
        if folder is not None and record is not None:
            self._guard(lambda: self._epoch(folder, event.recipe, event.seed, record))

    def finish(self, report: GradeReport) -> None:
        """Add pictures, recipe, verdict and hyperparameters to the submission's runs."""
        self._guard(lambda: self._finish(report))

    def _guard(self, write: Callable[[], None]) -> None:
        if self.problem:
            return
        try:
            write()
        except OSError as problem:
            where = visible(str(self._folder))
            self.problem = f"TensorBoard's files in {where} are not complete: {problem.strerror or problem}."

    def _epoch(self, folder: Path, recipe: str, seed: int, record: EpochRecord) -> None:
        writer = self._runs.writers.get((recipe, seed)) or self._open(folder, recipe, seed)
        for tag, value in scalars(record):
            writer.add_scalar(tag, value, record.epoch)
        writer.flush()

    def _open(self, folder: Path, recipe: str, seed: int) -> Any:
        runs = self._runs
        if recipe not in runs.recipes:
            runs.recipes.append(recipe)
        attempt = "-second-try" if runs.recipes.index(recipe) else ""
        place = new_folder(folder, f"{runs.name}{attempt}-seed-{seed}")
        # Torch is loaded only now: the measuring needed it anyway.
        writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(place))
        runs.writers[recipe, seed] = writer
        return writer

    def _finish(self, report: GradeReport) -> None:
        for training in _tries(report.training):
            for run in training.runs:
                writer = self._runs.writers.get((run.environment.get("recipe_digest", ""), run.seed))
                if writer is not None:
                    _describe(writer, report, training, run)
        self._close()

    def _close(self) -> None:
        writers, self._runs.writers = self._runs.writers, {}
        for writer in writers.values():
            writer.close()


def scalars(record: EpochRecord) -> Iterator[tuple[str, float]]:
    """Tag and value of everything that an epoch measured."""
    yield "learning_rate", record.lr
    yield "seconds_per_epoch", record.seconds
    for subset in ("train", "test", "validation"):
        for quantity in ("loss", "accuracy"):
            value = getattr(record, f"{subset}_{quantity}")
            if value is not None:
                yield f"{quantity}/{subset}", value


def _tries(training: Training | None) -> Iterator[Training]:
    while training is not None:
        yield training
        training = training.second_try


def _describe(writer: Any, report: GradeReport, training: Training, run: TrainingRun) -> None:
    from grader.tensorboard.pictures import confusion_picture, filter_sheet, mistake_sheet, saliency_sheet

    found = run.evaluation
    pictures = (
        ("confusion_matrix", confusion_picture(found.confusion)),
        ("mistakes", mistake_sheet(found.mistakes)),
        ("saliency", saliency_sheet(found)),
        ("filters", filter_sheet(found.filters)),
    ) if found else ()  # fmt: skip
    for tag, picture in pictures:
        if picture is not None:
            writer.add_image(tag, picture, run.best_epoch, dataformats="HWC")
    writer.add_text("verdict", verdict_text(report), run.best_epoch)
    writer.add_text("recipe", recipe_text(training), run.best_epoch)
    writer.flush()
    values, metrics = hyperparameters(report, training, run)
    # It opens a file of its own; "." keeps that file in the run's folder.
    writer.add_hparams(values, metrics, run_name=".", global_step=run.best_epoch)
