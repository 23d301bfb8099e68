"""Which images train, and which are evaluated on."""

from dataclasses import dataclass

import torch

from grader.errors import RecipeError
from grader.model.augmentation import Crop
from grader.model.recipe import Recipe, Split
from grader.model.task import Task
from grader.training.affine import rotate
from grader.training.data import Dataset

_DEFAULT_SHARE = 6  # one sixth: MNIST's usual 50,000 / 10,000


@dataclass(frozen=True)
class Subset:
    """Images (N, 28, 28) uint8 and labels (N,) int64, on the training device."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Subsets:
    """`test` is None where the rubric evaluates on the validation split: then it is not looked at."""

    train: Subset
    validation: Subset | None
    test: Subset | None


def subsets(dataset: Dataset, recipe: Recipe, task: Task, device: torch.device) -> Subsets:
    """Split the training set as the recipe says, and add its rotated copies. Raises RecipeError if it does not fit."""
    split, total = recipe.split, len(dataset.train_labels)
    if split is None and task.evaluate_on == "validation":
        split = Split(validation=total // _DEFAULT_SHARE)
    if split is not None and split.validation >= total:
        raise RecipeError(
            f"The recipe holds out {split.validation:,} images; {dataset.name} has {total:,} to train on."
        )
    train, validation = torch.arange(total), None
    if split is not None:
        order = _order(total, split)
        train, validation = order[split.validation :], order[: split.validation]
    images = dataset.train_images[train]
    copies = [rotate(images.float(), degrees).byte() for degrees in recipe.rotated_copies]
    labels = dataset.train_labels[train].repeat(1 + len(copies))
    _check_batches(recipe, len(labels), tuple(images.shape[1:]))
    return Subsets(
        train=_subset(torch.cat([images, *copies]), labels, device),
        validation=None
        if validation is None
        else _subset(dataset.train_images[validation], dataset.train_labels[validation], device),
        test=_subset(dataset.test_images, dataset.test_labels, device) if task.evaluate_on == "test" else None,
    )


def _order(total: int, split: Split) -> torch.Tensor:
    """All indices, the held-out ones first."""
    if split.by == "last":
        return torch.arange(total).roll(split.validation)
    return torch.randperm(total, generator=torch.Generator().manual_seed(split.seed))


def _check_batches(recipe: Recipe, images: int, size: tuple[int, ...]) -> None:
    if recipe.batch_size > images:
        raise RecipeError(
            f"The recipe's batch size {recipe.batch_size:,} is larger than the training set of {images:,} images."
        )
    for augmentation in recipe.augmentation:
        if isinstance(augmentation, Crop) and augmentation.size not in (None, size[0], size):
            raise RecipeError(
                f"The recipe crops to {augmentation.size}; the model takes {size[0]}×{size[1]} images, so the crop "
                "must keep that size."
            )


def _subset(images: torch.Tensor, labels: torch.Tensor, device: torch.device) -> Subset:
    return Subset(images.to(device), labels.to(device))
