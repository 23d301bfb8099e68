"""Schedules against torch's own schedulers, step by step."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.optim import SGD, Adam, lr_scheduler

from grader.model.recipe import (
    Adam as AdamRecipe,
)
from grader.model.recipe import (
    Constant,
    Cosine,
    Exponential,
    MultiStep,
    OneCycle,
    Plateau,
    Recipe,
    Schedule,
    Sgd,
    Step,
    WarmUp,
)
from grader.training.optimizers import build_optimizer, set_rates
from grader.training.schedule import Clock, PlateauTracker, Rates, RateSchedule

EPOCHS, BATCHES = 6, 5
Build = Callable[[torch.optim.Optimizer], Any]


def ours(recipe: Recipe) -> Iterator[Rates]:
    schedule = RateSchedule(recipe, EPOCHS)
    for epoch in range(EPOCHS):
        for batch in range(BATCHES):
            yield schedule.rates(Clock(epoch, batch, BATCHES))


def theirs(optimizer: torch.optim.Optimizer, scheduler: Any, every: str) -> Iterator[Rates]:
    """What the usual loop trains with."""
    for _ in range(EPOCHS):
        for _ in range(BATCHES):
            group = optimizer.param_groups[0]
            yield Rates(group["lr"], group.get("momentum", group.get("betas", (None,))[0]))
            optimizer.step()
            if every == "batch":
                scheduler.step()
        if every == "epoch":
            scheduler.step()


def sgd(lr: float = 0.1) -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)


CASES: list[tuple[Schedule, Build]] = [
    (Step(step_size=2, gamma=0.3), lambda o: lr_scheduler.StepLR(o, 2, 0.3)),
    (Step(step_size=7, gamma=0.5, step="batch"), lambda o: lr_scheduler.StepLR(o, 7, 0.5)),
    (MultiStep(milestones=(1, 4)), lambda o: lr_scheduler.MultiStepLR(o, [1, 4])),
    (MultiStep(milestones=(3, 8, 20), step="batch"), lambda o: lr_scheduler.MultiStepLR(o, [3, 8, 20])),
    (Exponential(gamma=0.8), lambda o: lr_scheduler.ExponentialLR(o, 0.8)),
    (Exponential(gamma=0.97, step="batch"), lambda o: lr_scheduler.ExponentialLR(o, 0.97)),
    (Cosine(), lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS)),
    (Cosine(eta_min=0.01, step="batch"), lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS * BATCHES, 0.01)),
    (Cosine(t_max=2, eta_min=1e-3), lambda o: lr_scheduler.CosineAnnealingLR(o, 2, 1e-3)),
    (OneCycle(), lambda o: lr_scheduler.OneCycleLR(o, 0.1, EPOCHS * BATCHES)),
    (
        OneCycle(max_lr=0.4, pct_start=0.15, div_factor=10, final_div_factor=100, anneal="linear"),
        lambda o: lr_scheduler.OneCycleLR(
            o, 0.4, EPOCHS * BATCHES, pct_start=0.15, div_factor=10, final_div_factor=100, anneal_strategy="linear"
        ),
    ),
    (OneCycle(built_for="epoch"), lambda o: lr_scheduler.OneCycleLR(o, 0.1, EPOCHS)),
    # The mistake worth reproducing: built for batches, stepped once per epoch.
    (OneCycle(built_for="batch", step="epoch"), lambda o: lr_scheduler.OneCycleLR(o, 0.1, EPOCHS * BATCHES)),
]


@pytest.mark.parametrize(("schedule", "build"), CASES)
def test_every_step_has_torchs_rate(schedule: Schedule, build: Build) -> None:
    optimizer = sgd()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # OneCycleLR steps once while it is built
        expected = list(theirs(optimizer, build(optimizer), schedule.step or schedule.built_for))
    found = list(ours(Recipe(optimizer=Sgd(lr=0.1, momentum=0.9), schedule=schedule)))
    assert [rates.lr for rates in found] == pytest.approx([rates.lr for rates in expected], rel=1e-9)
    momenta = [0.9 if rates.momentum is None else rates.momentum for rates in found]
    assert momenta == pytest.approx([rates.momentum for rates in expected], rel=1e-9)


def test_no_schedule() -> None:
    assert set(ours(Recipe(optimizer=Sgd(lr=0.1), schedule=Constant()))) == {Rates(0.1)}


def test_the_mistake_hardly_moves_the_rate() -> None:
    recipe = Recipe(optimizer=Sgd(lr=0.042), schedule=OneCycle(built_for="batch", step="epoch"))
    rates = [RateSchedule(recipe, 20).rates(Clock(epoch, 0, 938)).lr for epoch in range(20)]
    assert rates[0] == pytest.approx(0.042 / 25)
    assert rates[-1] < 1.01 * rates[0]


@pytest.mark.parametrize("every", ["epoch", "batch"])
def test_warm_up_is_linear_and_comes_first(every: str) -> None:
    length = 2 if every == "epoch" else 2 * BATCHES
    rest = EPOCHS - 2 if every == "epoch" else (EPOCHS - 2) * BATCHES
    optimizer = sgd()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SequentialLR passes a deprecated argument on
        parts = [
            lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=length),
            lr_scheduler.CosineAnnealingLR(optimizer, rest),
        ]
        scheduler = lr_scheduler.SequentialLR(optimizer, parts, milestones=[length])
        expected = [rates.lr for rates in theirs(optimizer, scheduler, every)]
    recipe = Recipe(
        optimizer=Sgd(lr=0.1), schedule=Cosine(step=every), warmup=WarmUp(epochs=2, start_factor=0.1, step=every)
    )
    assert [rates.lr for rates in ours(recipe)] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "schedule",
    [
        Plateau(patience=1, factor=0.5),
        Plateau(patience=0, factor=0.1, threshold=0.05, threshold_mode="abs", cooldown=2, min_lr=1e-3),
        Plateau(metric="train_accuracy", patience=2, factor=0.3),
    ],
)
def test_plateau(schedule: Plateau) -> None:
    metrics = [0.9, 0.8, 0.79999, 0.8, 0.81, 0.7, 0.71, 0.72, 0.73, 0.74, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    optimizer = sgd()
    scheduler = lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode="max" if schedule.metric.endswith("accuracy") else "min",
        **schedule.model_dump(exclude={"name", "metric"}),
    )
    tracker, rates = PlateauTracker(schedule), RateSchedule(Recipe(optimizer=Sgd(lr=0.1), schedule=schedule), EPOCHS)
    for metric in metrics:
        assert rates.rates(Clock(0, 0, 1), tracker.factor).lr == pytest.approx(optimizer.param_groups[0]["lr"])
        scheduler.step(metric)
        tracker.observe(metric)
    assert tracker.factor < 1


def test_a_loss_that_is_no_number_is_a_bad_epoch() -> None:
    tracker = PlateauTracker(Plateau(patience=0, factor=0.5))
    for metric in (1.0, float("nan")):
        tracker.observe(metric)
    assert tracker.factor == 0.5


def test_adams_first_beta_is_its_momentum() -> None:
    optimizer = build_optimizer(AdamRecipe(lr=0.01, betas=(0.8, 0.99)), [torch.nn.Parameter(torch.zeros(1))])
    assert isinstance(optimizer, Adam)
    set_rates(optimizer, Rates(0.5, 0.85))
    assert optimizer.param_groups[0]["betas"] == (0.85, 0.99)
    assert optimizer.param_groups[0]["lr"] == 0.5
    set_rates(optimizer, Rates(0.25))
    assert optimizer.param_groups[0]["betas"] == (0.85, 0.99)
