"""Scores, confusion and mistakes on a model whose answers are known."""

import base64
import hashlib
import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import random_split

from grader.errors import RecipeError
from grader.model.recipe import Normalization, Recipe, Sgd, Split
from grader.model.task import Task
from grader.model.training import EpochRecord
from grader.proportion import wilson_interval
from grader.training.data import Dataset
from grader.training.evaluate import Scores, as_batch, as_scores, describe, evaluate_in_steps
from grader.training.in_steps import finish
from grader.training.statistics import reaches, summarize
from grader.training.subsets import Subset, subsets

RAW = Normalization(mean=0.0, std=1.0)


def evaluate(model: nn.Module, subset: Subset, *settings: Any) -> Scores:
    return finish(evaluate_in_steps(model, subset, *settings))


class Oracle(nn.Module):
    """Predicts the class that the first pixel says, as sure as the second pixel says."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        said = (images[:, 0, 0, 0] * 255).round().long()
        return nn.functional.one_hot(said, 10) * images[:, 0, 0, 1:2] * 255


def marked(predicted: list[int], labels: list[int]) -> Subset:
    images = torch.zeros(len(labels), 28, 28, dtype=torch.uint8)
    images[:, 0, 0] = torch.tensor(predicted)
    images[:, 0, 1] = torch.arange(1, len(labels) + 1)  # ever more sure
    return Subset(images, torch.tensor(labels))


@pytest.mark.parametrize("fixed", [False, True])
def test_every_image_is_scored_once_in_any_order(fixed: bool) -> None:
    predicted, labels = [3, 1, 4, 1, 5, 9, 2], [3, 1, 4, 2, 5, 8, 2]
    subset = marked(predicted, labels)
    scores = evaluate(Oracle(), subset, RAW, torch.tensor([6, 0, 3, 5, 1, 4, 2]), 4, fixed)
    assert scores.predicted.tolist() == predicted
    assert scores.accuracy == 5 / 7
    expected = [math.exp(sure) / (math.exp(sure) + 9) for sure in range(1, 8)]
    assert scores.probability.tolist() == pytest.approx(expected, rel=1e-5)
    losses = [
        -math.log(p) if right else -math.log((1 - p) / 9)
        for p, right in zip(expected, scores.predicted == subset.labels, strict=True)
    ]
    assert scores.loss == pytest.approx(sum(losses) / 7, rel=1e-4)
    evaluation = describe(scores, subset, 10)
    assert evaluation.images == 7
    assert sum(evaluation.confusion[n][n] for n in range(10)) == 5
    assert (evaluation.confusion[2][1], evaluation.confusion[8][9]) == (1, 1)
    assert [(one.index, one.label, one.predicted) for one in evaluation.mistakes] == [(5, 8, 9), (3, 2, 1)]
    assert base64.b64decode(evaluation.mistakes[0].image) == bytes([9, 6] + [0] * 782)
    assert evaluation.predictions_digest == hashlib.sha256(bytes(predicted)).hexdigest()


def test_at_most_25_mistakes() -> None:
    """The most confident ones, most confident first."""
    subset = marked([1] * 40, [0] * 40)
    scores = Scores(torch.ones(40, dtype=torch.int64), torch.linspace(0.2, 0.9, 40), 1.0, 0.0)
    assert [mistake.index for mistake in describe(scores, subset, 10).mistakes] == list(range(39, 14, -1))


def test_outputs_that_are_no_numbers_are_wrong_not_fatal() -> None:
    subset = marked([1, 1], [1, 0])
    scores = Scores(torch.tensor([0, 1]), torch.tensor([math.nan, math.nan]), None, 0.0)
    assert [mistake.probability for mistake in describe(scores, subset, 10).mistakes] == [0.0, 0.0]


def test_a_batch_is_channels_last() -> None:
    images = torch.arange(2 * 784, dtype=torch.float32).view(2, 28, 28)
    batch = as_batch(images, RAW)
    assert torch.allclose(batch[:, 0] * 255, images)
    weight = torch.ones(3, 1, 3, 3).to(memory_format=torch.channels_last)
    assert nn.functional.conv2d(batch, weight).is_contiguous(memory_format=torch.channels_last)


def numbered(count: int) -> Dataset:
    images = torch.zeros(count, 28, 28, dtype=torch.uint8)
    images[:, 0, 0] = torch.arange(count)
    return Dataset("numbered", images, torch.arange(count) % 10, images[:5], torch.arange(5), "none")


def split_of(recipe: Recipe) -> tuple[list[int], list[int]]:
    parts = subsets(numbered(100), recipe, Task(dataset="mnist"), torch.device("cpu"))
    assert parts.validation is not None
    return parts.train.images[:, 0, 0].tolist(), parts.validation.images[:, 0, 0].tolist()


def test_splits_are_disjoint_and_repeat() -> None:
    recipe = Recipe(optimizer=Sgd(lr=0.1), batch_size=8, split=Split(validation=30, seed=4))
    train, validation = split_of(recipe)
    assert sorted(train + validation) == list(range(100))
    assert len(validation) == 30
    assert split_of(recipe) == (train, validation)
    last = recipe.model_copy(update={"split": Split(validation=30, by="last")})
    assert split_of(last) == (list(range(70)), list(range(70, 100)))


def test_a_random_split_is_torchs_own() -> None:
    """Whoever published an accuracy on `random_split` with a seed finds the very same images here."""
    recipe = Recipe(optimizer=Sgd(lr=0.1), batch_size=8, split=Split(validation=30, seed=42))
    parts = random_split(range(100), [70, 30], generator=torch.Generator().manual_seed(42))  # type: ignore[arg-type]
    assert split_of(recipe) == tuple(list(part.indices) for part in parts)


def test_copies_are_plain_and_may_be_split_too() -> None:
    recipe = Recipe(optimizer=Sgd(lr=0.1), batch_size=8, rotated_copies=(0.0, 0.0), split=Split(validation=30, seed=1))
    parts = subsets(numbered(100), recipe, Task(dataset="mnist"), torch.device("cpu"))
    assert parts.train.plain is not None
    assert parts.train.plain.tolist() == [False] * 70 + [True] * 140
    assert parts.train.images[:70].equal(parts.train.images[70:140])
    assert parts.validation is not None
    assert len(parts.validation) == 30
    mixed = recipe.model_copy(update={"split": Split(validation=30, seed=1, after_copies=True)})
    parts = subsets(numbered(100), mixed, Task(dataset="mnist"), torch.device("cpu"))
    assert len(parts.train) == 270
    train, held_out = set(parts.train.images[:, 0, 0].tolist()), parts.validation.images[:, 0, 0].tolist()
    assert train.intersection(held_out)


def test_a_split_of_everything_is_refused() -> None:
    with pytest.raises(RecipeError, match="holds out 100 images"):
        split_of(Recipe(optimizer=Sgd(lr=0.1), split=Split(validation=100)))


def test_wilsons_interval() -> None:
    """Half-width 0.15 points at 99.4 % of 10,000; never outside 0 to 1; closed form at 0 of n."""
    low, high = wilson_interval(9940, 10_000)
    assert (high - low) / 2 == pytest.approx(0.0015, abs=3e-5)
    assert low < 0.994 < high
    z = 1.959963984540054**2
    assert wilson_interval(0, 10) == (0.0, pytest.approx(z / (10 + z)))
    assert wilson_interval(10, 10) == (pytest.approx(10 / (10 + z)), pytest.approx(1.0))


def epoch(number: int, accuracy: float) -> EpochRecord:
    return EpochRecord(
        epoch=number,
        lr=0.1,
        train_loss=1.0,
        train_accuracy=0.5,
        test_accuracy=accuracy,
        seconds=1,
        validation_accuracy=1.0,
    )


def test_ties_take_the_first_epoch() -> None:
    epochs = [epoch(1, 0.98), epoch(2, 0.994), epoch(3, 0.995), epoch(4, 0.995), epoch(5, 0.99)]
    summary = summarize(epochs, "test", 0.994)
    assert (summary.best_accuracy, summary.best_epoch, summary.final_accuracy) == (0.995, 3, 0.99)
    assert summary.first_epoch_at_target == 2
    assert summarize(epochs, "test", 0.9951).first_epoch_at_target is None
    assert summarize(epochs, "test", None).first_epoch_at_target is None
    assert summarize(epochs, "validation", 0.999).best_accuracy == 1.0


def test_the_target_is_exact_to_one_image() -> None:
    assert reaches(9940 / 10_000, 0.994)
    assert not reaches(9939 / 10_000, 0.994)


class Saying(nn.Module):
    """The same ten scores for every image."""

    def __init__(self, *scores: float) -> None:
        super().__init__()
        self.scores = torch.tensor([*scores, *[0.0] * (10 - len(scores))])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.scores.expand(len(images), 10)


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_no_answer_is_no_right_answer(score: float) -> None:
    """The largest of ten NaN is said to be class 0, and some images are zeros."""
    subset = marked([0] * 4, [0, 0, 0, 1])
    scores = evaluate(Saying(score), subset, RAW, torch.arange(4), 2, False)
    assert scores.predicted.tolist() == [-1] * 4
    assert (scores.accuracy, scores.loss) == (0.0, None)
    evaluation = describe(scores, subset, 10)
    assert evaluation.unanswered == (3, 1, *[0] * 8)
    assert sum(map(sum, evaluation.confusion)) == 0
    assert evaluation.mistakes == ()


@pytest.mark.parametrize("score", [1e38, -math.inf])
def test_large_and_impossible_scores_are_answers(score: float) -> None:
    """A class that is ruled out is what masks say; a huge score has a probability of one."""
    subset = marked([0], [0 if score > 0 else 1])
    scores = evaluate(Saying(score, 0.0 if score > 0 else 1.0), subset, RAW, torch.arange(1), 1, False)
    assert scores.accuracy == 1.0
    assert describe(scores, subset, 10).unanswered == ()


def test_whole_numbers_are_scores() -> None:
    class Whole(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return nn.functional.one_hot((images[:, 0, 0, 0] * 255).round().long(), 10)

    subset = marked([1, 2, 3], [1, 2, 4])
    assert evaluate(Whole(), subset, RAW, torch.arange(3), 3, False).accuracy == 2 / 3
    assert as_scores(torch.tensor([True])).dtype == torch.float32
    assert as_scores(torch.tensor([1 + 2j])).tolist() == [1.0]
    assert as_scores(torch.zeros(1, dtype=torch.float64)).dtype == torch.float64
