"""Learning-rate schedules in closed form: the rate of any step, from the recipe alone.

They give what torch.optim.lr_scheduler gives step by step (torch 2.11 to 2.15; the tests compare them), without its
state, so that a schedule can be read, drawn and captured ahead of time.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass

from grader.model.recipe import Cosine, Exponential, MultiStep, OneCycle, Plateau, Recipe, Step, StepEvery


@dataclass(frozen=True)
class Rates:
    """What a step is taken with. `momentum` None: the optimizer's own (Adam's first beta counts as momentum)."""

    lr: float
    momentum: float | None = None


@dataclass(frozen=True)
class Clock:
    """Where a step stands: epochs and batches are 0-based, `batches` is the number in each epoch."""

    epoch: int
    batch: int
    batches: int

    def position(self, every: StepEvery, after_epochs: int) -> int:
        """How often a scheduler that begins after so many epochs has been stepped before this batch."""
        epoch = self.epoch - after_epochs
        return epoch if every == "epoch" else epoch * self.batches + self.batch


@dataclass(frozen=True)
class RateSchedule:
    """The rates of a whole training. `epochs` is what the schedule is built for, not where the rubric may cut it."""

    recipe: Recipe
    epochs: int

    def rates(self, clock: Clock, plateau_factor: float = 1.0) -> Rates:
        """The rates for one batch; `plateau_factor` is what a plateau schedule has come to."""
        base = self.recipe.optimizer.lr
        warmup, after = self.recipe.warmup, 0
        if warmup:
            after = warmup.epochs
            if clock.epoch < after:
                length = after if warmup.step == "epoch" else after * clock.batches
                share = clock.position(warmup.step, 0) / length
                return Rates(base * (warmup.start_factor + (1 - warmup.start_factor) * share))
        return self._scheduled(base, clock, after, plateau_factor)

    def _scheduled(self, base: float, clock: Clock, after: int, plateau_factor: float) -> Rates:
        schedule = self.recipe.schedule
        match schedule:
            case Step():
                return Rates(base * schedule.gamma ** (clock.position(schedule.step, after) // schedule.step_size))
            case MultiStep():
                passed = bisect_right(schedule.milestones, clock.position(schedule.step, after))
                return Rates(base * schedule.gamma**passed)
            case Exponential():
                return Rates(base * schedule.gamma ** clock.position(schedule.step, after))
            case Cosine():
                per_epoch = 1 if schedule.step == "epoch" else clock.batches
                length = schedule.t_max or (self.epochs - after) * per_epoch
                turned = (1 + math.cos(math.pi * clock.position(schedule.step, after) / length)) / 2
                return Rates(schedule.eta_min + (base - schedule.eta_min) * turned)
            case OneCycle():
                per_epoch = 1 if schedule.built_for == "epoch" else clock.batches
                total = (self.epochs - after) * per_epoch
                position = clock.position(schedule.step or schedule.built_for, after)
                return _one_cycle(schedule, base, position, total)
            case Plateau():
                return Rates(max(base * plateau_factor, schedule.min_lr) if plateau_factor < 1 else base)
        return Rates(base)


def _one_cycle(schedule: OneCycle, base: float, position: int, total: int) -> Rates:
    """Smith and Topin's one-cycle policy with two phases, as torch's OneCycleLR has it."""
    highest = schedule.max_lr or base
    initial = highest / schedule.div_factor
    lowest = initial / schedule.final_div_factor
    peak, end = schedule.pct_start * total - 1, total - 1
    slow, fast = schedule.max_momentum, schedule.base_momentum
    if position <= peak:
        share = position / peak if peak else 1.0
        lr, momentum = _between(schedule, initial, highest, share), _between(schedule, slow, fast, share)
    else:
        share = (position - peak) / (end - peak) if end > peak else 1.0
        lr, momentum = _between(schedule, highest, lowest, share), _between(schedule, fast, slow, share)
    return Rates(lr, momentum if schedule.cycle_momentum else None)


def _between(schedule: OneCycle, start: float, end: float, share: float) -> float:
    if schedule.anneal == "linear":
        return start + (end - start) * share
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


class PlateauTracker:
    """What ReduceLROnPlateau has seen; `factor` multiplies the base rate."""

    def __init__(self, schedule: Plateau) -> None:
        self.factor = 1.0
        self.schedule = schedule
        self._maximize = schedule.metric.endswith("accuracy")
        self._best: float | None = None
        self._bad_epochs = 0
        self._cooling = 0

    def observe(self, metric: float) -> None:
        """Take the metric of one epoch."""
        schedule = self.schedule
        if self._is_better(metric):
            self._best, self._bad_epochs = metric, 0
        else:
            self._bad_epochs += 1
        if self._cooling > 0:
            self._cooling -= 1
            self._bad_epochs = 0
        if self._bad_epochs > schedule.patience:
            self.factor *= schedule.factor
            self._cooling, self._bad_epochs = schedule.cooldown, 0

    def _is_better(self, metric: float) -> bool:
        if self._best is None:
            return not math.isnan(metric)
        margin = self.schedule.threshold * (abs(self._best) if self.schedule.threshold_mode == "rel" else 1.0)
        return metric > self._best + margin if self._maximize else metric < self._best - margin
