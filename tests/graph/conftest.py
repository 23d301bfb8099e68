"""Exports a model in this process, through the probe's own conversion and the reader's checks."""

import json
from collections.abc import Callable

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

EMPTY_SLICE = Slice(modules=(), entry="net", build="Net()", origins=(Location(file="net.py"),))
Exporter = Callable[..., Export]


def files_of(model: nn.Module, shape: tuple[int, ...], batch: int, recorder: InitializerRecorder) -> dict[str, bytes]:
    train, evaluation, bound = export_pair(model, shape, batch, any_batch=True)
    converted = convert((train, evaluation), model, recorder, shape, bound)
    result = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None, "notes": []}
    return {
        "result.json": json.dumps(result | {"output_shape": [10]}).encode(),
        "graphs.json": json.dumps(converted.graphs).encode(),
        "tensors.safetensors": safetensors.torch.save(converted.tensors),
    }


@pytest.fixture
def export_model() -> Exporter:
    """export_model(build, shape=(1, 28, 28), batch=8) -> (export, model): `build` is called while recording."""

    def export(
        build: Callable[[], nn.Module], shape: tuple[int, ...] = (1, 28, 28), batch: int = 8
    ) -> tuple[Export, nn.Module]:
        torch.manual_seed(0)
        recorder = InitializerRecorder()
        with recorder:
            model = build()
            if any(map(torch.nn.parameter.is_lazy, model.parameters())):
                model(torch.randn(2, *shape))
        answer = read_probe_output(files_of(model, shape, batch, recorder), EMPTY_SLICE)
        assert isinstance(answer, Export)
        return answer, model

    return export
