"""Retraining: one process per seed, until enough of them decide. Imports no torch; the processes do."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from grader.errors import RecipeError, TrainingError
from grader.model.graph import Export
from grader.model.hopeless import HopelessRule
from grader.model.recipe import Recipe
from grader.model.task import Task
from grader.model.training import EpochRecord, Training, TrainingRun
from grader.training.available_memory import available_memory
from grader.training.data_folder import folder_of
from grader.training.events import EpochEnded, Event
from grader.training.job import TrainingJob
from grader.training.process import TrainingProcess
from grader.training.race import Race, Refusal
from grader.training.runlog import RunLog
from grader.training.runner import Runner, Way
from grader.training.shared_device import TrainingLane
from grader.training.statistics import accuracy_of

Status = Literal["completed", "partial", "skipped", "error"]


@dataclass(frozen=True)
class ProgressEvent:
    """Where a run stands. `share` is that of the whole run, 0 to 1; accuracies are None before the first epoch."""

    seed: int
    run: int  # 1-based
    runs: int  # at most
    epoch: int  # 1-based, the one in progress
    finished: int  # epochs that are trained and evaluated; `accuracy` is that of the last of them
    epochs: int
    share: float
    accuracy: float | None
    best_accuracy: float | None
    seconds_left: float | None  # of this run; None before it can be told
    recipe: str = ""  # digest of the recipe that trains
    ended: EpochRecord | None = None  # the epoch that this event ends; None while one is in progress


def retrain(
    export: Export,
    recipe: Recipe,
    task: Task,
    *,
    target: float | None = None,
    stop_at_target: bool = False,
    hopeless: HopelessRule | None = None,
    data_dir: Path | None = None,
    device: str = "auto",
    seeds: Sequence[int] | None = None,
    enough: Callable[[Sequence[TrainingRun]], bool] | None = None,
    workers: int = 1,
    epoch_seconds: float = 1800,
    memory_bytes: int | None = None,
    on_progress: Callable[[ProgressEvent], None] | None = None,
    save_weights: Path | None = None,
    weights_name: str = "weights",
    stored: int = 0,
    door: Path | None = None,
) -> Training:
    """Train the graph from fresh weights, each seed in a process of its own, and report what was measured.

    `stop_at_target` ends a run at its first epoch at the target, `hopeless` one that will hardly get there. `enough`
    says of the first so many runs whether the seeds after them can be left out; by default one run that reached the
    target in any epoch is enough. `workers` seeds train side by side, one thread each; that changes the time it takes,
    not the outcome. `epoch_seconds` is the longest that an epoch may take, `memory_bytes` what all workers together may
    take, by default what the machine has left. `save_weights` is a folder, in which the files are called
    `weights_name`-seed-0.safetensors and so on. `stored` counts the values that the graph holds outside its parameters:
    many are a reason to look closer at what it learned. `door` is where a `SharedDevice` is met, which trains the runs
    beside those of others; what breaks off there begins again in a process of its own.

    What goes wrong is in the status: "skipped" without data or device and where memory or time do not suffice,
    "partial" after Ctrl-C, "error" when a process broke off. Runs that had ended or begun by then are kept. Raises
    RecipeError for a recipe that does not fit the data set.
    """
    seeds = tuple(task.seeds if seeds is None else seeds)
    memory = available_memory() if memory_bytes is None else memory_bytes
    jobs = [
        TrainingJob(
            export=export,
            recipe=recipe,
            task=task,
            seed=seed,
            target=target,
            stop_at_target=stop_at_target,
            hopeless=hopeless,
            device=device,
            data_dir=folder_of(data_dir),
            keep_weights=save_weights is not None,
            stored=stored,
            memory_bytes=None if memory is None else memory // max(1, min(workers, len(seeds))),
        )
        for seed in seeds
    ]
    book = _Book(jobs, on_progress, save_weights, weights_name, enough or _one_at_the_target)
    race = Race(jobs, book.news, book.closing, book.enough, epoch_seconds, _ways(door))
    status, reason, mend, counted = _run(race, book, workers, len(jobs))
    runs = [book.logs[index].to_run(book.weights.get(index)) for index in range(counted)]
    started = next((log.started for log in book.logs if log.started), None)
    return Training(
        status=status,
        reason=reason,
        mend=mend,
        recipe=recipe.model_dump(mode="json"),
        recipe_origins=dict(recipe.origins),
        dataset=task.dataset,
        target=target,
        initializers=started.initializers if started else {},
        runs=tuple(run for run in runs if run is not None),
    )


def _one_at_the_target(runs: Sequence[TrainingRun]) -> bool:
    return any(run.first_epoch_at_target is not None for run in runs)


def _ways(door: Path | None) -> tuple[Way, ...]:
    """How a run may be trained; each for where the one before breaks off."""
    return (TrainingProcess,) if door is None else (partial(TrainingLane, door=door), TrainingProcess)


def _run(race: Race, book: "_Book", workers: int, runs: int) -> tuple[Status, str, str, int]:
    """Status, reason, mend, and how many of the runs count."""
    try:
        return "completed", "", "", race.run(workers)
    except KeyboardInterrupt:
        return "partial", book.interruption(), "Run the same command again and let it finish.", runs
    except Refusal as refusal:
        refused = refusal.event
        if refused.kind == "recipe":
            raise RecipeError(refused.message, mend=refused.mend) from None
        return "error" if refused.kind == "model" else "skipped", refused.message, refused.mend, runs
    except TrainingError as problem:
        return "error", problem.message, problem.mend, runs


class _Book:
    """Keeps the logs of all runs, passes progress on, and saves weights."""

    def __init__(
        self,
        jobs: Sequence[TrainingJob],
        on_progress: Callable[[ProgressEvent], None] | None,
        folder: Path | None,
        weights_name: str,
        enough: Callable[[Sequence[TrainingRun]], bool],
    ) -> None:
        self.logs = [RunLog(job.seed, job.task.evaluate_on, job.target) for job in jobs]
        self.weights: dict[int, str] = {}
        self._on_progress, self._folder, self._weights_name = on_progress, folder, weights_name
        self._enough = enough
        self._began: dict[int, float] = {}

    def news(self, index: int, event: Event) -> None:
        """Note an event and pass on where the run stands."""
        log = self.logs[index]
        log.take(event)
        if self._on_progress and log.started:
            self._on_progress(self._progress(index, log, event.record if isinstance(event, EpochEnded) else None))

    def closing(self, index: int, process: Runner) -> None:
        """Keep the weights of a process that is about to be ended."""
        content = process.weights() if self._folder else None
        if self._folder is None or content is None:
            return
        name = f"{self._weights_name}-seed-{process.seed}.safetensors"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_bytes(content)
        except OSError as problem:
            place = self._folder / name
            raise TrainingError(f"The weights could not be written to {place}: {problem.strerror}.") from None
        self.weights[index] = name

    def enough(self, indices: Sequence[int]) -> bool:
        """Whether these runs make the later seeds unnecessary."""
        runs = [self.logs[index].to_run() for index in indices]
        return self._enough([run for run in runs if run is not None])

    def interruption(self) -> str:
        """Where Ctrl-C struck, in a sentence."""
        current = next((log for log in self.logs if not log.ended), None)
        if current is None or current.started is None:
            return "Training was interrupted before it began."
        done = len(current.epochs)
        return f"Training was interrupted after {done} of {current.started.epochs} epochs with seed {current.seed}."

    def _progress(self, index: int, log: RunLog, ended: EpochRecord | None) -> ProgressEvent:
        assert log.started is not None
        elapsed = time.monotonic() - self._began.setdefault(index, time.monotonic())
        accuracies = [accuracy_of(record, log.evaluated_on) for record in log.epochs]
        share = log.share
        return ProgressEvent(
            seed=log.seed,
            run=index + 1,
            runs=len(self.logs),
            epoch=min(len(log.epochs) + 1, log.started.epochs),
            finished=len(log.epochs),
            epochs=log.started.epochs,
            share=share,
            accuracy=accuracies[-1] if accuracies else None,
            best_accuracy=max(accuracies, default=None),
            seconds_left=elapsed * (1 - share) / share if share > 0 else None,
            recipe=log.started.environment.get("recipe_digest", ""),
            ended=ended,
        )
