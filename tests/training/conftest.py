"""Tiny models exported in this process, and a data set that trains in a moment."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from grader.graph.schema import read_probe_output
from grader.model.graph import Export
from grader.model.submission import Location, Slice
from grader.probe.convert import convert
from grader.probe.export import export_pair
from grader.probe.initializers import InitializerRecorder
from grader.training.data import Dataset

SLICE = Slice(modules=(), entry="net", build="Net()", origins=(Location(file="net.py"),))


class Small(nn.Module):
    """A convolution, batch norm, dropout, global average pooling and a linear layer: logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=2)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8 * 36, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(nn.functional.max_pool2d(x, 2).flatten(1))


def export_of(build: Callable[[], nn.Module], batch: int = 8) -> Export:
    recorder = InitializerRecorder()
    with recorder:
        model = build()
    train, evaluation, bound = export_pair(model, (1, 28, 28), batch, any_batch=True)
    converted = convert((train, evaluation), model, recorder, (1, 28, 28), bound)
    result = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None, "notes": []}
    files = {
        "result.json": json.dumps(result | {"output_shape": [10]}).encode(),
        "graphs.json": json.dumps(converted.graphs).encode(),
        "tensors.safetensors": safetensors.torch.save(converted.tensors),
    }
    answer = read_probe_output(files, SLICE)
    assert isinstance(answer, Export)
    return answer


@pytest.fixture(scope="session")
def small() -> Export:
    return export_of(Small)


@pytest.fixture(scope="session")
def exporter() -> Callable[..., Export]:
    return export_of


def bars(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ten easy classes: a bright bar in one of ten places, on noise."""
    drawing = torch.Generator().manual_seed(seed)
    labels = torch.randint(10, (count,), generator=drawing)
    images = torch.randint(60, (count, 28, 28), generator=drawing)
    for index, label in enumerate(labels.tolist()):
        images[index, 4:24, 4 + 2 * label : 6 + 2 * label] = 255
    return images.to(torch.uint8), labels


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return Dataset("bars", *bars(321, 0), *bars(105, 1), digest="bars")


@pytest.fixture
def new_children() -> Callable[[], set[str]]:
    """Our child processes that were not there when the test began, as pids."""

    def children() -> set[str]:
        return {pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()}

    before = children()
    return lambda: children() - before


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Training settles on one thread; the tests after us get theirs back."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)
