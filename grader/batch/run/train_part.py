"""What a training worker does: one graph, one recipe, one seed; and what it says of the machine it runs on."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from grader import __version__
from grader.batch.run.costs import Cost, Meter
from grader.batch.run.executor import Say
from grader.model.graph import Export
from grader.model.hopeless import HopelessRule
from grader.model.recipe import Recipe
from grader.model.task import Task
from grader.model.training import Training
from grader.model.work import Stage

NOTHING_TRAINED = "none"
WITHOUT_GPU = ("cpu", NOTHING_TRAINED)  # a machine's device, else the name of its GPU


@dataclass(frozen=True)
class TrainTask:
    """One run. `data_dir` is a folder of the worker's machine; None: where MNIST is looked for there."""

    export: Export
    recipe: Recipe
    task: Task
    seed: int
    target: float | None
    device: str
    data_dir: Path | None
    epoch_seconds: float
    stored: int
    hopeless: HopelessRule | None = None
    stop_at_target: bool = False
    door: Path | None = None  # of a `SharedDevice`


@dataclass(frozen=True)
class TrainDone:
    """`training` has one run, or none and a status that says why."""

    training: Training
    cost: Cost


def train_one(task: TrainTask, say: Say) -> TrainDone:
    """Train one seed; says `ProgressEvent`s. Raises RecipeError for a recipe that does not fit the data set."""
    from grader.training.launch import retrain

    meter = Meter()
    training = retrain(
        task.export,
        task.recipe,
        task.task,
        target=task.target,
        stop_at_target=task.stop_at_target,
        hopeless=task.hopeless,
        seeds=(task.seed,),
        device=task.device,
        data_dir=task.data_dir,
        epoch_seconds=task.epoch_seconds,
        on_progress=say,
        stored=task.stored,
        door=task.door,
    )
    meter.end(Stage.TRAIN)
    return TrainDone(training, meter.costs[0])


@dataclass(frozen=True)
class MachineTask:
    """What a training would use."""

    dataset: str
    data_dir: Path | None
    device: str


@dataclass(frozen=True)
class Machine:
    """What trainings on a worker's machine depend on."""

    device: str
    engine: str
    torch: str
    grader: str
    data: str | None = None  # digest of the data set; None where nothing is trained

    @classmethod
    def without_training(cls) -> Self:
        """This machine, where nothing is trained."""
        return cls(device=NOTHING_TRAINED, engine=NOTHING_TRAINED, torch=version("torch"), grader=__version__)


def describe_machine(task: MachineTask, say: Say) -> Machine:
    """What a training with these settings would depend on here.

    Raises DataError where the data set is missing or damaged, UsageError where there is no such device.
    """
    from grader.training.data import load
    from grader.training.device import choose_device, describe_device
    from grader.training.torch_engine import TorchEngine

    wanted: Any = task.device
    return Machine(
        data=load(task.dataset, task.data_dir).digest,
        # Not which instructions a CPU has: what is finished stays finished on a cluster of several kinds.
        device=describe_device(choose_device(wanted))["device"],
        engine=TorchEngine.name,
        torch=version("torch"),
        grader=__version__,
    )
