"""What counts besides parameters: numbers in the arithmetic, and the parts that stored values are taken apart into."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

OWN = 40 + 50  # the convolution's and the linear layer's


def counted(measured, model, becomes, **members):
    net = {"conv": nn.Conv2d(1, 4, 3), "fc": nn.Linear(4, 10), **members}
    facts = measured(lambda: model(lambda self, x: self.fc(becomes(self, self.conv(x)).mean((2, 3))), **net))
    assert facts.parameters.total == OWN
    return facts.parameters.counted - OWN, facts.parameters.literals


def mixed(x, weight):
    """The map times one that a 1×1 convolution with these weights makes of it."""
    return x * F.conv2d(x, weight.float().reshape(-1, 4, 1, 1)).mean(1, keepdim=True)


def many(uses: int):
    def forward(net, x):
        for index in range(uses):
            x = torch.relu(x * (1 + 0.01 * index))
        return x

    return forward


@pytest.mark.parametrize(("uses", "found"), [(30, 0), (100, 0), (130, 30)])
def test_numbers_beyond_a_hundred(uses, found, measured, model):
    assert counted(measured, model, many(uses)) == (found, found)


def test_numbers_given_to_layers_are_no_weights(measured, model):
    def forward(net, x):
        for _ in range(40):
            x = F.dropout(F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1), 0.01, net.training)
        return x

    assert counted(measured, model, forward) == (0, 0)


def test_numbers_that_nothing_reads(measured, model):
    def forward(net, x):
        many(150)(net, x)
        return x

    assert counted(measured, model, forward) == (0, 0)


def test_each_element_of_a_built_weight(measured, model):
    def forward(net, x):
        weight = torch.cat([torch.full((1,), 0.1 * index) for index in range(160)])
        return mixed(x, weight)

    stored, literals = counted(measured, model, forward)
    assert stored == literals == 160 + 160 + 4 - 100  # shape and element of each, and the new shape


@pytest.mark.parametrize(
    ("unpack", "parts"),
    [
        (lambda codes: codes, 48),
        (lambda codes: torch.remainder(codes, 16), 48),
        (lambda codes: torch.remainder(torch.floor_divide(codes.view(-1, 1), torch.arange(1, 5)), 16), 192),
        (lambda codes: torch.stack([torch.bitwise_and(codes, bit) for bit in (1, 2, 4)]), 144),
    ],
)
def test_integers_taken_apart(unpack, parts, measured, model):
    found, _ = counted(measured, model, lambda net, x: mixed(x, unpack(net.codes)), codes=torch.arange(48))
    assert found == parts


def test_float64_in_two_halves(measured, model):
    def forward(net, x):
        high = net.wide.float()
        return mixed(mixed(x, high), (net.wide - high.double()).float())

    assert counted(measured, model, forward, wide=torch.randn(48, dtype=torch.float64))[0] == 96


def test_float64_cast_once(measured, model):
    wide = torch.randn(48, dtype=torch.float64)
    assert counted(measured, model, lambda net, x: mixed(x, net.wide), wide=wide)[0] == 48
