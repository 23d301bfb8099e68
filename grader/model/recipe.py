"""A training recipe as data: everything a student decides about training, and nothing the rubric owns.

Evaluation set, epoch cap and seeds belong to the rubric. Names and defaults follow torch and torchvision, so that a
recipe can be copied from a training script; see `docs/files.md`.
"""

import hashlib
import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from grader.model.augmentation import Augmentation
from grader.model.base import Frozen
from grader.model.numbers import Count, Finite, Fraction, Nonnegative, Positive, Whole

StepEvery = Literal["epoch", "batch"]


class Sgd(Frozen):
    """`torch.optim.SGD`."""

    name: Literal["sgd"] = "sgd"
    lr: Positive
    momentum: Fraction = 0.0
    dampening: Fraction = 0.0
    nesterov: bool = False
    weight_decay: Nonnegative = 0.0

    @field_validator("nesterov")
    @classmethod
    def _nesterov_has_momentum(cls, value: bool, info: ValidationInfo) -> bool:
        if value and (info.data.get("momentum") == 0 or info.data.get("dampening") != 0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        return value


class Adam(Frozen):
    """`torch.optim.Adam`."""

    name: Literal["adam"] = "adam"
    lr: Positive = 1e-3
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: Nonnegative = 0.0
    amsgrad: bool = False


class AdamW(Frozen):
    """`torch.optim.AdamW`."""

    name: Literal["adamw"] = "adamw"
    lr: Positive = 1e-3
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: Nonnegative = 1e-2
    amsgrad: bool = False


class RmsProp(Frozen):
    """`torch.optim.RMSprop`."""

    name: Literal["rmsprop"] = "rmsprop"
    lr: Positive = 1e-2
    alpha: Fraction = 0.99
    eps: Positive = 1e-8
    weight_decay: Nonnegative = 0.0
    momentum: Fraction = 0.0
    centered: bool = False


Optimizer = Annotated[Sgd | Adam | AdamW | RmsProp, Field(discriminator="name")]


class Constant(Frozen):
    """No schedule."""

    name: Literal["none"] = "none"


class Step(Frozen):
    """`StepLR`: times `gamma` every `step_size` steps."""

    name: Literal["step"] = "step"
    step_size: Count
    gamma: Positive = 0.1
    step: StepEvery = "epoch"


class MultiStep(Frozen):
    """`MultiStepLR`: times `gamma` at each milestone."""

    name: Literal["multistep"] = "multistep"
    milestones: Annotated[tuple[Count, ...], Field(min_length=1, max_length=100)]
    gamma: Positive = 0.1
    step: StepEvery = "epoch"

    @field_validator("milestones")
    @classmethod
    def _increasing(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(later <= earlier for earlier, later in pairwise(value)):
            raise ValueError("milestones must increase")
        return value


class OneCycle(Frozen):
    """`OneCycleLR`. `built_for` says what `total_steps` counted, `step` how often `scheduler.step()` is called.

    Built for batches yet stepped once per epoch is a common mistake: the rate hardly moves. It is reproduced.
    """

    name: Literal["onecycle"] = "onecycle"
    max_lr: Positive | None = None  # None: the optimizer's lr
    pct_start: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.3
    div_factor: Positive = 25.0
    final_div_factor: Positive = 1e4
    anneal: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: Fraction = 0.85
    max_momentum: Fraction = 0.95
    built_for: StepEvery = "batch"
    step: StepEvery | None = None  # None: as it is built

    @field_validator("step")
    @classmethod
    def _does_not_run_out(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value == "batch" and info.data.get("built_for") == "epoch":
            raise ValueError("a one-cycle schedule built for epochs runs out when it is stepped every batch")
        return value


class Cosine(Frozen):
    """`CosineAnnealingLR`. `t_max` None: the length of the training, without the warm-up."""

    name: Literal["cosine"] = "cosine"
    t_max: Count | None = None
    eta_min: Nonnegative = 0.0
    step: StepEvery = "epoch"


class Exponential(Frozen):
    """`ExponentialLR`."""

    name: Literal["exponential"] = "exponential"
    gamma: Positive
    step: StepEvery = "epoch"


class Plateau(Frozen):
    """`ReduceLROnPlateau`, stepped after each epoch. The test set is never a metric: use a split."""

    name: Literal["plateau"] = "plateau"
    metric: Literal["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"] = "train_loss"
    factor: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.1
    patience: Whole = 10
    threshold: Nonnegative = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: Whole = 0
    min_lr: Nonnegative = 0.0


Schedule = Annotated[
    Constant | Step | MultiStep | OneCycle | Cosine | Exponential | Plateau, Field(discriminator="name")
]


class WarmUp(Frozen):
    """`LinearLR` before the schedule begins: from `start_factor` times the rate to the rate."""

    epochs: Count
    start_factor: Annotated[float, Field(strict=True, gt=0, le=1)] = 1 / 3
    step: StepEvery = "epoch"


class Loss(Frozen):
    """Cross-entropy. On log-softmax outputs `nll` is the same thing, and cross-entropy does no harm there."""

    name: Literal["cross_entropy", "nll"] = "cross_entropy"
    label_smoothing: Fraction = 0.0

    @field_validator("label_smoothing")
    @classmethod
    def _only_cross_entropy_smooths(cls, value: float, info: ValidationInfo) -> float:
        if value and info.data.get("name") == "nll":
            raise ValueError("nll has no label smoothing; use cross_entropy")
        return value


class Clip(Frozen):
    """Gradient clipping: `norm` as `clip_grad_norm_`, `value` as `clip_grad_value_`, or both."""

    norm: Positive | None = None
    value: Positive | None = None


class Normalization(Frozen):
    """`Normalize` on pixels between 0 and 1. The defaults are MNIST's."""

    mean: Finite = 0.1307
    std: Positive = 0.3081


class Split(Frozen):
    """So many images of the training set are held out for validation and not trained on."""

    validation: Count
    by: Literal["random", "last"] = "random"
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 0  # of the random split; the same for every run
    # The held-out images are augmented too, as they are where one data set object is split: a bug worth reproducing.
    augmented: bool = False
    # The rotated copies are split too, so that an image may train in one rotation and be held out in another.
    after_copies: bool = False


def _ends_within(schedule: Schedule, epochs: int) -> None:
    """Raise ValueError for a schedule with steps beyond the training; those counted in batches can't be told here."""
    meant = "; write `cut_short: true` if that is meant"
    match schedule:
        case Step(step="epoch", step_size=size) if size >= epochs:
            raise ValueError(f"its first step, after {size} epochs, is never reached in a training of {epochs}{meant}")
        case MultiStep(step="epoch", milestones=milestones) if milestones[-1] >= epochs:
            late = next(milestone for milestone in milestones if milestone >= epochs)
            raise ValueError(f"the milestone {late} is never reached in a training of {epochs} epochs{meant}")
        case Cosine(step="epoch", t_max=int(length)) if length > epochs:
            raise ValueError(f"it takes {length} epochs, longer than the training of {epochs}{meant}")


class Recipe(Frozen):
    """The fields are the keys of the YAML file. Fields that others refer to come first: errors name the later one."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "recipe"
    text: Annotated[str, Field(max_length=2000)] = ""  # where it comes from
    epochs: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None  # None: as many as the rubric allows
    batch_size: Annotated[int, Field(strict=True, ge=1, le=65536)] = 128
    drop_last: bool = False
    optimizer: Optimizer
    split: Split | None = None
    cut_short: bool = False  # the training ends before its schedule does, and that is meant
    warmup: WarmUp | None = None
    schedule: Schedule = Constant()
    loss: Loss = Loss()
    clip: Clip | None = None
    normalization: Normalization = Normalization()
    augmentation: Annotated[tuple[Augmentation, ...], Field(max_length=10)] = ()  # in this order
    # Copies of the training set, each rotated by a fixed angle and not augmented further, that are added to it.
    rotated_copies: Annotated[tuple[Finite, ...], Field(max_length=10)] = ()
    # The accuracy that ends training: on the split, if there is one, as the script saw it; else on the evaluation set.
    stop_at: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None
    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("warmup")
    @classmethod
    def _warmup_ends(cls, value: WarmUp | None, info: ValidationInfo) -> WarmUp | None:
        epochs = info.data.get("epochs")
        if value and epochs is not None and value.epochs >= epochs:
            raise ValueError(f"{value.epochs} warm-up epochs leave nothing of a training of {epochs}")
        return value

    @field_validator("schedule")
    @classmethod
    def _schedule_fits(cls, value: Schedule, info: ValidationInfo) -> Schedule:
        epochs, split = info.data.get("epochs"), info.data.get("split")
        if isinstance(value, Plateau) and value.metric.startswith("validation") and split is None:
            raise ValueError(f"the metric {value.metric!r} needs a split, for example `split: {{validation: 10000}}`")
        if epochs is not None and not info.data.get("cut_short"):
            _ends_within(value, epochs)
        return value

    @property
    def origins(self) -> Mapping[str, str]:
        """Dotted field -> where its value came from; empty for a recipe that was built in memory."""
        return self._origins

    def with_origins(self, origins: Mapping[str, str]) -> Self:
        """The same recipe that knows where its values came from."""
        located = self.model_copy()
        located._origins = origins
        return located

    @property
    def digest(self) -> str:
        """Sha256 of the recipe as normalised JSON; name and text do not count."""
        values = self.model_dump(mode="json", exclude={"name", "text"})
        normalised = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(normalised.encode()).hexdigest()
