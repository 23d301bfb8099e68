"""The optimizers' rules on one vector of parameters, with rate and momentum as tensors on the device.

A step then reads nothing from the host, so that it can be captured once and replayed with other rates. The rules are
those of torch.optim (SGD, Adam, AdamW and RMSprop of torch 2.11 to 2.15; the tests compare them step by step), which
take momentum as a number of the host.
"""

from typing import Protocol

import torch

from grader.model.recipe import Adam, AdamW, Optimizer, RmsProp, Sgd


class FlatOptimizer(Protocol):
    """Changes the parameters (P,) in place."""

    @property
    def state(self) -> tuple[torch.Tensor, ...]:
        """All tensors that a step changes besides the parameters."""

    def step(self, values: torch.Tensor, gradients: torch.Tensor, lr: torch.Tensor, momentum: torch.Tensor) -> None:
        """One step with gradients (P,), which may be overwritten; `lr` and `momentum` are scalars on the device."""


def flat_optimizer(recipe: Optimizer, values: torch.Tensor) -> FlatOptimizer:
    """The optimizer of a recipe for parameters like `values` (P,)."""
    match recipe:
        case Adam() | AdamW():
            return _Adam(recipe, values)
        case RmsProp():
            return _RmsProp(recipe, values)
    return _Sgd(recipe, values)


def own_momentum(recipe: Optimizer) -> float:
    """What counts as momentum where the schedule does not set it: for Adam its first beta."""
    return recipe.betas[0] if isinstance(recipe, Adam | AdamW) else recipe.momentum


class _Sgd:
    def __init__(self, recipe: Sgd, values: torch.Tensor) -> None:
        self._recipe = recipe
        self._velocity = torch.zeros_like(values)
        self._kept = torch.ones((), device=values.device)  # of a gradient: the first one is not dampened
        self.state = (self._velocity, self._kept)

    def step(self, values: torch.Tensor, gradients: torch.Tensor, lr: torch.Tensor, momentum: torch.Tensor) -> None:
        if self._recipe.weight_decay:
            gradients.add_(values, alpha=self._recipe.weight_decay)
        self._velocity.mul_(momentum).add_(gradients * self._kept if self._recipe.dampening else gradients)
        if self._recipe.dampening:
            self._kept.fill_(1 - self._recipe.dampening)
        change = gradients.addcmul_(self._velocity, momentum) if self._recipe.nesterov else self._velocity
        values.sub_(change * lr)


class _Adam:
    def __init__(self, recipe: Adam | AdamW, values: torch.Tensor) -> None:
        self._recipe = recipe
        self._mean, self._square, self._largest = (torch.zeros_like(values) for _ in range(3))
        self._steps = torch.zeros((), dtype=torch.float64, device=values.device)
        self.state = (self._mean, self._square, self._largest, self._steps)

    def step(self, values: torch.Tensor, gradients: torch.Tensor, lr: torch.Tensor, momentum: torch.Tensor) -> None:
        recipe, second = self._recipe, self._recipe.betas[1]
        self._steps.add_(1)
        if recipe.weight_decay and isinstance(recipe, AdamW):
            values.mul_(1 - lr * recipe.weight_decay)
        elif recipe.weight_decay:
            gradients.add_(values, alpha=recipe.weight_decay)
        self._mean.lerp_(gradients, 1 - momentum)
        self._square.mul_(second).addcmul_(gradients, gradients, value=1 - second)
        square = self._square
        if recipe.amsgrad:
            square = torch.maximum(self._largest, square, out=self._largest)
        lasting = momentum.double()
        first_bias, second_bias = 1 - lasting**self._steps, 1 - second**self._steps
        scale = square.sqrt().div_(second_bias.sqrt().float()).add_(recipe.eps)
        values.sub_(self._mean / scale * (lr / first_bias).float())


class _RmsProp:
    def __init__(self, recipe: RmsProp, values: torch.Tensor) -> None:
        self._recipe = recipe
        self._square, self._mean, self._velocity = (torch.zeros_like(values) for _ in range(3))
        self.state = (self._square, self._mean, self._velocity)

    def step(self, values: torch.Tensor, gradients: torch.Tensor, lr: torch.Tensor, momentum: torch.Tensor) -> None:
        recipe = self._recipe
        if recipe.weight_decay:
            gradients.add_(values, alpha=recipe.weight_decay)
        self._square.mul_(recipe.alpha).addcmul_(gradients, gradients, value=1 - recipe.alpha)
        square = self._square
        if recipe.centered:
            self._mean.lerp_(gradients, 1 - recipe.alpha)
            square = square.addcmul(self._mean, self._mean, value=-1)
        self._velocity.mul_(momentum).addcdiv_(gradients, square.sqrt().add_(recipe.eps))
        values.sub_(self._velocity * lr)
