"""Bounds of results, against what torch computes at the ends and in between."""

import math

import pytest
import torch

from grader.analysis.bounds import UNKNOWN, Bounds, bounds_after
from grader.graph.ops import Kind

SOME = Bounds(-2.0, 3.0)


@pytest.mark.parametrize("short", ["relu", "relu6", "sigmoid", "hardsigmoid", "tanh", "exp", "floor", "ceil", "round",
                                   "trunc", "erf", "abs", "square", "sign", "sin", "cos"])  # fmt: skip
def test_every_element_lies_within(short):
    function = getattr(torch, short, None) or getattr(torch.nn.functional, short)
    for bounds in (SOME, Bounds(1.0, 2.0), Bounds(-7.0, -1.0)):
        values = function(torch.linspace(bounds.low, bounds.high, 101, dtype=torch.float64))
        found = bounds_after(short, Kind.ACTIVATION, [bounds], {})
        assert found.low - 1e-12 <= float(values.min())
        assert float(values.max()) <= found.high + 1e-12


@pytest.mark.parametrize(
    ("short", "operands", "arguments", "number"),
    [
        ("clamp", [SOME], {"min": 0, "max": 0}, 0),
        ("sigmoid", [Bounds(-2e9, -1e3)], {}, 0),
        ("lt", [Bounds(0.0, 9.0)], {"other": 0}, 0),
        ("gt", [UNKNOWN], {"other": 1e9}, 0),
        ("floor", [Bounds(0.0, 0.5)], {}, 0),
        ("zeros_like", [], {}, 0),
        ("full", [], {"fill_value": 7}, 7),
        ("maximum", [Bounds(2.0, 2.0), Bounds(-1.0, 1.0)], {}, 2),
    ],
)
def test_decided(short, operands, arguments, number):
    assert bounds_after(short, Kind.ELEMENTWISE, operands, arguments).number == number


@pytest.mark.parametrize(
    ("short", "operands", "arguments"),
    [("clamp", [SOME], {"min": 0, "max": 1}), ("gt", [UNKNOWN], {"other": 1e3}), ("ge", [SOME, SOME], {})],
)
def test_undecided(short, operands, arguments):
    assert bounds_after(short, Kind.ELEMENTWISE, operands, arguments).number is None


def test_dropout():
    dropped = bounds_after("dropout", Kind.DROPOUT, [Bounds(1.0, 2.0)], {"p": 0.5, "train": True})
    assert (dropped.low, dropped.high) == (0.0, 4.0)
    assert bounds_after("dropout", Kind.DROPOUT, [SOME], {"p": 1.0, "train": True}).number == 0
    assert bounds_after("dropout", Kind.DROPOUT, [SOME], {"p": 0.5, "train": False}) == SOME
    assert bounds_after("alpha_dropout", Kind.DROPOUT, [SOME], {"p": 1.0, "train": True}) == UNKNOWN


def test_arithmetic():
    assert SOME.times(Bounds(-1.0, 2.0)) == Bounds(-4.0, 6.0)
    assert Bounds(0.0, 0.0).times(Bounds(-math.inf, math.inf)).number == 0
    assert SOME.to_the(2) == Bounds(0.0, 9.0)
    assert SOME.to_the(3) == Bounds(-8.0, 27.0)
    assert Bounds(2.0, 4.0).to_the(-1) == Bounds(0.25, 0.5)
    assert SOME.to_the(-2).low == 0
    assert Bounds(-math.inf, math.inf).plus(Bounds(math.inf, math.inf)) == UNKNOWN
