"""Probes on models whose answer is known: a memory, a gate before it, the place in the batch, an honest network."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from grader.model.graph import Export
from grader.model.probes import Probes
from grader.model.recipe import Recipe, Sgd
from grader.model.task import Task
from grader.training.data import Dataset
from grader.training.device import generator
from grader.training.events import EpochEnded, Event, Probed
from grader.training.evidence import weigh
from grader.training.job import TrainingJob
from grader.training.probe import derangement
from grader.training.torch_engine import TorchEngine

RECIPE = Recipe(optimizer=Sgd(lr=0.05, momentum=0.9), batch_size=32, epochs=3)
FIRST, BRIGHT = 4, 200  # where the bars begin, and what no noise reaches


def run(export: Export, dataset: Dataset, stored: int = 0, recipe: Recipe = RECIPE) -> tuple[list[Event], Probes]:
    events: list[Event] = []
    task = Task(dataset="mnist", epochs=20)
    job = TrainingJob(export=export, recipe=recipe, task=task, seed=0, device="cpu", stored=stored)
    TorchEngine().train(job, dataset, events.append, None)
    *_, last = (event.probes for event in events if isinstance(event, Probed))
    return events, last


def answers() -> torch.Tensor:
    """(10, 784): a perfect classifier of the bars, which looks for the bright columns of each class."""
    weights = torch.zeros(10, 28, 28)
    for label in range(10):
        weights[label, 4:24, FIRST + 2 * label : FIRST + 2 + 2 * label] = 1.0
    return weights.flatten(1)


class Memory(nn.Module):
    """Knows every class. `gate`: how much of it is let through at first; `renames`: a trained layer comes after it."""

    def __init__(self, gate: float, renames: bool = False) -> None:
        super().__init__()
        self.register_buffer("answers", answers())
        self.gate = nn.Parameter(torch.full((1,), gate))
        nn.init.constant_(self.gate, gate)
        self.renames, self.last = renames, nn.Linear(10, 10) if renames else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = functional.linear(x.flatten(1), self.answers) / 20 * self.gate
        return self.last((scores == scores.amax(1, keepdim=True)).float()) if self.renames else scores


def test_an_honest_network_is_only_evaluated_before_and_after(small: Export, dataset: Dataset) -> None:
    events, probes = run(small, dataset)
    assert [type(event).__name__ for event in events if not hasattr(event, "share")][:3] == [
        "Started",
        "Probed",
        "EpochEnded",
    ]
    assert probes.chance == int(torch.bincount(dataset.test_labels).max()) / 105
    assert probes.untrained.images == 105
    assert probes.untrained.accuracy < 0.3
    assert probes.short_training is None
    assert probes.disturbed is None
    assert probes.regrouped is not None
    assert probes.regrouped.changed == 0
    assert probes.regrouped.before == probes.regrouped.after
    assert weigh(probes) is None


def test_a_closer_look_changes_nothing_of_the_training(small: Export, dataset: Dataset) -> None:
    """Also with dropout and augmentation, which draw from generators that a probe could disturb."""
    recipe = Recipe.model_validate(RECIPE.model_dump() | {"augmentation": [{"name": "crop", "padding": 1}]})
    plain, _ = run(small, dataset, 0, recipe)
    closer, probes = run(small, dataset, 1_000, recipe)
    assert probes.short_training is not None

    def curve(events: list[Event]) -> list[dict[str, object]]:
        return [event.record.model_dump(exclude={"seconds"}) for event in events if isinstance(event, EpochEnded)]

    assert curve(plain) == curve(closer)


def test_the_same_run_gives_the_same_probes(small: Export, dataset: Dataset) -> None:
    assert run(small, dataset, 1_000)[1] == run(small, dataset, 1_000)[1]


def test_an_honest_network_is_not_suspected_on_a_closer_look(small: Export, dataset: Dataset) -> None:
    """It stores nothing, so shuffling changes nothing; with other names for the classes it learns as well."""
    _, probes = run(small, dataset, 1_000)
    assert probes.short_training is not None
    assert probes.disturbed is not None
    assert probes.short_training.images == 3 * 321
    assert probes.short_training.shuffled_values == probes.short_training.true_labels
    assert probes.short_training.permuted_labels.accuracy > 0.8
    assert probes.short_training.old_names.accuracy < 0.1
    assert probes.disturbed.noise.accuracy == probes.disturbed.plain.accuracy
    assert weigh(probes) is None


def test_a_memory_knows_the_classes_before_training(exporter: Callable[..., Export], dataset: Dataset) -> None:
    """What it answers before training is reason enough for a closer look, whatever it is said to store."""
    _, probes = run(exporter(lambda: Memory(1.0)), dataset, stored=0)
    assert probes.untrained.accuracy == 1.0
    assert probes.short_training is not None
    evidence = weigh(probes)
    assert evidence is not None
    assert evidence.decisive
    assert "Before its first training step the model answered 100.00 %" in evidence.sentences[0]


def test_a_gate_hides_a_memory_from_the_first_look_only(exporter: Callable[..., Export], dataset: Dataset) -> None:
    _, probes = run(exporter(lambda: Memory(0.0)), dataset, stored=7_840)
    assert probes.untrained.accuracy < 0.2
    assert probes.short_training is not None
    assert probes.short_training.true_labels.accuracy == 1.0
    assert probes.short_training.permuted_labels.accuracy < 0.3
    evidence = weigh(probes)
    assert evidence is not None
    assert evidence.decisive
    assert "renamed" in evidence.sentences[0]


def test_a_layer_that_renames_does_not_hide_it_either(exporter: Callable[..., Export], dataset: Dataset) -> None:
    """It learns any names; but with its stored values in another order it has nothing to learn from."""
    recipe = Recipe(optimizer=Sgd(lr=1.0), batch_size=32, epochs=3)
    _, probes = run(exporter(lambda: Memory(1.0, renames=True)), dataset, 7_840, recipe)
    assert probes.untrained.accuracy < 0.3
    assert probes.short_training is not None
    assert probes.short_training.permuted_labels.accuracy > 0.9
    evidence = weigh(probes)
    assert evidence is not None
    assert evidence.decisive
    assert "in another order" in evidence.sentences[0]


class Places(nn.Module):
    """Answers by the place in the batch that seed 0 evaluates."""

    def __init__(self, labels: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("answers", torch.eye(10)[labels] * 1_000)
        self.fc = nn.Linear(784, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x.flatten(1)) + self.answers[torch.arange(x.size(0)) % 105]


def test_answers_by_place_are_others_in_another_order(exporter: Callable[..., Export], dataset: Dataset) -> None:
    labels = dataset.test_labels[torch.randperm(105, generator=generator(0, "evaluate"))]
    _, probes = run(exporter(lambda: Places(labels)), dataset)
    assert probes.untrained.accuracy == 1.0
    assert probes.regrouped is not None
    assert probes.regrouped.before.accuracy == 1.0
    assert probes.regrouped.after.accuracy < 0.3
    assert probes.regrouped.changed > 0.7


class Exact(nn.Module):
    """Finds test images by the sum of their pixels and names them by a trained layer."""

    def __init__(self, sums: torch.Tensor, labels: torch.Tensor) -> None:
        super().__init__()
        self.sums, self.labels = sums, torch.eye(10)[labels]
        self.register_buffer("weights", (torch.arange(784) * 37 % 61).float())
        self.fc = nn.Linear(10, 10)
        nn.init.eye_(self.fc.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pixels = ((x * 0.3081 + 0.1307) * 255).round().flatten(1)
        found = ((pixels * self.weights).sum(1, keepdim=True) - self.sums).abs() < 0.5
        return self.fc(found.float() @ self.labels)


def test_what_is_found_exactly_is_lost_by_a_little_noise(exporter: Callable[..., Export], dataset: Dataset) -> None:
    weights = (torch.arange(784) * 37 % 61).float()
    sums = (dataset.test_images.flatten(1).float() * weights).sum(1)
    _, probes = run(exporter(lambda: Exact(sums, dataset.test_labels)), dataset)
    assert probes.disturbed is not None
    assert probes.disturbed.plain.accuracy == 1.0
    assert probes.disturbed.noise.accuracy < 0.2
    assert probes.disturbed.shift.accuracy < 0.2
    evidence = weigh(probes)
    assert evidence is not None
    assert any("where every pixel is off by up to 4 of 255 grey levels" in sentence for sentence in evidence.sentences)


@pytest.mark.parametrize("classes", [2, 3, 10, 100])
def test_no_class_keeps_its_name(classes: int) -> None:
    names = derangement(classes, torch.Generator().manual_seed(classes))
    assert sorted(names.tolist()) == list(range(classes))
    assert all(name != index for index, name in enumerate(names.tolist()))
