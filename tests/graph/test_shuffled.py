"""Shuffling what a graph stores: the same values, in another order; statistics and infinities where they were."""

import math
from collections.abc import Callable

import pytest
import safetensors.torch
import torch
from torch import nn

from grader.graph.prescribed import location, prescribed
from grader.graph.shuffled import shuffled
from grader.model.graph import Export, Initializer

Exporter = Callable[..., tuple[Export, nn.Module]]


class Storing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bank", torch.arange(784.0).view(1, 784))
        self.register_buffer("one", torch.tensor([1.0]))
        self.register_buffer("two", torch.tensor([2.0]))
        mask = torch.zeros(784)
        mask[5] = -math.inf
        self.register_buffer("mask", mask)
        self.norm = nn.BatchNorm1d(784)
        self.fc = nn.Linear(784, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(x.flatten(1) * self.bank * self.one + self.two)
        return self.fc(torch.where(self.mask < 0, 0.0, x) * 0.25 * 0.5 * 3.0)


def stored(export: Export) -> dict[str, torch.Tensor]:
    paths = {name: spec.path for name, spec in export.graphs.buffers.items()}
    return {paths[name]: value for name, value in safetensors.torch.load(export.tensors).items() if name in paths}


def test_values_change_places_and_nothing_else(export_model: Exporter) -> None:
    export = export_model(Storing)[0]
    before, after = stored(export), stored(shuffled(export, 1))
    assert not torch.equal(before["bank"], after["bank"])
    assert torch.equal(before["bank"].sort().values, after["bank"].sort().values)
    assert torch.equal(before["mask"], after["mask"])
    assert {float(after["one"]), float(after["two"])} == {1.0, 2.0}
    for name in ("norm.running_mean", "norm.running_var", "norm.num_batches_tracked"):
        assert torch.equal(before[name], after[name])
    assert torch.equal(stored(shuffled(export, 1))["bank"], after["bank"])


def test_small_tensors_exchange_their_values(export_model: Exporter) -> None:
    export = export_model(Storing)[0]
    firsts = {float(stored(shuffled(export, seed))["one"]) for seed in range(20)}
    assert firsts == {1.0, 2.0}


def test_numbers_in_arithmetic_change_places(export_model: Exporter) -> None:
    export = export_model(Storing)[0]

    def factors(one: Export, mode: str) -> list[object]:
        nodes = getattr(one.graphs, mode).nodes
        return [node.args[1] for node in nodes if node.op == "aten.mul.Tensor" and isinstance(node.args[1], float)]

    assert factors(export, "train") == [0.25, 0.5, 3.0]
    orders = {tuple(factors(shuffled(export, seed), "train")) for seed in range(20)}
    assert len(orders) > 1
    assert {tuple(sorted(order)) for order in orders} == {(0.25, 0.5, 3.0)}
    other = shuffled(export, 3)
    assert factors(other, "train") == factors(other, "eval")


class Prescribing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(784)
        self.fc = nn.Linear(784, 10)
        self.scales = nn.ParameterList(nn.Parameter(torch.empty(1)) for _ in range(4))
        for number, scale in enumerate(self.scales):
            nn.init.constant_(scale, number)
        nn.init.uniform_(self.fc.bias, -1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.norm(x.flatten(1))) * torch.cat(list(self.scales)).sum()


def test_what_begins_near_a_chosen_number_is_prescribed(export_model: Exporter) -> None:
    """Zero is no weight, and a norm's scale of one is its default."""
    graphs = export_model(Prescribing)[0].graphs
    assert sorted(graphs.parameters[name].path for name in prescribed(graphs)) == ["scales.1", "scales.2", "scales.3"]


def test_prescribed_values_change_places(export_model: Exporter) -> None:
    export = export_model(Prescribing)[0]

    def values(one: Export) -> tuple[object, ...]:
        specs = {spec.path: spec for spec in one.graphs.parameters.values()}
        return tuple(specs[f"scales.{number}"].initializer.arguments["val"] for number in (1, 2, 3))  # type: ignore[union-attr]

    assert {tuple(sorted(values(shuffled(export, seed)))) for seed in range(10)} == {(1, 2, 3)}  # type: ignore[type-var]
    assert len({values(shuffled(export, seed)) for seed in range(10)}) > 1


@pytest.mark.parametrize(
    ("name", "arguments", "mean"),
    [
        ("constant_", {"val": 0.37}, 0.37),
        ("ones_", {}, 1.0),
        ("zeros_", {}, 0.0),
        ("uniform_", {}, 0.5),
        ("uniform_", {"a": -0.1, "b": 0.1}, 0.0),
        ("normal_", {"mean": 2.0, "std": 1e-6}, 2.0),
        ("trunc_normal_", {"std": 0.02}, 0.0),
        ("kaiming_uniform_", {"a": 2.236}, 0.0),
    ],
)
def test_where_initial_values_lie(name: str, arguments: dict[str, float], mean: float) -> None:
    assert location(Initializer(name=name, arguments=dict(arguments))) == mean
