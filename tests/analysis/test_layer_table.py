"""Rows of the layer table: names, places, windows; and what the output is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from grader.analysis.measure import measure
from grader.errors import SubmissionError
from grader.graph.schema import read_probe_output
from grader.model.graph import Export
from grader.model.submission import Chunk, Location, Slice, SlicedModule

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = """\
import torch.nn as nn
import torch.nn.functional as F

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3, padding=1, stride=2)
    def forward(self, x):
        return F.relu(self.conv(x))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()
        self.drop = nn.Dropout(0.1)
    def forward(self, x):
        x = self.drop(self.block(x))
        return F.log_softmax(F.avg_pool2d(x, 14).view(-1, 10), dim=1)
"""


def test_rows_of_a_model_from_the_probe(tmp_path):
    piece = Slice(
        modules=(SlicedModule(name="net", chunks=(Chunk(label=0, source=SOURCE),)),),
        entry="net",
        build="Net()",
        origins=(Location(file="net.ipynb", cell=3),),
    )
    request = {"schema": "grader/probe-request/v1", "slice": piece.model_dump(mode="json"), "mode": "export"}
    request |= {"input_shape": [1, 28, 28], "batch_size": 16, "seed": 0}
    (tmp_path / "request.json").write_text(json.dumps(request))
    (tmp_path / "out").mkdir()
    subprocess.run(
        [sys.executable, "-m", "grader.probe", str(tmp_path / "request.json"), str(tmp_path / "out")],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=120,
    )
    export = read_probe_output({file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}, piece)
    assert isinstance(export, Export)
    facts = measure(export)
    assert facts == measure(export)
    assert [(row.name, row.op, row.location.line if row.location else None) for row in facts.layers] == [
        ("block.conv", "conv2d", 9),
        ("relu", "relu", 9),
        ("drop", "dropout", 17),
        ("avg_pool2d", "avg_pool2d", 18),
        ("log_softmax", "log_softmax", 18),
    ]
    assert facts.layers[0].location == Location(file="net.ipynb", cell=3, line=9)
    assert facts.layers[0].module_class == "Conv2d"
    convolution = facts.layers[0]
    assert convolution.output_shape == (10, 14, 14)
    assert (convolution.kernel, convolution.stride, convolution.padding, convolution.groups) == (3, 2, 1, 1)
    assert (convolution.receptive_field, convolution.jump, convolution.start) == (3, 2, 0.5)
    assert (convolution.parameters, convolution.macs) == (100, 14 * 14 * 10 * 9)
    assert facts.head.locations == (Location(file="net.ipynb", cell=3, line=18),)
    assert facts.dropout.locations == (Location(file="net.ipynb", cell=3, line=17),)


def test_parameters_stand_where_they_are_used(measured, model):
    """Weight norm computes the weight from two parameters; a bare parameter has the model's own row."""

    def forward(self, x):
        x = F.conv2d(self.conv(x), self.kernel)
        return self.fc(x.mean((2, 3)))

    facts = measured(
        lambda: model(
            forward,
            conv=nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 4, 3)),
            kernel=nn.Parameter(torch.randn(6, 4, 1, 1)),
            fc=nn.Linear(6, 10),
        )
    )
    rows = [(row.op, row.parameters) for row in facts.layers if row.parameters]
    assert rows == [("conv2d", 36 + 4 + 4), ("conv2d", 24), ("linear", 70)]
    assert facts.layers[1].name == "conv2d"
    assert sum(row.parameters for row in facts.layers) == facts.parameters.total


def test_sums_of_two_paths_have_a_row_and_constants_none(measured, model):
    def forward(self, x):
        x = (x - 0.1307) / 0.3081
        x = self.conv(x)
        return (x + F.silu(x)).mean((2, 3))

    facts = measured(lambda: model(forward, conv=nn.Conv2d(1, 10, 3)))
    assert [row.op for row in facts.layers] == ["conv2d", "silu", "add", "mean"]


OUTPUTS = {
    "logits": lambda x: x,
    "logits after dropout": lambda x: F.dropout(x, 0.1),
    "logits after relu": F.relu,
    "log_softmax": lambda x: F.log_softmax(x, dim=1),
    "log_softmax by default": lambda x: F.log_softmax(x.unsqueeze(2), dim=1).squeeze(2),
    "log_softmax by hand": lambda x: torch.log(torch.softmax(x, -1)),
    "softmax": lambda x: x.softmax(-1),
    "other: over the batch": lambda x: F.log_softmax(x, dim=0),
    "other: sigmoid": torch.sigmoid,
    "other: log": lambda x: torch.log(x.abs()),
    "other: a map": lambda x: x.view(-1, 2, 5),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_kind(name, measured, model):
    end = OUTPUTS[name]
    facts = measured(lambda: model(lambda self, x: end(self.conv(x).mean((2, 3))), conv=nn.Conv2d(1, 10, 3)))
    assert facts.output == name.split()[0].rstrip(":")
    assert facts.output_shape == ((2, 5) if "map" in name else (10,))


def test_several_rows_per_image(measured):
    """`view(-1, 10)` on a wider map: the rows stay in front of the classes."""
    facts = measured(lambda: nn.Sequential(nn.Conv2d(1, 10, 14, 14), nn.Flatten(0), nn.Unflatten(0, (-1, 10))))
    assert facts.output_shape == (4, 10)


def test_operator_without_a_rule_gives_an_upper_bound(measured, model):
    def forward(self, x):
        x = self.conv(x)
        return x[:, :, torch.tensor([3, 1, 2])].mean((2, 3))

    facts = measured(lambda: model(forward, conv=nn.Conv2d(1, 10, 3)))
    assert facts.receptive_field.before_head == 28
    assert any("upper bound" in caveat for caveat in facts.caveats)


def test_looking_absurdly_far_past_the_border_is_refused(measured):
    with pytest.raises(SubmissionError, match="past the border"):
        measured(lambda: nn.Sequential(nn.Conv2d(1, 10, 2, 20_000, 20_000, 20_000), nn.Flatten()))
    strides = [nn.Conv2d(1, 1, 1, 10**6) for _ in range(4)]
    with pytest.raises(SubmissionError, match="past the border"):
        measured(lambda: nn.Sequential(*strides, nn.Conv2d(1, 10, 3, padding=1), nn.Flatten()))


def test_other_differences_are_handed_on(measured, model):
    def forward(self, x):
        return (self.conv(x) if self.training else self.other(x)).mean((2, 3))

    facts = measured(lambda: model(forward, conv=nn.Conv2d(1, 10, 3), other=nn.Conv2d(1, 10, 3)))
    assert facts.mode_differences
    assert facts.parameters.unused == 0
