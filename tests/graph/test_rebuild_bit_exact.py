"""The rebuilt model computes what the student's model computes, bit for bit, in both modes, while it trains."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from grader.graph.rebuild import RebuiltModel, rebuild

_SPEC = importlib.util.spec_from_file_location("graph_test_nets", Path(__file__).with_name("nets.py"))
assert _SPEC is not None and _SPEC.loader is not None
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)

Exporter = Callable[..., Any]


def copy_weights(model: nn.Module, rebuilt: RebuiltModel) -> None:
    theirs = dict(model.named_parameters(remove_duplicate=False))
    buffers = dict(model.named_buffers(remove_duplicate=False))
    with torch.no_grad():
        for name, path in rebuilt.parameter_names.items():
            rebuilt.get_parameter(name).copy_(theirs[path])
        for name, path in rebuilt.buffer_names.items():
            rebuilt.get_buffer(name).copy_(buffers[path])


def train_step(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, seed: int) -> torch.Tensor:
    torch.manual_seed(seed)
    output = model(images)
    F.cross_entropy(output, labels).backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.sub_(0.1 * parameter.grad)
                parameter.grad = None
    return output.detach()


@pytest.mark.parametrize("name", nets.NETS)
def test_three_steps_are_bit_exact(name: str, export_model: Exporter) -> None:
    export, model = export_model(nets.NETS[name])
    rebuilt = rebuild(export, seed=1)
    copy_weights(model, rebuilt)
    assert (rebuilt.batch_size == 8) is (name == "Ghost")
    generator = torch.Generator().manual_seed(3)
    for step in range(3):
        images = torch.randn(8, 1, 28, 28, generator=generator)
        labels = torch.randint(0, 10, (8,), generator=generator)
        model.train(), rebuilt.train()
        kept = images.clone()
        ours = train_step(rebuilt, images, labels, step)
        assert torch.equal(images, kept), "the rebuilt model wrote into the data"
        theirs = train_step(model, images, labels, step)
        assert torch.equal(ours, theirs)
        model.eval(), rebuilt.eval()
        # With gradients: without them torch's transformer layers take another, fused path.
        assert torch.equal(rebuilt(kept), model(kept.clone()))
    parameters = dict(model.named_parameters(remove_duplicate=False))
    for generated, path in rebuilt.parameter_names.items():
        assert torch.equal(rebuilt.get_parameter(generated), parameters[path]), path
    buffers = dict(model.named_buffers(remove_duplicate=False))
    for generated, path in rebuilt.buffer_names.items():
        if not path.endswith("num_batches_tracked"):
            assert torch.equal(rebuilt.get_buffer(generated), buffers[path]), path


@pytest.mark.parametrize("name", ["Plain", "Residual", "Inception", "Norms", "Shuffled", "Transposed", "Rearranged"])
def test_channels_last_gives_the_same_numbers(name: str, export_model: Exporter) -> None:
    export, _ = export_model(nets.NETS[name])
    plain, fast = rebuild(export, seed=1).eval(), rebuild(export, seed=1).eval()
    fast.to(memory_format=torch.channels_last)
    images = torch.randn(4, 1, 28, 28)
    ours = fast(images.contiguous(memory_format=torch.channels_last))
    assert torch.allclose(ours, plain(images), atol=1e-5)
    F.cross_entropy(ours, torch.zeros(4, dtype=torch.long)).backward()


def test_batch_counters_are_left_out_but_statistics_are_not(export_model: Exporter) -> None:
    export, _ = export_model(nets.NETS["Plain"])
    rebuilt = rebuild(export, seed=0)
    rebuilt(torch.randn(8, 1, 28, 28))
    buffers = {path: rebuilt.get_buffer(name) for name, path in rebuilt.buffer_names.items()}
    assert int(buffers["features.1.num_batches_tracked"]) == 0
    assert float(buffers["features.1.running_mean"].abs().sum()) > 0


def test_intermediate_values_are_freed(export_model: Exporter) -> None:
    """Without gradients, a deep chain of maps needs room for a few of them, not for all."""

    class Deep(nn.Module):
        def forward(self, x):
            for _ in range(50):
                x = x * 1.01
            return x.flatten(1)[:, :10]

    export, _ = export_model(Deep)
    rebuilt = rebuild(export, seed=0).eval()
    program = rebuilt._programs[False]
    alive, most = set(), 0
    for step in program.steps:
        alive.add(step.slot)
        most = max(most, len(alive))
        alive -= set(step.frees)
    assert most == 2
    assert alive == {program.output_slot}
