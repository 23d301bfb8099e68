"""Exports a model in this process through the probe's own conversion, and asks for advice on it."""

import json

import safetensors.torch
from torch import nn

from grader.advice.propose import propose
from grader.analysis.measure import measure
from grader.graph.schema import read_probe_output
from grader.model.graph import Export
from grader.model.outcome import Change
from grader.model.rubric import Criterion, Rubric
from grader.model.submission import Location, Slice
from grader.model.task import Task
from grader.probe.convert import convert
from grader.probe.export import export_pair
from grader.probe.initializers import InitializerRecorder

PIECE = Slice(modules=(), entry="net", build="Net()", origins=(Location(file="net.py"),))
RESULT = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None, "notes": []}


def export(model: nn.Module) -> Export:
    train, evaluation, bound = export_pair(model, (1, 28, 28), 4, any_batch=True)
    converted = convert((train, evaluation), model, InitializerRecorder(), (1, 28, 28), bound)
    files = {
        "result.json": json.dumps(RESULT | {"output_shape": [10]}).encode(),
        "graphs.json": json.dumps(converted.graphs).encode(),
        "tensors.safetensors": safetensors.torch.save(converted.tensors),
    }
    answer = read_probe_output(files, PIECE)
    assert isinstance(answer, Export)
    return answer


def rubric(*checks: tuple[str, dict[str, object]]) -> Rubric:
    criteria = tuple(
        Criterion(id=check, title=check, check=check, parameters=parameters, points=10, text="Text.")
        for check, parameters in checks
    )
    return Rubric(id="t", title="T", task=Task(dataset="mnist"), reference_recipe="plain", criteria=criteria)


def asked(model: nn.Module, check: str, **parameters: object) -> tuple[Change, ...]:
    """What is proposed for one failed criterion; `others` are further criteria, `made_at` the lines of layers."""
    others, made_at = parameters.pop("others", ()), parameters.pop("made_at", {})
    exported = export(model)
    wanted = rubric((check, parameters), *others)  # type: ignore[misc]
    return propose(wanted, exported, measure(exported), lambda: made_at).get(check, ())  # type: ignore[return-value]
