"""Exports a model in this process through the probe's own conversion, and measures it."""

import json
from collections.abc import Callable

import pytest
import safetensors.torch
import torch
from torch import nn

from grader.analysis.claims.verify import check_claims
from grader.analysis.measure import measure
from grader.graph.schema import read_probe_output
from grader.model.claims import CheckedClaim, Claim
from grader.model.facts import BatchNormFacts, DropoutFacts, Facts, HeadFacts, ParameterFacts, ReceptiveFieldFacts
from grader.model.graph import Export
from grader.model.submission import Location, Slice
from grader.model.training import Training
from grader.probe.convert import convert
from grader.probe.export import export_pair
from grader.probe.initializers import InitializerRecorder

EMPTY_SLICE = Slice(modules=(), entry="net", build="Net()", origins=(Location(file="net.py"),))
Build = Callable[[], nn.Module]
NOT_TRAINED = Training(status="not_requested")
TINY = Facts(
    parameters=ParameterFacts(total=7_034, trainable=7_034, unused=0, counted=7_034, by_layer={"conv": 7_034}),
    macs=1,
    output="logits",
    output_shape=(10,),
    layers=(),
    batch_norm=BatchNormFacts(layers=0, runs=False),
    dropout=DropoutFacts(layers=0, rates=(), runs=False, active_in_eval=False),
    head=HeadFacts(gap=True, fc=False, kind="gap"),
    receptive_field=ReceptiveFieldFacts(before_head=12, jump=4, covers_input=False, gated=False),
)


def _export(build: Build, shape: tuple[int, ...] = (1, 28, 28), batch: int = 4) -> Export:
    torch.manual_seed(0)
    recorder = InitializerRecorder()
    with recorder:
        model = build()
    train, evaluation, bound = export_pair(model, shape, batch, any_batch=True)
    converted = convert((train, evaluation), model, recorder, shape, bound)
    result = {"schema": "grader/probe-result/v1", "status": "ok", "stage": "convert", "error": None, "notes": []}
    files = {
        "result.json": json.dumps(result | {"output_shape": [10]}).encode(),
        "graphs.json": json.dumps(converted.graphs).encode(),
        "tensors.safetensors": safetensors.torch.save(converted.tensors),
    }
    answer = read_probe_output(files, EMPTY_SLICE)
    assert isinstance(answer, Export)
    return answer


@pytest.fixture
def export_model() -> Callable[..., Export]:
    """export_model(build, shape=(1, 28, 28)) -> Export"""
    return _export


@pytest.fixture
def measured() -> Callable[..., Facts]:
    """measured(build, shape=(1, 28, 28)) -> Facts"""

    def run(build: Build, shape: tuple[int, ...] = (1, 28, 28)) -> Facts:
        return measure(_export(build, shape))

    return run


@pytest.fixture
def model() -> Callable[..., nn.Module]:
    """model(forward, **layers): a module with these submodules, parameters and buffers; forward(self, x)."""

    def build(forward: Callable[[nn.Module, torch.Tensor], torch.Tensor], **members: object) -> nn.Module:
        net = type("Net", (nn.Module,), {"forward": forward})()
        for name, member in members.items():
            if isinstance(member, torch.Tensor) and not isinstance(member, nn.Parameter):
                net.register_buffer(name, member)
            else:
                setattr(net, name, member)
        return net

    return build


def _judge(
    statement: object, facts: Facts = TINY, training: Training = NOT_TRAINED, **about: object
) -> CheckedClaim | None:
    claim = Claim.model_validate(
        {"text": "…", "location": Location(file="README.md", line=12), "source": "readme"}
        | {"statement": statement, "about": "graded"}
        | about
    )
    checked = check_claims([claim], facts, training)
    return checked[0] if checked else None


@pytest.fixture
def judge() -> Callable[..., CheckedClaim | None]:
    """judge(statement, facts=…, training=…, about=…): what becomes of one claim in README.md:12."""
    return _judge


@pytest.fixture
def tiny() -> Facts:
    """A model of 7,034 parameters and a receptive field of 12, without batch norm and dropout."""
    return TINY
