"""Recipe to torch optimizer."""

from collections.abc import Iterable

import torch

from grader.model.recipe import Adam, AdamW, Optimizer, RmsProp
from grader.training.schedule import Rates


def build_optimizer(recipe: Optimizer, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of a recipe over the parameters that train."""
    arguments = recipe.model_dump(exclude={"name"})
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    match recipe:
        case Adam():
            return torch.optim.Adam(trainable, **arguments)
        case AdamW():
            return torch.optim.AdamW(trainable, **arguments)
        case RmsProp():
            return torch.optim.RMSprop(trainable, **arguments)
    return torch.optim.SGD(trainable, **arguments)


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
