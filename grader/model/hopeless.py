"""When a training run is given up because it would hardly reach the target any more, and what the report says of it."""

import math

from grader.model.base import Frozen
from grader.model.work import digest_of


class HopelessLook(Frozen):
    """From this share of the epochs on, until the next look, a run is given up that misses the target by more."""

    share: float  # of the planned epochs that are trained, 0 to 1
    gain: float  # what a run may still gain, as a fraction of the images
    lr_span: float  # decades over which the learning rate may still move; a run with more to come goes on


class HopelessRule(Frozen):
    """Made from runs of reference models; see `docs/calibration.md`. Accuracies and chances are fractions."""

    target: float  # the lowest accuracy that a criterion asks for
    schedule: str  # the kind of learning-rate schedule that it holds for, as `schedule_kind` names it
    epochs: int  # it holds for runs that are planned for at least so many
    level: float  # what was asked for
    chance: float  # one-sided 95 % upper bound (Clopper-Pearson) of the share of runs that gain more than it grants
    runs: int  # that it was made from
    beyond: int  # of them, that gained more
    looks: tuple[HopelessLook, ...]  # by share

    @property
    def digest(self) -> str:
        """Sha256 of the rule as normalised JSON."""
        return digest_of(self.model_dump(mode="json"))


class GivenUp(Frozen):
    """Why a run was given up: after `epoch` of `epochs`, its best accuracy plus `gain` was less than the target."""

    epoch: int
    epochs: int
    target: float
    gain: float
    chance: float
    level: float
    runs: int

    @property
    def at_most(self) -> str:
        """ "4.9 %": the chance, rounded up, so that it is never called smaller than it is."""
        return chance_in_words(self.chance)

    @property
    def length(self) -> str:
        """ "7 of 20 epochs"."""
        return f"{self.epoch} of {self.epochs} epochs"


def chance_in_words(chance: float) -> str:
    """0.0487 -> "4.9 %", rounded up."""
    return f"{math.ceil(chance * 1000 - 1e-9) / 10:.1f} %"
