"""Recipe to torch optimizer."""

from collections.abc import Iterable

import torch

from grader.model.recipe import Adam, AdamW, Optimizer, RmsProp
from grader.training.schedule import Rates


def build_optimizer(recipe: Optimizer, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of a recipe."""
    arguments = recipe.model_dump(exclude={"name"})
    match recipe:
        case Adam():
            return torch.optim.Adam(parameters, **arguments)
        case AdamW():
            return torch.optim.AdamW(parameters, **arguments)
        case RmsProp():
            return torch.optim.RMSprop(parameters, **arguments)
    return torch.optim.SGD(parameters, **arguments)


def set_rates(optimizer: torch.optim.Optimizer, rates: Rates) -> None:
    """Set rate and momentum of the next step; for Adam the momentum is its first beta."""
    for group in optimizer.param_groups:
        group["lr"] = rates.lr
        if rates.momentum is None:
            continue
        if "betas" in group:
            group["betas"] = (rates.momentum, *group["betas"][1:])
        else:
            group["momentum"] = rates.momentum
