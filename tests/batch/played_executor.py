"""An executor that plays its workers: what comes of a submission is said by a file in it.

The file `play` holds words: `graph=NAME` (same name, same graph), `accuracy=0.5`, `refuse`, `break`, `raise`, `die`,
`interrupt`. What was asked for is kept, so that tests can count it.
"""

import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from grader.batch.run.costs import Cost
from grader.batch.run.executor import Kind, Say, Stopped, WorkerDied
from grader.batch.run.own_names import OwnNames
from grader.batch.run.static_part import StaticDone, StaticTask, examine
from grader.batch.run.train_part import Machine, TrainDone, TrainTask, describe_machine, train_one
from grader.model.similarity import Fingerprint
from grader.model.training import EpochRecord, Training, TrainingRun
from grader.model.work import Stage
from grader.pipeline.extract import Ungradable
from grader.pipeline.prepare import Prepared, Refused

MACHINE = Machine(device="cpu", engine="torch", torch="2", grader="1", data="d" * 64)


class PlayedExecutor:
    """See the module. `gate` holds all trainings back until it is set."""

    name, sees_files = "played", True

    def __init__(self, prepared: Prepared, *, capacity: int = 4, machine: Machine = MACHINE) -> None:
        self.capacity, self._prepared, self._machine = capacity, prepared, machine
        self._pool = ThreadPoolExecutor(capacity)
        self._closed = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.examined: Counter[str] = Counter()  # by the name of the folder
        self.trained: Counter[tuple[str, int]] = Counter()  # by graph and seed
        self.door: Path | None = None
        self.asked_for_a_door: list[str] = []
        self.doors: set[Path | None] = set()  # at which a training was begun
        self.deaths = 0  # trainings that die before one succeeds

    def submit(
        self, function: Callable[..., Any], argument: Any, *, kind: Kind, timeout: float, on_news: Say
    ) -> Future[Any]:
        played: dict[Any, Callable[..., Any]] = {
            examine: self._examine,
            train_one: self._train,
            describe_machine: lambda task, say: self._machine,
        }
        assert kind == ("static" if function is examine else "train")
        assert timeout > 0
        return self._pool.submit(played[function], argument, on_news)

    def open_door(self, device: str) -> Path | None:
        self.asked_for_a_door.append(device)
        return self.door

    def close(self) -> None:
        self._closed.set()
        self.gate.set()
        self._pool.shutdown()

    def _examine(self, task: StaticTask, say: Say) -> StaticDone:
        root = task.request.submission.root
        self.examined[root.name] += 1
        say(Stage.PROBE)
        words = dict((*word.split("="), "")[:2] for word in (root / "play").read_text().split())
        if "raise" in words:
            raise ValueError("a student's words")
        if "die" in words:
            raise WorkerDied("The worker process ended before its task did: it was killed by signal 9.")
        if "interrupt" in words:
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGINT)  # as from a terminal: it must be woken where it waits
            assert self._closed.wait(20)
            raise Stopped("The run was ended.")
        costs = (Cost(Stage.PROBE, 1.0, 0.5), Cost(Stage.ANALYSE, 0.5, 0.25))
        if "refuse" in words or "break" in words:
            blame = "submission" if "refuse" in words else "grader"
            refused = Refused(Ungradable("No model was found.", blame=blame))
            return StaticDone(task.request, refused, OwnNames(), Fingerprint(), costs[:1])
        say(Stage.ANALYSE)
        graph = words.get("graph", root.name)
        export = self._prepared.export.model_copy(update={"notes": (graph, words.get("accuracy", "0.99"))})
        prepared = replace(self._prepared, graph_digest=graph.ljust(64, "0"), export=export)
        return StaticDone(task.request, prepared, OwnNames({"weight": root.name}, root.name), Fingerprint(), costs)

    def _train(self, task: TrainTask, say: Say) -> TrainDone:
        assert self.gate.wait(20)
        graph, accuracy = task.export.notes
        self.trained[graph, task.seed] += 1
        self.doors.add(task.door)
        if self.deaths:
            self.deaths -= 1
            raise WorkerDied("The worker process ended before its task did: it was killed by signal 9.")
        if self._closed.is_set():
            raise Stopped("The run was ended.")
        at_target = task.stop_at_target and task.target is not None and float(accuracy) >= task.target
        run = played_run(task.seed, float(accuracy), "target" if at_target else "completed")
        training = Training(status="completed", dataset="digits", initializers={"weight": graph}, runs=(run,))
        return TrainDone(training, Cost(Stage.TRAIN, 2.0, 1.5))


def played_run(seed: int, accuracy: float, stopped: Literal["completed", "target"] = "completed") -> TrainingRun:
    """A run of one epoch."""
    epoch = EpochRecord(epoch=1, lr=0.1, train_loss=0.1, train_accuracy=accuracy, test_accuracy=accuracy, seconds=1)
    return TrainingRun(
        seed=seed,
        evaluated_on="test",
        best_accuracy=accuracy,
        best_epoch=1,
        final_accuracy=accuracy,
        first_epoch_at_target=None,
        epochs=(epoch,),
        interval=(0.0, 1.0),
        stopped=stopped,
    )
