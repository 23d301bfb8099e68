"""Many models side by side on one device: in the shared process with which grader trains a class, or a process each."""

import contextlib
import os
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace

from grader.model.task import Task
from grader.training.events import Ended, EpochEnded, Event, Refused, Started
from grader.training.job import TrainingJob
from grader.training.process import TrainingProcess
from grader.training.shared_device import SharedDevice, TrainingLane

_SEEDS_SHOWN = 4
_SAMPLED = 1.0  # seconds between two looks at the device's memory
Training = TrainingProcess | TrainingLane
Curve = list[tuple[float | None, float | None]]  # accuracy on the test set and training loss, epoch by epoch


@dataclass(frozen=True)
class Together:
    """Jobs that were trained side by side: all their seconds, and how many of them until the last one began."""

    seconds: float
    last_began: float
    at_once: int  # at most: the shared process lets in no more than are worth it
    curves: dict[int, Curve]  # by seed
    memory: int | None  # bytes in use on the device at most; None where the driver does not tell
    ready: float = 0.0  # seconds before, until the shared process was ready

    @property
    def models_per_hour(self) -> float:
        """Of so many epochs as were trained; all of the setup counts but the start of the shared process."""
        return 3600 * len(self.curves) / self.seconds


def jobs(job: TrainingJob, count: int, epochs: int, dataset: str) -> list[TrainingJob]:
    """The same job with other seeds, cut after so many epochs; its schedule stays that of all epochs."""
    task = Task(dataset=dataset, epochs=epochs)
    return [job.model_copy(update={"seed": seed, "task": task}) for seed in range(count)]


def in_shared_process(several: Sequence[TrainingJob], device: str, deadline: float) -> Together:
    """All at once in one process, after an epoch of one that brings process, libraries and data to where they work."""
    with SharedDevice(device, len(several)) as shared:
        began = time.monotonic()

        def trainings(some: Sequence[TrainingJob]) -> list[Training]:
            return [TrainingLane(one, shared.door) for one in some]

        first = several[0].model_copy(update={"task": several[0].task.model_copy(update={"epochs": 1})})
        train_together(lambda: trainings([first]), deadline)
        ready = time.monotonic() - began
        found = train_together(lambda: trainings(several), deadline)
    return replace(found, ready=ready)


def in_processes(several: Sequence[TrainingJob], deadline: float) -> Together:
    """All at once in a process each, as on a CPU; each starts, loads torch and meets the device by itself."""
    return train_together(lambda: [TrainingProcess(one) for one in several], deadline)


def train_together(trainings: Callable[[], Sequence[AbstractContextManager[Training]]], deadline: float) -> Together:
    """Start all, hear each to its end. Raises RuntimeError where one is refused or breaks off, TimeoutError late."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        memory = stack.enter_context(DeviceMemory())
        began, last_began, at_once = time.monotonic(), 0.0, 0
        training_now: set[int] = set()
        curves: dict[int, Curve] = {}
        for training in trainings():
            entered = stack.enter_context(training)
            selector.register(entered, selectors.EVENT_READ, entered)
        while selector.get_map():
            for key, _ in selector.select(_left(deadline)):
                seed = key.data.seed
                for event in _heard(key.data):
                    if isinstance(event, Started):  # more than once where it had to begin again
                        curves[seed], last_began = [], time.monotonic() - began
                        training_now.add(seed)
                        at_once = max(at_once, len(training_now))
                    elif isinstance(event, EpochEnded):
                        curves[seed].append((event.record.test_accuracy, event.record.train_loss))
                    elif isinstance(event, Ended):
                        training_now.remove(seed)
                        selector.unregister(key.data)
            _left(deadline)
        return Together(time.monotonic() - began, last_began, at_once, curves, memory.most())


def _heard(training: Training) -> list[Event]:
    events = training.read()
    if events is None:
        raise RuntimeError(f"training with seed {training.seed} broke off: {training.last_words()}")
    if refused := next((event for event in events if isinstance(event, Refused)), None):
        raise RuntimeError(f"training with seed {training.seed} was refused: {refused.message}")
    return events


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left


@dataclass
class DeviceMemory:
    """A context that looks again and again at what the driver says of the device's memory in use, all processes."""

    _seen: list[int] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "DeviceMemory":
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def most(self) -> int | None:
        """Bytes."""
        return max(self._seen, default=None)

    def _look(self) -> None:
        command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
        command += ["-i", visible or "0"]
        while True:
            with contextlib.suppress(ValueError):
                try:
                    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
                except (OSError, subprocess.SubprocessError):
                    return
                self._seen.append(int(said.splitlines()[0]) * 2**20 if said else 0)
            if self._over.wait(_SAMPLED):
                return


HEADER = (
    f"{'':<14}{'models/hour':>12}{'s/model':>9}{'wall':>9}{'last began':>12}{'at once':>9}{'ready':>8}{'device':>13}"
    "  measured"
)


def row(name: str, found: Together) -> str:
    """One line of the table."""
    count, epochs = len(found.curves), max(map(len, found.curves.values()))
    memory = "–" if found.memory is None else f"{found.memory / 2**20:,.0f} MiB"
    return (
        f"{name:<14}{found.models_per_hour:12,.0f}{found.seconds / count:9.2f}{found.seconds:7.1f} s"
        f"{found.last_began:10.1f} s{found.at_once:9}{found.ready:6.1f} s{memory:>13}  {count} x {epochs} epochs"
    )


def compared(found: dict[str, Together]) -> Iterator[str]:
    """Each curve beside the first one of its seed: whether company changes a result."""
    yield f"{'':<14}{'to the digit':>13}{'differs by':>12}  best/last of so many epochs, seeds 0 to {_SEEDS_SHOWN - 1}"
    first: dict[int, Curve] = {}
    for name, together in found.items():
        same, differences = 0, [0.0]
        for seed, curve in together.curves.items():
            pairs = list(zip(curve, first.setdefault(seed, curve), strict=False))  # the epochs that both have
            same += all(ours == theirs for ours, theirs in pairs)
            differences += [abs((ours[0] or 0.0) - (theirs[0] or 0.0)) for ours, theirs in pairs]
        shown = [[value or 0.0 for value, _ in together.curves[seed]] for seed in sorted(together.curves)][
            :_SEEDS_SHOWN
        ]
        accuracies = "  ".join(f"{max(curve):.4f}/{curve[-1]:.4f}" for curve in shown)
        equal = f"{same} of {len(together.curves)}"
        yield f"{name:<14}{equal:>13}{max(differences):12.4f}  {len(shown[0]):>2}: {accuracies}"
    yield "  beside the first run with the same seed, by their curves of loss and accuracy; difference in accuracy"
