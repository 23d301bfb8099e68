"""What a retraining recorded. Epochs are 1-based, accuracies are fractions 0 to 1, seconds are wall time."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from grader.model.base import Frozen
from grader.model.code_recipe import Unread
from grader.model.hopeless import GivenUp
from grader.model.probes import Probes

_PLACE = re.compile(r"[^\n]{1,300}:[0-9]+")  # a file, or a cell of a notebook, and the line


class EpochRecord(Frozen):
    """One epoch. `test_*` is measured on the test set, `validation_*` on the split; None where it was not."""

    epoch: int
    lr: float  # of the epoch's last step
    train_loss: float | None
    train_accuracy: float
    test_loss: float | None = None
    test_accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    seconds: float


class Mistake(Frozen):
    """A misclassified evaluation image. `image` is 28×28 bytes, base64, row-major, 0 is black."""

    index: int
    label: int
    predicted: int
    probability: float
    image: str


class Filter(Frozen):
    """One kernel of the first convolution: (height, width) weights of one input channel, row-major."""

    height: int
    width: int
    weights: tuple[float, ...]


class Saliency(Frozen):
    """Which pixels of a mistake spoke for the wrong class: |d logit / d pixel|, 28×28, scaled to bytes, base64."""

    index: int  # of the image in its data set, one of `Evaluation.mistakes`
    toward_predicted: str  # gradient of the predicted class's score
    toward_label: str  # gradient of the true class's score


class Evaluation(Frozen):
    """The best epoch's predictions on the evaluation set."""

    images: int
    confusion: tuple[tuple[int, ...], ...]  # rows: true class, columns: predicted
    unanswered: tuple[int, ...] = ()  # per true class, images whose scores were no numbers: wrong; () where none
    mistakes: tuple[Mistake, ...] = ()  # the most confident ones, at most 25
    predictions_digest: str  # sha256 of the predicted classes, in data-set order, one byte each
    filters: tuple[Filter, ...] = ()  # of the first convolution, at most 64
    filters_of: str = ""  # the module path of that convolution
    filters_total: int = 0  # its kernels, more than `filters` where there are many
    filters_channels: int = 0  # input channels of each kernel; `filters` has the first
    saliency: tuple[Saliency, ...] = ()  # of the first three mistakes


class TrainingRun(Frozen):
    seed: int
    evaluated_on: Literal["test", "validation"]
    best_accuracy: float
    best_epoch: int
    final_accuracy: float
    first_epoch_at_target: int | None
    epochs: tuple[EpochRecord, ...]
    interval: tuple[float, float] | None = None  # 95 % binomial (Wilson) of the best accuracy
    stopped: Literal["completed", "target", "early_stop", "hopeless", "interrupted", "diverged"] = "completed"
    given_up: GivenUp | None = None  # where it was stopped as hopeless (--stop-hopeless)
    evaluation: Evaluation | None = None
    weights: str | None = None  # file name in --out, where --save-weights was given
    environment: dict[str, str] = {}  # device, threads, torch version, network isolation
    peak_memory_bytes: int | None = None
    probes: Probes | None = None


RecipeSource = Literal["option", "manifest", "code", "rubric", ""]


def recipe_in_words(source: RecipeSource, name: str, origins: Mapping[str, str]) -> str:
    """ "the reference recipe house", "the submission's recipe (train.py:31)": what a sentence calls a recipe.

    `origins` tells where the code builds the optimizer.
    """
    if source == "code":
        place = origins.get("optimizer.name") or origins.get("optimizer", "")
        return "the submission's recipe" + (f" ({place})" if _PLACE.fullmatch(place) else "")
    called = f" {name}" if name else ""
    return {
        "option": f"the recipe{called} (--recipe)",
        "manifest": f"the submission's recipe{called} (.grader.yml)",
        "rubric": f"the reference recipe{called}",
        "": f"the recipe{called}",
    }[source]


class Training(Frozen):
    """The training section of a report."""

    status: Literal["completed", "partial", "skipped", "not_requested", "error"]
    reason: str = ""  # one sentence where status is not completed
    mend: str = ""  # the command that mends it, where there is one
    recipe: dict[str, Any] | None = None  # the recipe as data (Recipe.model_dump)
    # option: --recipe; manifest: named in .grader.yml; code: read from the training code; rubric: its reference recipe
    recipe_source: RecipeSource = ""
    recipe_is_the_students: bool = False  # all that matters of it: a miss under it is theirs
    recipe_origins: dict[str, str] = {}  # dotted field -> where the value came from
    recipe_unread: tuple[Unread, ...] = ()  # fields of the submission's code that the reference recipe stands in for
    recipe_notes: tuple[str, ...] = ()  # what is odd about the submission's own recipe, one sentence each
    dataset: str = ""  # the rubric's data set: "mnist" or "digits"
    target: float | None = None  # the accuracy the rubric asks for; None where it asks for none
    initializers: dict[str, str] = {}  # parameter path -> "kaiming_uniform_ (recorded)" | "default: not recognised"
    runs: tuple[TrainingRun, ...] = Field(default=())
    second_try: "Training | None" = None  # with the rubric's reference recipe, after the submission's own missed

    @property
    def recipe_called(self) -> str:
        """What a sentence calls the recipe."""
        return recipe_in_words(self.recipe_source, str((self.recipe or {}).get("name", "")), self.recipe_origins)

    @property
    def was_interrupted(self) -> bool:
        """Whether Ctrl-C ended it, or its second try."""
        return self.status == "partial" or (self.second_try is not None and self.second_try.was_interrupted)
