"""Exports a model in this process, and reads source texts as a submission's."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from grader.graph.schema import read_probe_output
from grader.intake.source import Source
from grader.intake.tree import SourceTree
from grader.model.graph import Export
from grader.model.submission import Location, Slice
from grader.probe.convert import convert
from grader.probe.export import export_pair
from grader.probe.initializers import InitializerRecorder

_PIECE = Slice(modules=(), entry="net", build="Net()", origins=(Location(file="net.py"),))
_RESULT = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None, "notes": []}
Exporter = Callable[[nn.Module], Export]
Reader = Callable[..., list[Source]]


@pytest.fixture
def export_model() -> Exporter:
    def export(model: nn.Module) -> Export:
        torch.manual_seed(0)
        train, evaluation, bound = export_pair(model, (1, 28, 28), 8, any_batch=True)
        converted = convert((train, evaluation), model, InitializerRecorder(), (1, 28, 28), bound)
        files = {
            "result.json": json.dumps(_RESULT | {"output_shape": [10]}).encode(),
            "graphs.json": json.dumps(converted.graphs).encode(),
            "tensors.safetensors": safetensors.torch.save(converted.tensors),
        }
        answer = read_probe_output(files, _PIECE)
        assert isinstance(answer, Export)
        return answer

    return export


@pytest.fixture
def read_sources(tmp_path: Path) -> Reader:
    """read_sources("model.py", text, "train.py", text, ...): the sources of a new folder."""
    folders = iter(range(1000))

    def read(*names_and_texts: str) -> list[Source]:
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        for name, text in zip(names_and_texts[::2], names_and_texts[1::2], strict=True):
            (folder / name).write_text(text, encoding="utf-8")
        return list(SourceTree(folder).sources.values())

    return read
