"""Filters and saliency against closed forms, on graphs of every sort, and proof that looking changes nothing."""

import base64
import itertools
from collections.abc import Callable

import pytest
import torch
from torch import nn

from grader.graph.rebuild import RebuiltModel, rebuild
from grader.model.augmentation import Rotation
from grader.model.graph import Export
from grader.model.recipe import Normalization, Recipe, Sgd
from grader.model.task import Task
from grader.model.training import Evaluation, Filter
from grader.training.data import Dataset
from grader.training.evaluate import describe, evaluate_in_steps
from grader.training.events import EpochEnded, Event
from grader.training.in_steps import finish
from grader.training.interpret import Interpreter
from grader.training.job import TrainingJob
from grader.training.subsets import Subset
from grader.training.torch_engine import TorchEngine

RAW = Normalization(mean=0.5, std=0.25)
Exporter = Callable[..., Export]


def look(export: Export, change: Callable[[RebuiltModel], object] = lambda model: None) -> tuple[Evaluation, Subset]:
    """The evaluation of fresh weights on noise, explained."""
    torch.manual_seed(0)
    subset = Subset(torch.randint(256, (40, 28, 28)).to(torch.uint8), torch.randint(10, (40,)))
    model = rebuild(export, 0)
    change(model)
    batch = export.graphs.batch_size
    scores = finish(evaluate_in_steps(model, subset, RAW, torch.arange(40), batch or 40, batch is not None))
    found = describe(scores, subset, 10)
    return Interpreter(export.graphs, RAW).explain(model, found, subset), subset


def heat(written: str) -> torch.Tensor:
    return torch.tensor(list(base64.b64decode(written)))


