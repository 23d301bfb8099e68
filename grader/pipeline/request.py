"""What a grading is asked to do, and with what."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from grader.model.code_recipe import Unread
from grader.model.hopeless import HopelessRule
from grader.model.recipe import Recipe
from grader.model.rubric import Rubric
from grader.model.submission import Submission
from grader.model.training import Training, recipe_in_words
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
    epoch_seconds: float = 1800  # the longest that an epoch of a retraining may take
    hopeless: tuple[HopelessRule, ...] = ()  # when runs are given up; (): never
    stop_at_target: bool = False  # whether a run ends at its first epoch at the target, where the rubric lets it
    command: str = ""


@dataclass(frozen=True)
class KnownRecipes:
    """The recipes that are known before a submission's code is read."""

    reference: Recipe  # the rubric's
    option: Recipe | None = None  # --recipe
    manifest: Recipe | None = None  # named in .grader.yml


@dataclass(frozen=True)
class RecipeChoice:
    """A recipe to train with, and where it was named."""

    recipe: Recipe
    source: Literal["option", "manifest", "code", "rubric"]
    unread: tuple[Unread, ...] = ()  # what of the submission's code the reference recipe stands in for
    notes: tuple[str, ...] = ()  # what is odd about it, one sentence each
    complete: bool = True  # nothing that matters is in `unread`

    @property
    def is_the_submissions(self) -> bool:
        """Whether the submission names it, in a file or in code."""
        return self.source in ("manifest", "code")

    @property
    def called(self) -> str:
        """What a sentence calls it."""
        return recipe_in_words(self.source, self.recipe.name, self.recipe.origins)


@dataclass(frozen=True)
class Request:
    """One submission, one rubric."""

    submission: Submission
    rubric: Rubric
    recipes: KnownRecipes
    options: Options = Options()
    readme: str | None = None
    selected_by: str = "--model"  # who named options.model: "--model", ".grader.yml" or "the roster"


@dataclass(frozen=True)
class Backends:
    """The doors to the outside world, chosen by the composition root."""

    sandbox: Sandbox
    limits: Limits = field(default_factory=Limits)
    on_stage: Callable[[str], None] = lambda _: None
    on_training: Callable[[Any], None] | None = None  # training.launch.ProgressEvent
    retrain: Callable[..., Training] | None = None  # None: training.launch.retrain, which others must behave like
