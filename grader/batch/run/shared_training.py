"""Training for a whole class: identical graphs with the same recipe and seed train once, whoever handed them in."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.batch.run.costs import Cost
from grader.batch.run.executor import Executor, TookTooLong, WorkerDied
from grader.batch.run.keys import training_key
from grader.batch.run.ledger import Ledger
from grader.batch.run.own_names import OwnNames, renamed
from grader.batch.run.train_part import Machine, TrainDone, TrainTask, train_one
from grader.model.graph import Export
from grader.model.hopeless import HopelessRule
from grader.model.recipe import Recipe
from grader.model.task import Task
from grader.model.training import Training, TrainingRun
from grader.model.work import Ended, Stage, TrainingKey
from grader.training.launch import ProgressEvent
from grader.training.statistics import summarize

_TO_START = 1200.0  # seconds beyond the epochs: start, data, looking at what was learned


@dataclass(frozen=True)
class Trainee:
    """Whose training it is: what its graph is called in the store and by its author, and who hears of it."""

    graph: str  # digest
    names: OwnNames
    began: Callable[[], None]
    ended: Callable[[Cost, Ended, str], None]  # of each seed


@dataclass
class SharedTraining:
    """All trainings of a batch; its methods are called by many threads."""

    executor: Executor
    ledger: Ledger
    machine: Machine
    again: bool = False  # nothing that an earlier batch trained is used
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: dict[str, Future[TrainDone]] = field(default_factory=dict)
    _kept: set[str] = field(default_factory=set)  # by this batch

    def of(self, trainee: Trainee) -> Callable[..., Training]:
        """A function like `grader.training.launch.retrain` for one submission."""

        def retrain(
            export: Export,
            recipe: Recipe,
            task: Task,
            *,
            target: float | None,
            seeds: Sequence[int],
            enough: Callable[[Sequence[TrainingRun]], bool],
            device: str,
            data_dir: Path | None,
            epoch_seconds: float,
            on_progress: Callable[[ProgressEvent], None],
            stored: int,
            hopeless: HopelessRule | None = None,
            stop_at_target: bool = False,
            **_unused: Any,  # weights are not kept of a class
        ) -> Training:
            common = (target, device, data_dir, epoch_seconds, stored, hopeless, stop_at_target)
            door = self.executor.open_door(self.machine.device)
            tasks = [TrainTask(export, recipe, task, seed, *common, door=door) for seed in seeds]
            return self._train(tasks, enough, trainee, on_progress)

        return retrain

    def _train(
        self,
        tasks: Sequence[TrainTask],
        enough: Callable[[Sequence[TrainingRun]], bool],
        trainee: Trainee,
        on_progress: Callable[[ProgressEvent], None],
    ) -> Training:
        """The seeds in their order, until enough of them have decided or one can't be trained."""
        runs: list[TrainingRun] = []
        whole: Training | None = None
        for task in tasks:
            trained = self._one(task, trainee, on_progress)
            runs += trained.runs
            if whole is None or trained.status != "completed":
                initializers = trained.initializers or (whole.initializers if whole else {})
                whole = trained.model_copy(update={"initializers": initializers})
            if trained.status != "completed" or enough(runs):
                break
        assert whole is not None  # a task has seeds
        return whole.model_copy(update={"runs": tuple(runs)})

    def _one(self, task: TrainTask, trainee: Trainee, on_progress: Callable[[ProgressEvent], None]) -> Training:
        """One seed: found, waited for while another submission trains it, or trained."""
        key = training_key(task, trainee.graph, self.machine)
        said = f"{task.recipe.name}, seed {task.seed}"
        trainee.began()
        while True:
            began = time.monotonic()
            if (run := self._find(key)) is not None:
                trainee.ended(Cost(Stage.TRAIN, time.monotonic() - began, 0.0), Ended.FOUND, said)
                return _of_store(task, _judged(run, task.target), trainee.names)
            future, ours = self._join(key, task, on_progress)
            try:
                done = future.result()
            except (TookTooLong, WorkerDied):
                if ours:
                    raise
                continue  # the other's bad luck
            finally:
                if ours:
                    self._leave(key, future)
            ended = Ended.DONE if ours else Ended.FOUND
            if done.training.status != "completed":
                ended, said = Ended.FAILED, f"{said}: {done.training.reason}"
            cost = done.cost if ours else Cost(Stage.TRAIN, time.monotonic() - began, 0.0)
            trainee.ended(cost, ended, said)
            runs = tuple(_judged(run, task.target) for run in done.training.runs)
            own = done.training.model_copy(update={"runs": runs, "target": task.target, **_recipe(task)})
            return own if ours else renamed(own, trainee.names)

    def _find(self, key: TrainingKey) -> TrainingRun | None:
        if self.again and key.digest not in self._kept:
            return None
        return self.ledger.find_training(key)

    def _join(
        self, key: TrainingKey, task: TrainTask, on_progress: Callable[[ProgressEvent], None]
    ) -> tuple[Future[TrainDone], bool]:
        """The training of that key that goes on, or a new one, which is then ours."""
        with self._lock:
            running = self._running.get(key.digest)
            if running is not None:
                return running, False
            timeout = task.task.epochs * task.epoch_seconds + _TO_START
            future = self.executor.submit(train_one, task, kind="train", timeout=timeout, on_news=on_progress)
            self._running[key.digest] = future
            return future, True

    def _leave(self, key: TrainingKey, future: Future[TrainDone]) -> None:
        """Keep what our training came to; from now on it is found in the store."""
        try:
            if future.exception() is None and future.result().training.status == "completed":
                self.ledger.keep_training(key, future.result().training.runs[0])
                self._kept.add(key.digest)
        finally:
            with self._lock:
                del self._running[key.digest]


def _judged(run: TrainingRun, target: float | None) -> TrainingRun:
    """The run, held against this rubric's target."""
    first = summarize(run.epochs, run.evaluated_on, target).first_epoch_at_target
    return run.model_copy(update={"first_epoch_at_target": first})


def _recipe(task: TrainTask) -> dict[str, Any]:
    return {"recipe": task.recipe.model_dump(mode="json"), "recipe_origins": dict(task.recipe.origins)}


def _of_store(task: TrainTask, run: TrainingRun, names: OwnNames) -> Training:
    """The training section that the run's own training had."""
    found = Training(
        status="completed",
        dataset=task.task.dataset,
        target=task.target,
        initializers=names.initializers,
        runs=(run,),
        **_recipe(task),
    )
    return renamed(found, names)