class LogOfSoftmax(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.log(torch.softmax(x, 1))


class Fold(nn.Module):
    """A softmax over maps of one pixel, flattened only afterwards."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.log_softmax(x[:, :, None, None], dim=1).view(-1, 10)


@pytest.mark.parametrize("last", [nn.Identity(), nn.LogSoftmax(1), nn.Softmax(-1), LogOfSoftmax(), Fold()])
def test_the_saliency_of_a_linear_model_is_its_weights(exporter: Exporter, last: nn.Module) -> None:
    """d score / d pixel = weight / (255 · std); a softmax on top, which would mix the classes, does not count."""
    weights = {}
    export = exporter(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10), last))
    found, _ = look(export, lambda model: weights.update(weight=model.get_parameter("p0").detach().clone()))
    assert [saliency.index for saliency in found.saliency] == [mistake.index for mistake in found.mistakes[:3]]
    for saliency, mistake in zip(found.saliency, found.mistakes, strict=False):
        for written, digit in ((saliency.toward_predicted, mistake.predicted), (saliency.toward_label, mistake.label)):
            weight = weights["weight"][digit].abs()
            # A value halfway between two bytes may go either way.
            assert (heat(written) - weight / weight.max() * 255).abs().max() <= 0.501


def test_a_step_before_the_scores_counts(exporter: Exporter) -> None:
    """Only the first row of pixels reaches the scores."""

    class Row(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(28, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x[:, 0, 0])

    found, _ = look(exporter(Row))
    shown = heat(found.saliency[0].toward_label)
    assert shown[:28].max() == 255
    assert shown[28:].max() == 0


def set_weight(values: torch.Tensor) -> Callable[[RebuiltModel], object]:
    return lambda model: model.get_parameter("p0").data.copy_(values)


def test_filters_are_the_weights_of_the_first_convolution(exporter: Exporter) -> None:
    weight = torch.arange(6 * 15).view(6, 1, 5, 3) / 7 - 5
    conv = exporter(lambda: nn.Sequential(nn.Conv2d(1, 6, (5, 3)), nn.Flatten(), nn.LazyLinear(10)))
    found, _ = look(conv, set_weight(weight))
    assert (found.filters_of, found.filters_total, found.filters_channels) == ("0", 6, 1)
    assert [(one.height, one.width) for one in found.filters] == [(5, 3)] * 6
    assert [one.weights for one in found.filters] == [pytest.approx(row.flatten().tolist(), 1e-3) for row in weight]


class Reversed(nn.Module):
    """The layer that is defined last is called first."""

    def __init__(self) -> None:
        super().__init__()
        self.second, self.first = nn.Conv2d(4, 10, 3), nn.Conv2d(1, 4, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x)).mean((2, 3))


class Standardized(nn.Module):
    """The weight that is used is computed from the parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(10, 1, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel = self.kernel - self.kernel.mean((1, 2, 3), keepdim=True)
        return nn.functional.conv2d(nn.functional.dropout(x, 0.5, self.training), kernel).mean((2, 3))


class Signal(nn.Module):
    """A convolution along the pixels, in one dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 10, 9)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x.flatten(2)).mean(2)


def test_the_first_is_the_first_to_run(exporter: Exporter) -> None:
    found, _ = look(exporter(Reversed))
    assert (found.filters_of, len(found.filters), found.filters[0].height) == ("first", 4, 7)


def test_a_computed_weight_is_shown_as_it_is_used(exporter: Exporter) -> None:
    found, _ = look(exporter(Standardized))
    assert len(found.filters) == 10
    for one in found.filters:
        assert sum(one.weights) == pytest.approx(0, abs=1e-2)


def test_a_convolution_in_one_dimension_has_kernels_of_one_row(exporter: Exporter) -> None:
    found, _ = look(exporter(Signal))
    assert {(one.height, one.width) for one in found.filters} == {(1, 9)}


def test_many_kernels_and_large_ones_are_cut(exporter: Exporter) -> None:
    def wide(channels: int, size: int) -> Export:
        return exporter(lambda: nn.Sequential(nn.Conv2d(1, channels, size), nn.Flatten(), nn.LazyLinear(10)))

    found, _ = look(wide(100, 3))
    assert (len(found.filters), found.filters_total) == (64, 100)
    found, _ = look(wide(40, 28))
    assert (len(found.filters), found.filters_total) == (20, 40)


def test_without_a_convolution_there_are_no_filters(exporter: Exporter) -> None:
    found, _ = look(exporter(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10))))
    assert (found.filters, found.filters_of) == ((), "")
    assert len(found.saliency) == 3


class Rounded(nn.Module):
    """No gradient gets past the comparison."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.conv(x) > 0).float().mean((2, 3))


class Deaf(nn.Module):
    """The output does not depend on the image."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.randn(10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bias + 0 * x.mean((1, 2, 3))[:, None]


@pytest.mark.parametrize(("build", "filters"), [(Rounded, 10), (Deaf, 0)])
def test_without_a_gradient_there_is_no_picture_and_no_error(
    exporter: Exporter, build: type[nn.Module], filters: int
) -> None:
    found, _ = look(exporter(build))
    assert found.mistakes
    assert found.saliency == ()
    assert len(found.filters) == filters


def test_what_is_not_a_number_has_no_picture(exporter: Exporter) -> None:
    found, _ = look(exporter(Reversed), lambda model: [value.data.fill_(torch.nan) for value in model.parameters()])
    assert (found.filters, found.saliency) == ((), ())
    assert Evaluation.model_validate_json(found.model_dump_json()) == found


class Ghost(nn.Module):
    """The batch size is written into the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x.reshape(2, 784))


def test_a_fixed_batch_is_filled_up(exporter: Exporter) -> None:
    """Two images at a time, so that the third has a batch to itself."""
    ghost = exporter(Ghost, batch=2)
    assert ghost.graphs.batch_size == 2
    weights = {}
    found, _ = look(ghost, lambda model: weights.update(weight=model.get_parameter("p0").detach().clone()))
    assert len(found.saliency) == 3
    for saliency, mistake in zip(found.saliency, found.mistakes, strict=False):
        weight = weights["weight"][mistake.predicted].abs()
        assert (heat(saliency.toward_predicted) - weight / weight.max() * 255).abs().max() <= 0.501


def test_a_perfect_model_has_nothing_to_explain(exporter: Exporter) -> None:
    export = exporter(Reversed)
    subset = Subset(torch.zeros(4, 28, 28, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64))
    right = Evaluation(images=4, confusion=((4,),), predictions_digest="")
    found = Interpreter(export.graphs, RAW).explain(rebuild(export, 0), right, subset)
    assert found.saliency == ()
    assert isinstance(found.filters[0], Filter)


class Restless(nn.Module):
    """At evaluation, too, it draws random numbers, normalises by the batch and moves its statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 8, 5, stride=2), nn.Linear(8 * 144, 10)
        self.register_buffer("mean", torch.zeros(8))
        self.register_buffer("deviation", torch.ones(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.batch_norm(self.conv(x), self.mean, self.deviation, training=True)
        return self.fc(nn.functional.dropout(torch.relu(x), 0.3, training=True).flatten(1))


def train(export: Export, dataset: Dataset) -> list[EpochEnded]:
    """Four epochs; wall time and memory are set to zero."""
    recipe = Recipe(
        optimizer=Sgd(lr=0.0003, momentum=0.9), batch_size=32, augmentation=(Rotation(degrees=5),), epochs=4
    )
    job = TrainingJob(export=export, recipe=recipe, task=Task(dataset="mnist"), seed=0, device="cpu")
    events: list[Event] = []
    TorchEngine().train(job, dataset, events.append, None)
    return [
        event.model_copy(update={"record": event.record.model_copy(update={"seconds": 0.0}), "peak_memory_bytes": None})
        for event in events
        if isinstance(event, EpochEnded)
    ]


def without_pictures(event: EpochEnded) -> EpochEnded:
    if event.evaluation is None:
        return event
    nothing = {"filters": (), "filters_of": "", "filters_total": 0, "filters_channels": 0, "saliency": ()}
    return event.model_copy(update={"evaluation": event.evaluation.model_copy(update=nothing)})


@pytest.mark.parametrize("build", ["small", "restless"])
def test_looking_changes_nothing(
    exporter: Exporter, small: Export, dataset: Dataset, build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same figures to the digit and the same predictions, whether or not anybody looks."""
    export = small if build == "small" else exporter(Restless)
    looked = train(export, dataset)
    monkeypatch.setattr(Interpreter, "explain", lambda self, model, evaluation, subset: evaluation)
    blind = train(export, dataset)
    assert [without_pictures(event) for event in looked] == blind
    seen = [event.evaluation for event in looked if event.evaluation]
    assert len(seen) > 1
    assert all(one.filters for one in seen)
    assert all(one.saliency for one in seen[:2])


def test_the_model_is_left_as_it_was(exporter: Exporter) -> None:
    export = exporter(Restless)
    model = rebuild(export, 0).train()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    subset = Subset(torch.randint(256, (4, 28, 28), generator=torch.Generator()).to(torch.uint8), torch.arange(4))
    wrong = finish(evaluate_in_steps(rebuild(export, 0), subset, RAW, torch.arange(4), 4, False))
    torch.manual_seed(3)
    found = Interpreter(export.graphs, RAW).explain(model, describe(wrong, subset, 10), subset)
    assert found.saliency
    assert torch.equal(torch.rand(2), expected)
    assert model.training
    assert all(torch.equal(parameter.grad, torch.ones_like(parameter)) for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(buffer.grad_fn is None for buffer in itertools.chain(model.buffers(), model.parameters()))
