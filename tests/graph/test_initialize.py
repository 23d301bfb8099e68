"""Initial weights are ours: recorded initialisers with our seed, else the operator's default."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from fvcore.nn import parameter_count
from torch import nn

from grader.graph.initialize import initializer_origins
from grader.graph.rebuild import rebuild
from grader.model.graph import Export, Initializer

Exporter = Callable[..., Any]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 10)
        self.activation, self.idle = nn.PReLU(), nn.Linear(5, 5)
        nn.init.constant_(self.fc.bias, 0.25)
        nn.init.kaiming_normal_(self.fc.weight)

    def forward(self, x):
        return self.fc(self.activation(self.norm(self.conv(x))).mean((2, 3)))


def overwrite(model: nn.Module) -> nn.Module:
    """As trained weights would: after the initialisers, every tensor is written to, in ways that leave no trace."""
    for parameter in model.parameters():
        parameter.data.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) + 100.0)
    return model


def weights(export: Export, seed: int | None) -> dict[str, torch.Tensor]:
    model = rebuild(export, seed)
    return {path: model.get_parameter(name).detach() for name, path in model.parameter_names.items()}


def test_the_seed_decides(export_model: Exporter) -> None:
    export, _ = export_model(Net)
    first, again, other, free = (weights(export, seed) for seed in (5, 5, 6, None))
    assert all(torch.equal(first[path], again[path]) for path in first)
    assert not torch.equal(first["conv.weight"], other["conv.weight"])
    assert not torch.equal(first["conv.weight"], free["conv.weight"])


def test_recorded_initialisers_are_used(export_model: Exporter) -> None:
    export, model = export_model(Net)
    ours = weights(export, 1)  # not the seed that the constructor ran with
    assert ours["fc.bias"].tolist() == [0.25] * 10
    assert ours["norm.weight"].tolist() == [1.0] * 4
    assert ours["activation.weight"].tolist() == [0.25]
    assert not torch.equal(ours["conv.weight"], model.conv.weight)
    assert float(ours["conv.weight"].abs().max()) <= 1 / 3
    assert initializer_origins(export)["fc.weight"] == "kaiming_normal_ (recorded)"


def test_written_weights_fall_back_to_the_default_and_never_train(export_model: Exporter) -> None:
    export, _ = export_model(lambda: overwrite(Net()))
    origins = initializer_origins(export)
    assert origins["conv.weight"] == "default: not recognised (kaiming_uniform_)"
    assert origins["norm.weight"] == "default: not recognised (ones_)"
    ours = weights(export, 1)
    assert ours.pop("activation.weight").tolist() == [100.0]  # one value in one tensor: read as constant_
    assert all(float(value.abs().max()) <= 1 for value in ours.values())
    assert float(ours["conv.weight"].abs().max()) <= 1 / 3
    assert float(ours["fc.weight"].abs().max()) <= 1 / 2
    assert float(ours["fc.bias"].abs().max()) <= 1 / 2
    assert ours["norm.bias"].tolist() == [0.0] * 4


def test_unused_parameters_exist_and_count(export_model: Exporter) -> None:
    export, model = export_model(Net)
    rebuilt = rebuild(export, seed=0)
    total = 40 + 8 + 50 + 1 + 30
    assert parameter_count(model)[""] == total
    assert parameter_count(rebuilt)[""] == total


def test_shared_weights_count_once_and_frozen_ones_stay_frozen(export_model: Exporter) -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(784, 10, bias=False), nn.Linear(784, 10, bias=False)
            self.b.weight = self.a.weight
            self.scale = nn.Parameter(torch.ones(1), requires_grad=False)

        def forward(self, x):
            return (self.a(x.flatten(1)) + self.b(x.flatten(1))) * self.scale

    export, _ = export_model(Tied)
    assert export.graphs.parameters["p0"].aliases == ("b.weight",) or export.graphs.parameters["p1"].aliases == (
        "b.weight",
    )
    rebuilt = rebuild(export, seed=0)
    assert parameter_count(rebuilt)[""] == 7841
    trains = {rebuilt.parameter_names[name]: value.requires_grad for name, value in rebuilt.named_parameters()}
    assert trains == {"scale": False, "a.weight": True}


INITIALIZERS = [
    lambda t: nn.init.uniform_(t, -2, -1),
    lambda t: nn.init.normal_(t, 3, 0.1),
    lambda t: nn.init.trunc_normal_(t, std=0.02),
    lambda t: nn.init.xavier_uniform_(t, gain=2),
    lambda t: nn.init.xavier_normal_(t),  # noqa: PLW0108 - looked up while recording
    lambda t: nn.init.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"),
    lambda t: nn.init.orthogonal_(t),  # noqa: PLW0108 - looked up while recording
    lambda t: nn.init.sparse_(t, 0.5),
    lambda t: nn.init.eye_(t),  # noqa: PLW0108 - looked up while recording
    lambda t: t.data.normal_(0, math.sqrt(2 / 9)),
    lambda t: t.data.uniform_(-0.1, 0.1),
    lambda t: t.data.fill_(0.5),
    lambda t: t.data.zero_(),
]


@pytest.mark.parametrize("initialize", INITIALIZERS)
def test_every_known_initialiser_survives_the_way_out(initialize: Any, export_model: Exporter) -> None:
    def build() -> nn.Module:
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10, bias=False))
        with torch.no_grad():
            initialize(model[1].weight)
        return model

    export, model = export_model(build)
    spec = export.graphs.parameters["p0"]
    assert spec.initializer_recognized
    assert initializer_origins(export)["1.weight"] == f"{spec.initializer.name} (recorded)"
    ours, theirs = weights(export, 0)["1.weight"], model[1].weight.detach()
    assert math.isclose(float(ours.mean()), float(theirs.mean()), abs_tol=0.02)
    assert math.isclose(float(ours.std()), float(theirs.std()), abs_tol=0.02)


def test_an_unknown_or_absurd_record_falls_back(export_model: Exporter) -> None:
    export, _ = export_model(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))
    for record in (
        Initializer(name="system", arguments={}),
        Initializer(name="uniform_", arguments={"a": 0.0, "b": float("inf")}),
        Initializer(name="normal_", arguments={"mean": "0", "std": 1.0}),
        Initializer(name="normal_", arguments={"std": -1.0}),
        Initializer(name="normal_", arguments={"generator": None}),
        Initializer(name="kaiming_uniform_", arguments={"mode": "__import__"}),
    ):
        spec = export.graphs.parameters["p0"].model_copy(update={"initializer": record})
        parameters = {**export.graphs.parameters, "p0": spec}
        changed = export.model_copy(update={"graphs": export.graphs.model_copy(update={"parameters": parameters})})
        assert initializer_origins(changed)["1.weight"] == "default: not recognised (kaiming_uniform_)"


def test_thousands_of_constants_are_no_way_to_hand_in_weights(export_model: Exporter) -> None:
    class Smuggler(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pieces = nn.ParameterList([nn.Parameter(torch.full((1,), i / 300)) for i in range(300)])

        def forward(self, x):
            return x.flatten(1)[:, :300] @ torch.cat(list(self.pieces)).reshape(30, 10).repeat(10, 1)

    export, _ = export_model(Smuggler)
    assert set(initializer_origins(export).values()) == {"default: not recognised (zeros_)"}
