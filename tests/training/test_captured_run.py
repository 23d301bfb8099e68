"""A captured run beside the plain one: the same training. On a CPU nothing is captured, but every step is the same."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from grader.model.augmentation import Rotation
from grader.model.graph import Export
from grader.model.recipe import Adam, Clip, Loss, OneCycle, Plateau, Recipe, Sgd, Split
from grader.model.task import Task
from grader.training.captured_run import CapturedRun, choose_run
from grader.training.data import Dataset
from grader.training.job import TrainingJob
from grader.training.subsets import Subsets, subsets
from grader.training.torch_run import TorchRun

CPU = torch.device("cpu")
SGD = Sgd(lr=0.05, momentum=0.9, weight_decay=1e-3)
RECIPES = {
    "plain": Recipe(optimizer=SGD, batch_size=32, epochs=3),
    "last batch left out": Recipe(optimizer=SGD, batch_size=32, epochs=3, drop_last=True),
    "one cycle": Recipe(optimizer=SGD, batch_size=32, epochs=3, schedule=OneCycle()),
    "adam, one cycle": Recipe(optimizer=Adam(lr=0.01), batch_size=32, epochs=3, schedule=OneCycle()),
    "plateau": Recipe(optimizer=SGD, batch_size=32, epochs=3, schedule=Plateau(patience=0, metric="train_loss")),
    "clipped by norm": Recipe(optimizer=SGD, batch_size=32, epochs=3, clip=Clip(norm=0.1)),
    "clipped by value": Recipe(optimizer=SGD, batch_size=32, epochs=3, clip=Clip(value=0.01)),
    "smoothed": Recipe(optimizer=SGD, batch_size=32, epochs=3, loss=Loss(label_smoothing=0.1)),
    "split": Recipe(optimizer=SGD, batch_size=32, epochs=3, split=Split(validation=50)),
}


def prepared(export: Export, dataset: Dataset, recipe: Recipe) -> tuple[TrainingJob, Subsets]:
    job = TrainingJob(export=export, recipe=recipe, task=Task(dataset="mnist", epochs=20), seed=0, device="cpu")
    return job, subsets(dataset, recipe, job.task, CPU)


def trained(run: TorchRun, epochs: int = 3) -> list[tuple[float, ...]]:
    curve = []
    for epoch in range(epochs):
        record, _ = run.epoch(epoch)
        assert record.train_loss is not None
        curve.append((record.lr, record.train_loss, record.train_accuracy, record.test_accuracy or 0.0))
    return curve


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_the_same_training(name: str, small: Export, dataset: Dataset) -> None:
    job, parts = prepared(small, dataset, RECIPES[name])
    plain = trained(TorchRun(job, parts, CPU, lambda _: None))
    captured = trained(CapturedRun(job, parts, CPU, lambda _: None))
    assert captured == [pytest.approx(epoch, rel=1e-3, abs=1e-4) for epoch in plain]


def test_augmented_images_are_those_of_the_batch(small: Export, dataset: Dataset) -> None:
    """Turned by half a circle, no more and no less, whatever is drawn: every image can be told."""
    recipe = RECIPES["plain"].model_copy(update={"augmentation": (Rotation(degrees=(180.0, 180.0)),)})
    job, parts = prepared(small, dataset, recipe)
    run = CapturedRun(job, parts, CPU, lambda _: None)
    run.train_epoch(0)
    normalization = recipe.normalization
    whole = len(parts.train) // 32 * 32  # one image is over, which is left out
    shown = (run.ordered[:whole] * normalization.std + normalization.mean) * 255
    turned = {image.flip(0, 1).numpy().tobytes() for image in parts.train.images}
    assert len(turned) - len({image.round().byte().numpy().tobytes() for image in shown} & turned) == 1


def test_the_same_seed_gives_the_same_curve(small: Export, dataset: Dataset) -> None:
    recipe = RECIPES["plain"].model_copy(update={"augmentation": (Rotation(degrees=5.0),)})
    job, parts = prepared(small, dataset, recipe)
    curves = [trained(CapturedRun(job, parts, CPU, lambda _: None)) for _ in range(2)]
    assert curves[0] == curves[1]


def test_a_cut_epoch_counts_what_it_saw(small: Export, dataset: Dataset) -> None:
    job, parts = prepared(small, dataset, RECIPES["plain"])
    plain = TorchRun(job, parts, CPU, lambda _: None).train_epoch(0, batches=2)
    assert CapturedRun(job, parts, CPU, lambda _: None).train_epoch(0, batches=2) == pytest.approx(plain, rel=1e-4)


def test_what_can_be_captured(small: Export, exporter: Callable[..., Export]) -> None:
    def job(export: Export) -> TrainingJob:
        return TrainingJob(export=export, recipe=RECIPES["plain"], task=Task(dataset="mnist"), seed=0, device="cpu")

    def frozen() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).requires_grad_(False)

    half = {name: spec.model_copy(update={"dtype": "float16"}) for name, spec in small.graphs.parameters.items()}
    mixed = {**small.graphs.parameters, **dict(list(half.items())[:1])}
    assert CapturedRun.takes(job(small))
    assert not CapturedRun.takes(job(exporter(frozen)))
    graphs = small.graphs.model_copy(update={"parameters": mixed})
    assert not CapturedRun.takes(job(small.model_copy(update={"graphs": graphs})))


def test_a_processor_is_given_the_plain_run(small: Export, dataset: Dataset) -> None:
    job, parts = prepared(small, dataset, RECIPES["plain"])
    run, steps = choose_run(job, parts, CPU, lambda _: None)
    assert (type(run), steps) == (TorchRun, "eager")
