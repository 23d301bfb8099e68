"""What all contenders of a benchmark train: the same model, images and recipe. Torch is imported where it is needed."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.training.data import Dataset
    from grader.training.job import TrainingJob

BATCH, DEGREES, EPOCHS = 128, 5.0, 20


def training_job(variant: str, device: str = "cpu") -> "TrainingJob":
    """The reference model as the probe exports it, to be trained on all of MNIST with the published rotation."""
    from exported import export_reference

    from grader.model.task import Task
    from grader.training.job import TrainingJob
    from grader.training.recipe import load_recipe

    recipe = load_recipe("regularized").model_copy(update={"split": None, "stop_at": None, "epochs": EPOCHS})
    task = Task(dataset="mnist", epochs=EPOCHS)
    return TrainingJob(export=export_reference(variant), recipe=recipe, task=task, seed=0, device=device)


def dataset(data_dir: str, images: int | None = None) -> "Dataset":
    """MNIST where it is at hand, else as many random images; `images` cuts it to so many, and a sixth to test on."""
    import torch

    from grader.training.data import Dataset, load

    if data_dir:
        found = load("mnist", Path(data_dir))
    else:
        drawing = torch.Generator().manual_seed(0)
        random = torch.randint(256, (70_000, 28, 28), dtype=torch.uint8, generator=drawing)
        labels = torch.randint(10, (70_000,), generator=drawing)
        found = Dataset("random", random[10_000:], labels[10_000:], random[:10_000], labels[:10_000], "none")
    if images is None:
        return found
    train, test = slice(images), slice(images // 6)
    return Dataset(
        found.name,
        found.train_images[train],
        found.train_labels[train],
        found.test_images[test],
        found.test_labels[test],
        "a part",
    )


def evaluated(batches: int, train: int = 60_000, test: int = 10_000) -> int:
    """How many of the test images belong to so many of an epoch's batches."""
    return max(1, round(test * min(1.0, batches * BATCH / train)))
