"""Two spellings of one network have one hash; another number, another wiring or another sharing has another."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from grader.model.graph import Export, Node, Reference
from grader.similarity.canonical_graph import graph_hash
from grader.similarity.canonical_shapes import shapes_hash

Exporter = Callable[[nn.Module], Export]


class Branches(nn.Module):
    """Two branches, summed."""

    def __init__(self, rate: float = 0.1, width: int = 4) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, width, 3, padding=1), nn.Conv2d(1, width, 5, padding=2)
        self.drop, self.fc = nn.Dropout(rate), nn.Linear(width, 10)

    def forward(self, x):
        left = F.relu(self.left(x))
        right = self.right(x)
        return self.fc(self.drop(left + right).mean((2, 3)))


class Respelled(nn.Module):
    """The same: other names, defined and computed in another order, the sum turned round, dead code added."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(4, 10)
        self.unused = nn.Linear(3, 3)
        self.b = nn.Conv2d(1, 4, 5, padding=2)
        self.a = nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, images):
        second = self.b(images)
        torch.sigmoid(second)
        first = torch.relu(self.a(images))
        total = second + first
        return self.out(F.dropout(total, 0.1, training=self.training).mean((2, 3)))


class Sigmoid(Branches):
    def forward(self, x):
        return self.fc(self.drop(torch.sigmoid(self.left(x)) + self.right(x)).mean((2, 3)))


class Rewired(Branches):
    def forward(self, x):
        return self.fc(self.drop(self.left(x) + F.relu(self.right(x))).mean((2, 3)))


class Difference(Branches):
    def forward(self, x):
        return self.fc(self.drop(F.relu(self.left(x)) - self.right(x)).mean((2, 3)))


class TurnedDifference(Branches):
    def forward(self, x):
        return self.fc(self.drop(self.right(x) - F.relu(self.left(x))).mean((2, 3)))


class Twice(nn.Module):
    """Two convolutions in a row, which may be one and the same."""

    def __init__(self, *, shared: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, 4, 3)
        self.second = self.first if shared else nn.Conv2d(4, 4, 3)
        self.stem, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(4, 10)

    def forward(self, x):
        return self.fc(self.second(self.first(self.stem(x))).mean((2, 3)))


class Scaled(nn.Module):
    def __init__(self, scale: float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.full((10,), scale))
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.flatten(1)) * self.scale


class InPlace(nn.Module):
    """Adds the features to themselves before or after they are clipped in place."""

    def __init__(self, *, late: bool) -> None:
        super().__init__()
        self.late, self.fc = late, nn.Linear(784, 10)

    def forward(self, x):
        scores = self.fc(x.flatten(1))
        if self.late:
            clipped = F.relu(scores, inplace=True)
            return torch.exp(scores) + clipped
        twice = torch.exp(scores)
        return twice + F.relu(scores, inplace=True)


def test_spelling_is_of_no_account(export_model: Exporter) -> None:
    assert graph_hash(export_model(Branches())) == graph_hash(export_model(Respelled()))


@pytest.mark.parametrize(
    "other",
    [lambda: Branches(0.2), lambda: Branches(0.1, 5), Sigmoid, Rewired, Difference],
    ids=["rate", "kernel", "activation", "order", "difference"],
)
def test_another_network_is_another(other: Callable[[], nn.Module], export_model: Exporter) -> None:
    assert graph_hash(export_model(other())) != graph_hash(export_model(Branches()))


def test_the_sides_of_a_difference_are_not_the_same(export_model: Exporter) -> None:
    assert graph_hash(export_model(Difference())) != graph_hash(export_model(TurnedDifference()))


def test_one_tensor_used_twice_is_not_two_tensors(export_model: Exporter) -> None:
    shared, apart = (export_model(Twice(shared=shared)) for shared in (True, False))
    assert graph_hash(shared) != graph_hash(apart)
    assert graph_hash(shared) == graph_hash(export_model(Twice(shared=True)))


def test_values_of_buffers_count(export_model: Exporter) -> None:
    first, same, other = (graph_hash(export_model(Scaled(scale))) for scale in (2.0, 2.0, 3.0))
    assert first == same != other


def test_the_order_of_writing_in_place_counts(export_model: Exporter) -> None:
    early, late = (graph_hash(export_model(InPlace(late=late))) for late in (False, True))
    assert early != late


def test_shapes_see_only_shapes(export_model: Exporter) -> None:
    first, sigmoid, rewired, rate, width = (
        shapes_hash(export_model(build))
        for build in (Branches(), Sigmoid(), Rewired(), Branches(0.3), Branches(0.1, 5))
    )
    assert first == sigmoid == rewired == rate != width


def test_a_deep_graph_is_no_matter(export_model: Exporter) -> None:
    export = export_model(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))
    train = export.graphs.train
    chain = [Node(name="n9000", op="aten.relu.default", args=(Reference(ref=train.output),))]
    for number in range(9001, 11_000):
        read = Reference(ref=chain[-1].name)
        chain.append(Node(name=f"n{number}", op="aten.relu.default", args=(read,)))
    longer = train.model_copy(update={"nodes": (*train.nodes, *chain), "output": chain[-1].name})
    deep = export.model_copy(update={"graphs": export.graphs.model_copy(update={"train": longer})})
    assert graph_hash(deep) != graph_hash(export)
    assert shapes_hash(deep) == shapes_hash(export)
