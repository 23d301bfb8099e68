"""Training loops as people write them, which grader's engine is measured against. Nothing in them is grader's.

`StudentLoop` is what a course teaches: torchvision's transforms on one PIL image at a time behind a DataLoader.
`ResidentLoop` is what somebody writes who knows better: the data set as one tensor on the device, augmentation of whole
batches, and, if wanted, `torch.compile` in one of its modes.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import torch
import yaml
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

MODELS = Path(__file__).resolve().parent.parent / "reference_models"
MEAN, DEVIATION = 0.1307, 0.3081
TEST_BATCH = 1000


def published(variant: str, file: str = "published") -> dict:
    """One of the YAML files of a reference model."""
    return yaml.safe_load((MODELS / variant / f"{file}.yaml").read_text(encoding="utf-8"))


def fresh_model(variant: str) -> nn.Module:
    """A reference model with torch's own initial weights."""
    specification = importlib.util.spec_from_file_location(f"benchmark_{variant}", MODELS / variant / "model.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return getattr(module, published(variant)["model"])()


class _Loop:
    """What both have in common: SGD with momentum, one step, an evaluation."""

    def __init__(self, variant: str, device: torch.device, lr: float) -> None:
        self.device, self.model = device, fresh_model(variant).to(device)
        self.called = self.model
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        """One batch (N, 1, 28, 28), normalised."""
        self.optimizer.zero_grad()
        functional.cross_entropy(self.called(images), labels).backward()
        self.optimizer.step()


class StudentLoop(_Loop):
    """Batches out of a DataLoader with so many workers, which persist: kinder to the student than what is usual."""

    def __init__(self, variant: str, data: "Images", device: torch.device, *, degrees: float, workers: int) -> None:
        super().__init__(variant, device, lr=0.1)
        usual = [transforms.ToTensor(), transforms.Normalize((MEAN,), (DEVIATION,))]
        turned = [transforms.RandomRotation(degrees, fill=(0,))] if degrees else []
        settings = {"num_workers": workers, "persistent_workers": workers > 0, "pin_memory": device.type == "cuda"}
        train = _Pictures(data.train_images, data.train_labels, transforms.Compose([*turned, *usual]))
        test = _Pictures(data.test_images, data.test_labels, transforms.Compose(usual))
        self._batches = self._endless(DataLoader(train, data.batch, shuffle=True, **settings))
        self._test = self._endless(DataLoader(test, TEST_BATCH, **settings))

    def train(self, batches: int) -> None:
        """So many steps."""
        self.model.train()
        for _ in range(batches):
            images, labels = next(self._batches)
            self.step(images.to(self.device), labels.to(self.device))

    @torch.no_grad()
    def evaluate(self, images: int) -> float:
        """The accuracy on about so many images of the test set."""
        self.model.eval()
        correct = seen = 0
        while seen < images:
            batch, labels = next(self._test)
            predicted = self.model(batch.to(self.device)).argmax(dim=1)
            correct, seen = correct + int((predicted == labels.to(self.device)).sum()), seen + len(labels)
        return correct / max(1, seen)

    def _endless(self, loader: DataLoader) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while True:
            yield from loader


class ResidentLoop(_Loop):
    """Batches out of tensors that lie on the device."""

    def __init__(
        self, variant: str, data: "Images", device: torch.device, *, degrees: float, compile_mode: str | None = None
    ) -> None:
        super().__init__(variant, device, lr=0.1)
        self.called = torch.compile(self.model, mode=compile_mode) if compile_mode else self.model
        self.degrees, self.batch = degrees, data.batch
        self.images, self.test_images = (_normalised(part.to(device)) for part in (data.train_images, data.test_images))
        self.labels, self.test_labels = data.train_labels.to(device), data.test_labels.to(device)

    def epoch(self) -> None:
        """All of the training set once."""
        self.model.train()
        for chosen in torch.randperm(len(self.labels), device=self.device).split(self.batch):
            self._learn(chosen)

    def train(self, batches: int) -> None:
        """So many steps on batches of full size."""
        self.model.train()
        order = torch.randperm(len(self.labels), device=self.device)[: batches * self.batch]
        for chosen in order.split(self.batch):
            self._learn(chosen)

    @torch.no_grad()
    def evaluate(self, images: int) -> float:
        """The accuracy on so many images of the test set."""
        self.model.eval()
        parts = zip(
            self.test_images[:images].split(TEST_BATCH), self.test_labels[:images].split(TEST_BATCH), strict=True
        )
        correct = sum((self.model(batch).argmax(dim=1) == labels).sum() for batch, labels in parts)
        return int(correct) / max(1, images)

    def _learn(self, chosen: torch.Tensor) -> None:
        images = self.images[chosen]
        self.step(_turned(images, self.degrees) if self.degrees else images, self.labels[chosen])


class Images:
    """MNIST's tensors, and the size of a batch."""

    def __init__(self, dataset: object, batch: int) -> None:
        self.train_images, self.train_labels = dataset.train_images, dataset.train_labels
        self.test_images, self.test_labels = dataset.test_images, dataset.test_labels
        self.batch = batch


class _Pictures(Dataset):
    """As torchvision.datasets.MNIST gives its items."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, transform: transforms.Compose) -> None:
        self._images, self._labels, self._transform = images, labels, transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self._transform(Image.fromarray(self._images[index].numpy())), int(self._labels[index])


def _normalised(images: torch.Tensor) -> torch.Tensor:
    """(N, 28, 28) bytes -> (N, 1, 28, 28)."""
    return images.float().div_(255).sub_(MEAN).div_(DEVIATION).unsqueeze(1)


def _turned(images: torch.Tensor, degrees: float) -> torch.Tensor:
    """Each image by an angle of its own, nearest neighbour; what comes in from outside is black."""
    angle = torch.deg2rad(torch.empty(len(images), device=images.device).uniform_(-degrees, degrees))
    cosine, sine, nothing = angle.cos(), angle.sin(), torch.zeros_like(angle)
    theta = torch.stack([torch.stack([cosine, -sine, nothing], 1), torch.stack([sine, cosine, nothing], 1)], 1)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    black = -MEAN / DEVIATION
    return functional.grid_sample(images - black, grid, mode="nearest", align_corners=False) + black
