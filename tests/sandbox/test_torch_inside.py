"""Torch imports, trains and exports inside the sandbox, under the filter and the limits."""

import sys

import pytest

from grader.sandbox.base import Job, Limits

SOURCE = """
import json, os
import torch
from torch import nn
from safetensors.torch import save_file

torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(2704, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
images, labels = torch.randn(32, 1, 28, 28), torch.randint(10, (32,))
losses = []
for _ in range(5):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(images), labels)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
exported = torch.export.export(net, (images,))
out = os.environ["OUTPUT_FOLDER"]
save_file({"w": net[0].weight.detach()}, out + "/tensors.safetensors")
open(out + "/result.json", "w").write(json.dumps([losses[-1] < losses[0], len(exported.graph.nodes) > 5]))
"""


@pytest.mark.parametrize("backend", ["bubblewrap", "process"])
def test_a_small_network_trains_and_exports(backend, request):
    sandbox = request.getfixturevalue(backend)
    result = sandbox.run(Job(b"", (sys.executable, "-I", "-B", "-c", SOURCE), limits=Limits(wall_seconds=60)))
    assert (result.status, result.exit_code) == ("exited", 0), result.stderr
    assert result.files["result.json"] == b"[true, true]"
    assert len(result.files["tensors.safetensors"]) > 4 * 9 * 4
    assert result.peak_memory_bytes > 100 << 20
