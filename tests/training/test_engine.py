"""The engine in this process: what a run does, to the digit."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from grader.errors import RecipeError
from grader.graph.rebuild import rebuild
from grader.model.augmentation import Crop, Rotation
from grader.model.graph import Export
from grader.model.recipe import Clip, Cosine, Loss, Plateau, Recipe, Sgd, Split, Step
from grader.model.task import Task
from grader.training.data import Dataset
from grader.training.device import generator
from grader.training.events import Advanced, Ended, EpochEnded, Event, Started
from grader.training.job import TrainingJob
from grader.training.torch_engine import TorchEngine

RECIPE = Recipe(optimizer=Sgd(lr=0.05, momentum=0.9), batch_size=32, epochs=3)
CURVE = ("lr", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "validation_loss", "validation_accuracy")


@dataclasses.dataclass(frozen=True)
class Story:
    """The events of a run, sorted."""

    started: Started
    epochs: list[EpochEnded]
    ended: Ended

    @property
    def curve(self) -> list[tuple[float | None, ...]]:
        return [tuple(getattr(epoch.record, name) for name in CURVE) for epoch in self.epochs]


def train(
    export: Export, dataset: Dataset, recipe: Recipe = RECIPE, weights: Path | None = None, **job: object
) -> Story:
    events: list[Event] = []
    task = Task.model_validate({"dataset": "mnist", "epochs": 20, **job.pop("task", {})})  # type: ignore[dict-item]
    settings = {"seed": 0, "device": "cpu", **job}
    TorchEngine().train(
        TrainingJob(export=export, recipe=recipe, task=task, **settings), dataset, events.append, weights
    )
    events = [event for event in events if not isinstance(event, Advanced)]
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Ended)
    return Story(events[0], [event for event in events if isinstance(event, EpochEnded)], events[-1])


def varied(recipe: Recipe, **changes: object) -> Recipe:
    return Recipe.model_validate(recipe.model_dump() | changes)


def test_it_learns(small: Export, dataset: Dataset) -> None:
    story = train(small, dataset, varied(RECIPE, epochs=6))
    assert [epoch.record.epoch for epoch in story.epochs] == [1, 2, 3, 4, 5, 6]
    assert story.epochs[-1].record.test_accuracy == 1.0
    assert story.ended.stopped == "completed"
    assert story.started.images == 105
    assert story.started.environment["data_digest"] == "bars"
    assert story.started.initializers["fc.weight"] == "kaiming_uniform_ (recorded)"


def test_the_same_seed_gives_the_same_curve(small: Export, dataset: Dataset) -> None:
    recipe = varied(RECIPE, augmentation=[Rotation(degrees=5), Crop(padding=1)], split=Split(validation=50))
    first, second = train(small, dataset, recipe), train(small, dataset, recipe)
    assert first.curve == second.curve
    assert [epoch.evaluation for epoch in first.epochs] == [epoch.evaluation for epoch in second.epochs]
    assert train(small, dataset, recipe, seed=1).curve != first.curve


def test_it_is_the_plain_loop(small: Export, exporter: Callable[..., Export], dataset: Dataset) -> None:
    """One epoch against the loop that everybody writes, over the same order of images."""
    without_dropout = exporter(
        lambda: nn.Sequential(nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 24 * 24, 10))
    )
    recipe = varied(
        RECIPE,
        epochs=1,
        loss=Loss(label_smoothing=0.1),
        clip=Clip(norm=0.5),
        cut_short=True,
        schedule=Step(step_size=1),
    )
    story = train(without_dropout, dataset, recipe)

    model = rebuild(without_dropout, 0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    images = (dataset.train_images[:, None].float() / 255 - 0.1307) / 0.3081
    total, correct = 0.0, 0
    order = torch.randperm(321, generator=generator(0, "shuffle"))
    for chosen in order[:320].view(10, 32):  # the last image would be a batch of one
        optimizer.zero_grad()
        outputs = model(images[chosen])
        loss = nn.functional.cross_entropy(outputs, dataset.train_labels[chosen], label_smoothing=0.1)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        total += loss.item() * 32
        correct += int((outputs.argmax(1) == dataset.train_labels[chosen]).sum())
    record = story.epochs[0].record
    assert record.train_loss == pytest.approx(total / 320, rel=1e-4)
    assert record.train_accuracy == pytest.approx(correct / 320, abs=2 / 320)
    model.eval()
    with torch.no_grad():
        outputs = model((dataset.test_images[:, None].float() / 255 - 0.1307) / 0.3081)
    assert record.test_loss == pytest.approx(nn.functional.cross_entropy(outputs, dataset.test_labels).item(), rel=1e-3)


def test_log_softmax_and_logits_train_alike(exporter: Callable[..., Export], dataset: Dataset) -> None:
    def linear() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

    logits = train(exporter(linear), dataset)
    log_softmax = train(
        exporter(lambda: nn.Sequential(linear(), nn.LogSoftmax(1))), dataset, varied(RECIPE, loss=Loss(name="nll"))
    )
    for one, other in zip(logits.curve, log_softmax.curve, strict=True):
        assert one[:5] == pytest.approx(other[:5], rel=1e-4)


def test_the_rubric_caps_the_epochs_and_leaves_the_schedule(small: Export, dataset: Dataset) -> None:
    recipe = varied(RECIPE, epochs=4, schedule=Cosine())
    rates = [epoch.record.lr for epoch in train(small, dataset, recipe).epochs]
    assert rates == pytest.approx([0.05 * (1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)])
    assert [epoch.record.lr for epoch in train(small, dataset, recipe, task={"epochs": 2}).epochs] == rates[:2]
    house = varied(recipe, epochs=None)
    assert [epoch.record.lr for epoch in train(small, dataset, house, task={"epochs": 2}).epochs] == [0.05, 0.025]


def test_a_split_is_evaluated_beside_the_test_set(small: Export, dataset: Dataset) -> None:
    story = train(small, dataset, varied(RECIPE, split=Split(validation=60)))
    record = story.epochs[0].record
    assert story.started.images == 105
    assert record.validation_accuracy is not None
    assert (record.validation_accuracy * 60) % 1 == pytest.approx(0, abs=1e-9)
    assert record.test_accuracy is not None


def test_a_split_may_be_augmented_and_training_does_not_notice(small: Export, dataset: Dataset) -> None:
    """Turned by exactly 90 degrees: another validation accuracy, the same training and test figures."""
    recipe = varied(RECIPE, augmentation=[{"name": "rotation", "degrees": (90.0, 90.0)}])
    plain = train(small, dataset, varied(recipe, split=Split(validation=60)))
    augmented = train(small, dataset, varied(recipe, split=Split(validation=60, augmented=True)))
    assert [row[:5] for row in augmented.curve] == [row[:5] for row in plain.curve]
    assert [row[5] for row in augmented.curve] != [row[5] for row in plain.curve]


def test_a_split_that_decides_is_never_augmented(small: Export, dataset: Dataset) -> None:
    recipe = varied(RECIPE, augmentation=[{"name": "rotation", "degrees": (90.0, 90.0)}], epochs=1)
    task = {"evaluate_on": "validation"}
    plain = train(small, dataset, varied(recipe, split=Split(validation=60)), task=dict(task))
    augmented = train(small, dataset, varied(recipe, split=Split(validation=60, augmented=True)), task=dict(task))
    assert augmented.curve == plain.curve


def test_early_stop_looks_at_the_split_as_the_script_did(small: Export, dataset: Dataset) -> None:
    recipe = varied(RECIPE, epochs=6, split=Split(validation=60))
    full = train(small, dataset, recipe)
    first, *_ = sorted({epoch.record.validation_accuracy or 0 for epoch in full.epochs}, reverse=True)
    reached = next(epoch.record for epoch in full.epochs if epoch.record.validation_accuracy == first)
    story = train(small, dataset, varied(recipe, stop_at=first))
    assert story.ended.stopped == "early_stop"
    assert len(story.epochs) == reached.epoch


def test_the_rubric_may_evaluate_on_the_split(small: Export, dataset: Dataset) -> None:
    story = train(small, dataset, task={"evaluate_on": "validation"})
    assert story.started.images == 321 // 6
    assert {epoch.record.test_accuracy for epoch in story.epochs} == {None}
    assert None not in {epoch.record.validation_accuracy for epoch in story.epochs}


@pytest.mark.parametrize("stop", ["target", "early_stop"])
def test_it_stops_at_the_target(small: Export, dataset: Dataset, stop: str) -> None:
    full = train(small, dataset, varied(RECIPE, epochs=6))
    reached = next(epoch.record for epoch in full.epochs if (epoch.record.test_accuracy or 0) >= 0.5)
    if stop == "target":
        story = train(small, dataset, varied(RECIPE, epochs=6), target=0.5, stop_at_target=True)
    else:
        story = train(small, dataset, varied(RECIPE, epochs=6, stop_at=0.5), target=0.5)
    assert story.ended.stopped == stop
    assert len(story.epochs) == reached.epoch
    assert story.curve == full.curve[: reached.epoch]


def test_a_run_that_reaches_the_target_in_its_last_epoch_is_whole(small: Export, dataset: Dataset) -> None:
    for epochs, stopped in ((1, "completed"), (2, "target")):
        story = train(small, dataset, varied(RECIPE, epochs=epochs), target=0.0001, stop_at_target=True)
        assert (story.ended.stopped, len(story.epochs)) == (stopped, 1)


def test_a_target_alone_stops_nothing(small: Export, dataset: Dataset) -> None:
    assert len(train(small, dataset, target=0.0001).epochs) == 3


def test_divergence_is_an_outcome(small: Export, dataset: Dataset) -> None:
    story = train(small, dataset, varied(RECIPE, optimizer=Sgd(lr=1e30)))
    assert story.ended.stopped == "diverged"
    assert len(story.epochs) == 1
    assert story.epochs[0].record.train_loss is None
    assert story.epochs[0].record.test_loss is None
    story.epochs[0].model_dump_json()


def test_a_last_batch_of_one_image_is_left_out(small: Export, dataset: Dataset) -> None:
    """321 images in batches of 32: batch norm can't normalise the last one by itself."""
    record = train(small, dataset, varied(RECIPE, epochs=1)).epochs[0].record
    assert record.train_accuracy * 320 == pytest.approx(round(record.train_accuracy * 320), abs=1e-9)


