"""Where configurations of the engine may differ in a digit, they do not differ in what comes out over seeds."""

from statistics import fmean, stdev

import torch

from grader.model.augmentation import Crop, Rotation
from grader.model.graph import Export
from grader.model.recipe import Recipe, Sgd
from grader.model.task import Task
from grader.training.captured_run import CapturedRun
from grader.training.data import Dataset
from grader.training.job import TrainingJob
from grader.training.subsets import subsets
from grader.training.torch_run import TorchRun

CPU = torch.device("cpu")
SEEDS = range(16)
AUGMENTATION = (Rotation(degrees=30.0), Crop(padding=3))
RECIPE = Recipe(optimizer=Sgd(lr=0.005, momentum=0.5), batch_size=32, epochs=2, augmentation=AUGMENTATION)


def losses(run: type[TorchRun], export: Export, dataset: Dataset) -> list[float]:
    """The test loss after two epochs, seed by seed: finer than an accuracy."""
    found = []
    for seed in SEEDS:
        job = TrainingJob(export=export, recipe=RECIPE, task=Task(dataset="mnist"), seed=seed, device="cpu")
        training = run(job, subsets(dataset, RECIPE, job.task, CPU), CPU, lambda _: None)
        training.epoch(0)
        loss = training.epoch(1)[0].test_loss
        assert loss is not None
        found.append(loss)
    return found


def test_captured_steps_and_plain_ones_differ_by_less_than_seeds_do(small: Export, dataset: Dataset) -> None:
    """They draw the same angles for other images: seed by seed the curves differ, on the average they must not."""
    plain, captured = losses(TorchRun, small, dataset), losses(CapturedRun, small, dataset)
    assert plain != captured
    difference = [one - other for one, other in zip(captured, plain, strict=True)]
    noise = stdev(difference) / len(difference) ** 0.5
    assert abs(fmean(difference)) < 3 * noise
    assert noise < 0.02 * fmean(plain)  # or this could not fail
