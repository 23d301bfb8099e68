"""Other widths: the changed export measures as the network that was really built with them."""

from collections.abc import Callable
from typing import Any

import pytest
from advice_nets import Flattened, Joined, Plain, Residual, Separable
from torch import nn

from grader.advice.draft import CannotChange
from grader.advice.widths import Together, plan
from grader.analysis.measure import measure

# (network, the layers whose width changes, the widths by which it is built instead)
CASES: dict[str, tuple[type[nn.Module], dict[str, int], dict[str, int]]] = {
    "a layer before a batch norm": (Plain, {"first": 5}, {"a": 5}),
    "a layer before a pool and a dropout": (Plain, {"second": 7}, {"b": 7}),
    "a layer before a mean": (Plain, {"third": 20}, {"c": 20}),
    "all of them": (Plain, {"first": 3, "second": 4, "third": 5}, {"a": 3, "b": 4, "c": 5}),
    "maps that are flattened": (Flattened, {"conv": 3}, {"a": 3}),
    "a hidden layer": (Flattened, {"hidden": 9}, {"hidden": 9}),
    "layers that are added": (Residual, {"stem": 5, "inner": 5}, {"a": 5}),
    "a layer before a depthwise one": (Separable, {"stem": 5}, {"a": 5}),
    "a pointwise layer": (Separable, {"point": 5}, {"b": 5}),
    "a branch that is joined": (Joined, {"left": 5}, {"a": 5}),
    "both branches": (Joined, {"left": 5, "right": 3}, {"a": 5, "b": 3}),
}


def weights(export: Any) -> dict[str, str]:
    return {spec.path.removesuffix(".weight"): name for name, spec in export.graphs.parameters.items()}


@pytest.mark.parametrize("case", CASES)
def test_the_changed_graph_measures_as_the_changed_network(case: str, export_model: Callable[..., Any]) -> None:
    network, widths, built = CASES[case]
    export = export_model(network())
    names = weights(export)
    draft = plan(export).resized({names[layer]: width for layer, width in widths.items()})
    found, real = measure(draft.export()), measure(export_model(network(**built)))
    assert draft.total() == real.parameters.total
    assert found == real
    assert found != measure(export)


def test_a_width_that_is_given_again_changes_nothing(export_model: Callable[..., Any]) -> None:
    export = export_model(Flattened())
    shapes = plan(export)
    assert shapes.resized(shapes.widths()).export() == export


def test_the_last_layer_is_no_choice(export_model: Callable[..., Any]) -> None:
    for network, chosen in ((Plain, {"first", "second", "third"}), (Joined, {"left", "right"})):
        export = export_model(network())
        names = {name: path for path, name in weights(export).items()}
        assert {names[weight] for weight in plan(export).widths()} == chosen
    with pytest.raises(CannotChange, match="number of classes"):
        plan(export).resized({weights(export)["out"]: 7})


def test_layers_that_are_added_change_together_or_not_at_all(export_model: Callable[..., Any]) -> None:
    export = export_model(Residual())
    names = weights(export)
    with pytest.raises(Together) as caught:
        plan(export).resized({names["stem"]: 5})
    assert caught.value.makers == {names["stem"], names["inner"]}


class Shuffled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(1, 8, 3), nn.Conv2d(2, 10, 3)

    def forward(self, x: Any) -> Any:
        return self.out(nn.functional.pixel_shuffle(self.conv(x), 2)).mean((2, 3))


def test_what_is_not_understood_is_refused(export_model: Callable[..., Any]) -> None:
    export = export_model(Shuffled())
    with pytest.raises(CannotChange):
        plan(export).resized({weights(export)["conv"]: 4})
