"""The seam where another engine fits: graph + recipe + data -> run.

An engine is chosen by rule from the job alone, never by timing, so that a run repeats; torch's takes every graph.
"""

from pathlib import Path
from typing import Protocol

from grader.training.data import Dataset
from grader.training.events import Emit
from grader.training.in_steps import InSteps
from grader.training.job import TrainingJob


class Engine(Protocol):
    """Trains one model with one seed."""

    name: str

    def accepts(self, job: TrainingJob) -> bool:
        """Whether this engine can train that graph with that recipe; decided without running anything."""
        ...

    def train(self, job: TrainingJob, dataset: Dataset, emit: Emit, weights: Path | None) -> None:
        """Train and evaluate; every `Event` from `Started` to `Ended` goes to `emit`.

        The best epoch's weights go to the file `weights`, if given. A job that needs more memory than it may have gets
        `Refused` in place of `Started`. Raises RecipeError, UsageError, SubmissionError before `Started` when the job
        can't be run.
        """
        ...

    def train_in_steps(self, job: TrainingJob, dataset: Dataset, emit: Emit, weights: Path | None) -> InSteps[None]:
        """The same with pauses, in which others who share the device take their steps; without any it keeps them up."""
        ...


def select_engine(job: TrainingJob) -> Engine:
    """The first engine that accepts the job; torch's comes last and accepts all."""
    from grader.training.torch_engine import TorchEngine

    engines: tuple[Engine, ...] = (TorchEngine(),)
    return next(engine for engine in engines if engine.accepts(job))
