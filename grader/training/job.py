"""What a training process is asked to do: one model, one seed. Plain files, no pickle."""

import json
from pathlib import Path
from typing import Literal

from grader.model.base import Frozen
from grader.model.graph import Export
from grader.model.hopeless import HopelessRule
from grader.model.recipe import Recipe
from grader.model.task import Task

_REQUEST, _TENSORS = "job.json", "tensors.safetensors"


class TrainingJob(Frozen):
    """One run. `target` with `stop_at_target` ends it early; without, the target is only reported.

    `hopeless` says when the run is given up; None: never.
    """

    export: Export
    recipe: Recipe
    task: Task
    seed: int
    target: float | None = None
    stop_at_target: bool = False
    hopeless: HopelessRule | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    data_dir: Path | None = None
    keep_weights: bool = False
    stored: int = 0  # values that the graph holds outside its parameters
    memory_bytes: int | None = None  # what the process may take beyond what it holds when it begins; CPU only

    @property
    def epochs(self) -> int:
        """How many epochs run: the recipe's, never more than the rubric's cap."""
        return min(self.schedule_epochs, self.task.epochs)

    @property
    def schedule_epochs(self) -> int:
        """How many epochs the schedule is built for: a student's schedule keeps its length where the cap cuts it."""
        return self.recipe.epochs or self.task.epochs


def write_job(job: TrainingJob, folder: Path) -> None:
    """Write a job into a private folder."""
    # Python's JSON spells infinity as a number; pydantic's would make it a word, which an argument may be.
    values = job.model_dump(exclude={"export": {"tensors"}, "data_dir": True})
    values["data_dir"] = None if job.data_dir is None else str(job.data_dir)
    (folder / _REQUEST).write_text(json.dumps(values), encoding="utf-8")
    (folder / _TENSORS).write_bytes(job.export.tensors)


def read_job(folder: Path) -> TrainingJob:
    """Read what `write_job` wrote."""
    values = json.loads((folder / _REQUEST).read_text(encoding="utf-8"))
    values["export"]["tensors"] = (folder / _TENSORS).read_bytes()
    return TrainingJob.model_validate(values)