@pytest.mark.parametrize(("drop_last", "images"), [(True, 300), (False, 321)])
def test_a_partial_batch_trains_unless_dropped(small: Export, dataset: Dataset, drop_last: bool, images: int) -> None:
    recipe = varied(RECIPE, epochs=1, batch_size=100, drop_last=drop_last)
    record = train(small, dataset, recipe).epochs[0].record
    assert record.train_accuracy * images == pytest.approx(round(record.train_accuracy * images), abs=1e-9)


def test_batches_of_one(exporter: Callable[..., Export], dataset: Dataset) -> None:
    plain = exporter(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))
    few = dataclasses.replace(dataset, train_images=dataset.train_images[:5], train_labels=dataset.train_labels[:5])
    assert train(plain, few, varied(RECIPE, batch_size=1)).ended.stopped == "completed"


class Ghost(nn.Module):
    """Batch norm over quarters of the batch: the batch size is written into the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.fc = nn.BatchNorm2d(4), nn.Linear(784, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(x.view(8, 4, 28, 28)) if self.training else x
        return self.fc(x.reshape(32, 784))


def test_a_fixed_batch_trains_on_full_batches_and_evaluates_every_image(
    exporter: Callable[..., Export], dataset: Dataset
) -> None:
    ghost = exporter(Ghost, batch=32)
    assert ghost.graphs.batch_size == 32
    story = train(ghost, dataset)
    record = story.epochs[-1].record
    assert record.train_accuracy * 320 == pytest.approx(round(record.train_accuracy * 320), abs=1e-9)
    assert story.epochs[0].evaluation is not None
    assert sum(map(sum, story.epochs[0].evaluation.confusion)) == 105


def test_a_model_that_can_not_train_is_evaluated_as_it_is(exporter: Callable[..., Export], dataset: Dataset) -> None:
    def frozen() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).requires_grad_(False)

    story = train(exporter(frozen), dataset)
    assert story.ended.stopped == "completed"
    assert len({epoch.record.test_accuracy for epoch in story.epochs}) == 1


def test_a_plateau_lowers_the_rate(small: Export, dataset: Dataset) -> None:
    schedule = Plateau(metric="validation_accuracy", patience=0, factor=0.5, threshold=2.0)  # nothing is good enough
    story = train(small, dataset, varied(RECIPE, schedule=schedule, split=Split(validation=40)))
    assert [epoch.record.lr for epoch in story.epochs] == [0.05, 0.05, 0.025]


def test_rotated_copies_join_the_training_set(small: Export, dataset: Dataset) -> None:
    recipe = varied(RECIPE, epochs=1, batch_size=107, rotated_copies=(-10.0, 10.0))
    record = train(small, dataset, recipe).epochs[0].record
    assert record.train_accuracy * 963 == pytest.approx(round(record.train_accuracy * 963), abs=1e-9)


def test_the_best_weights_are_kept_under_the_students_names(small: Export, dataset: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    story = train(small, dataset, weights=file)
    weights = safetensors.torch.load_file(file)
    assert {"conv.weight", "conv.bias", "norm.weight", "norm.running_var", "fc.bias"} <= set(weights)
    assert weights["conv.weight"].shape == (8, 1, 5, 5)
    model = rebuild(small, 0)
    state = {name: weights[path] for name, path in {**model.parameter_names, **model.buffer_names}.items()}
    model.load_state_dict(state)
    model.eval()
    with torch.no_grad():
        outputs = model((dataset.test_images[:, None].float() / 255 - 0.1307) / 0.3081)
    accuracy = (outputs.argmax(1) == dataset.test_labels).float().mean().item()
    assert accuracy == pytest.approx(max(epoch.record.test_accuracy or 0 for epoch in story.epochs))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": 400}, "batch size 400 is larger than the training set of 321 images"),
        ({"split": {"validation": 321}}, "holds out 321 images; bars has 321"),
        ({"augmentation": [{"name": "crop", "padding": 2, "size": 24}]}, "crops to 24; the model takes 28×28"),
    ],
)
def test_a_recipe_that_does_not_fit_the_data(small: Export, dataset: Dataset, changes: dict, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        train(small, dataset, varied(RECIPE, **changes))
