"""The rules on one vector against torch's optimizers, step by step, with rates and momentum that change."""

import pytest
import torch

from grader.model.recipe import Adam, AdamW, Optimizer, RmsProp, Sgd
from grader.training.flat_optimizers import flat_optimizer, own_momentum
from grader.training.flat_parameters import FlatParameters
from grader.training.optimizers import build_optimizer, set_rates
from grader.training.schedule import Rates

RECIPES = {
    "sgd": Sgd(lr=0.1),
    "momentum": Sgd(lr=0.1, momentum=0.9, weight_decay=1e-2),
    "dampening": Sgd(lr=0.1, momentum=0.9, dampening=0.3),
    "nesterov": Sgd(lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-2),
    "adam": Adam(lr=0.01),
    "adam, weight decay": Adam(lr=0.01, weight_decay=0.1, betas=(0.8, 0.95)),
    "amsgrad": Adam(lr=0.01, amsgrad=True),
    "adamw": AdamW(lr=0.01, weight_decay=0.1),
    "rmsprop": RmsProp(lr=0.01),
    "rmsprop, all of it": RmsProp(lr=0.01, momentum=0.5, centered=True, weight_decay=0.1, alpha=0.9),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("cycles", [False, True])
def test_every_step_is_torchs(name: str, cycles: bool) -> None:
    recipe, generator = RECIPES[name], torch.Generator().manual_seed(3)
    start = torch.randn(50, generator=generator)
    theirs = torch.nn.Parameter(start.clone())
    optimizer = build_optimizer(recipe, [theirs])
    ours = start.clone()
    rule = flat_optimizer(recipe, ours)
    for step in range(25):
        gradient = torch.randn(50, generator=generator)
        rates = Rates(recipe.lr * (1 + step / 10), 0.95 - step / 100 if cycles and own_momentum(recipe) else None)
        set_rates(optimizer, rates)
        theirs.grad = gradient.clone()
        optimizer.step()
        momentum = own_momentum(recipe) if rates.momentum is None else rates.momentum
        rule.step(ours, gradient.clone(), torch.tensor(rates.lr), torch.tensor(momentum))
        torch.testing.assert_close(ours, theirs.data, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", RECIPES)
def test_all_that_a_step_changes_is_state(name: str) -> None:
    """Put back, it takes the same steps again: what a capture's warm-up relies on."""
    recipe: Optimizer = RECIPES[name]
    values, gradient = torch.linspace(-1, 1, 9), torch.linspace(0.3, -0.2, 9)
    rule, lr, momentum = flat_optimizer(recipe, values), torch.tensor(0.1), torch.tensor(own_momentum(recipe))
    saved = [tensor.clone() for tensor in (values, *rule.state)]

    def three() -> torch.Tensor:
        for _ in range(3):
            rule.step(values, gradient.clone(), lr, momentum)
        return values.clone()

    first = three()
    for tensor, value in zip((values, *rule.state), saved, strict=True):
        tensor.copy_(value)
    assert torch.equal(three(), first)
    assert not torch.equal(first, saved[0])


def test_parameters_are_views_with_their_values_and_layout() -> None:
    convolution = torch.nn.Conv2d(3, 4, 5).to(memory_format=torch.channels_last)
    linear = torch.nn.Linear(2, 3)
    parameters = [*convolution.parameters(), *linear.parameters()]
    before = [parameter.detach().clone() for parameter in parameters]
    flat = FlatParameters(parameters)
    assert flat.values.shape == (3 * 4 * 25 + 4 + 6 + 3,)
    for parameter, value in zip(parameters, before, strict=True):
        assert torch.equal(parameter, value)
    assert convolution.weight.is_contiguous(memory_format=torch.channels_last)
    images = torch.randn(2, 3, 5, 5)
    torch.autograd.backward(convolution(images).sum())
    assert torch.equal(flat.gradients[300:304], torch.full((4,), 2.0))  # of the bias: one for each image
    flat.values.zero_()
    assert float(convolution(images).detach().abs().sum()) == 0.0
