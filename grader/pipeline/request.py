"""What a grading is asked to do, and with what."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from grader.model.recipe import Recipe
from grader.model.rubric import Rubric
from grader.model.submission import Submission
from grader.sandbox.base import Limits, Sandbox


@dataclass(frozen=True)
class Options:
    """The command line's wishes. None means: as the rubric or the submission says."""

    model: str | None = None  # FILE[:CELL]:CLASS[@LINE]
    train: bool = True
    epochs: int | None = None  # lowers or raises the rubric's cap; the report says so
    seeds: tuple[int, ...] | None = None
    device: str = "auto"
    data_dir: Path | None = None
    save_weights: Path | None = None
    command: str = ""


@dataclass(frozen=True)
class RecipeChoice:
    """The recipe to train with and where it was named."""

    recipe: Recipe
    source: Literal["option", "manifest", "rubric"]


@dataclass(frozen=True)
class Request:
    """One submission, one rubric."""

    submission: Submission
    rubric: Rubric
    recipe: RecipeChoice
    options: Options = Options()
    readme: str | None = None
    selected_by: str = "--model"  # who named options.model: "--model" or ".grader.yml"


@dataclass(frozen=True)
class Backends:
    """The doors to the outside world, chosen by the composition root."""

    sandbox: Sandbox
    limits: Limits = field(default_factory=Limits)
    on_stage: Callable[[str], None] = lambda _: None
    on_training: Callable[[Any], None] | None = None  # training.launch.ProgressEvent
