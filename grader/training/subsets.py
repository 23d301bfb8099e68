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
    """Images (N, 28, 28) uint8 and labels (N,) int64, on the training device.

    `plain` (N,) bool marks what the augmentation leaves alone; None where it leaves nothing alone.
    """

    images: torch.Tensor
    labels: torch.Tensor
    plain: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: torch.Tensor) -> "Subset":
        """The images of these indices, in this order."""
        plain = None if self.plain is None else self.plain[chosen]
        return Subset(self.images[chosen], self.labels[chosen], plain)

    def to(self, device: torch.device) -> "Subset":
        """The same on a device."""
        plain = None if self.plain is None else self.plain.to(device)
        return Subset(self.images.to(device), self.labels.to(device), plain)


@dataclass(frozen=True)
class Subsets:
    """`test` is None where the rubric evaluates on the validation split: then it is not looked at."""

    train: Subset
    validation: Subset | None
    test: Subset | None


def subsets(dataset: Dataset, recipe: Recipe, task: Task, device: torch.device) -> Subsets:
    """Split the training set as the recipe says, and add its rotated copies. Raises RecipeError if it does not fit."""
    split, whole = recipe.split, Subset(dataset.train_images, dataset.train_labels)
    if split is None and task.evaluate_on == "validation":
        split = Split(validation=len(whole) // _DEFAULT_SHARE)
    train: Subset = whole
    validation: Subset | None = None
    if split is not None and split.after_copies:
        train, validation = _parted(_with_copies(whole, recipe), split, dataset.name)
    else:
        if split is not None:
            train, validation = _parted(whole, split, dataset.name)
        train = _with_copies(train, recipe)
    _check_batches(recipe, len(train), tuple(train.images.shape[1:]))
    test = Subset(dataset.test_images, dataset.test_labels) if task.evaluate_on == "test" else None
    return Subsets(
        train=train.to(device),
        validation=validation.to(device) if validation else None,
        test=test.to(device) if test else None,
    )


def _with_copies(subset: Subset, recipe: Recipe) -> Subset:
    """The images, then for each angle all of them again, turned by it; the copies are not augmented further."""
    if not recipe.rotated_copies:
        return subset
    copies = [rotate(subset.images.float(), degrees).byte() for degrees in recipe.rotated_copies]
    plain = torch.ones(len(subset) * (1 + len(copies)), dtype=torch.bool)
    plain[: len(subset)] = False
    return Subset(torch.cat([subset.images, *copies]), subset.labels.repeat(1 + len(copies)), plain)


def _parted(subset: Subset, split: Split, name: str) -> tuple[Subset, Subset]:
    """What trains and what is held out, as `torch.utils.data.random_split` parts it with that seed."""
    total = len(subset)
    if split.validation >= total:
        raise RecipeError(f"The recipe holds out {split.validation:,} images; {name} has {total:,} to train on.")
    order = torch.arange(total)
    if split.by == "random":
        order = torch.randperm(total, generator=torch.Generator().manual_seed(split.seed))
    kept = total - split.validation
    return subset.take(order[:kept]), subset.take(order[kept:])


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
