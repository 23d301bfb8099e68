"""Slice → probe process → files → read → rebuild: equal to the same class built here."""

import torch
from torch import nn

from grader.graph.rebuild import rebuild
from grader.graph.schema import read_probe_output, read_probe_shape
from grader.model.graph import Export, Initializer
from grader.model.submission import Location

STUDENT = """
from google.colab import drive
from torchsummary import summary
from torchvision import datasets, transforms as T
from helpers.layers import block
import absent_package

device = torch.device("cuda")

class Net(nn.Module):
    def __init__(self, dropout=0.1):
        super().__init__()
        self.block = block(1, 6, dropout).cuda()
        self.fc = nn.Linear(6, 10)
        nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")
        self.fc.bias.data.normal_(0, 0.02)
        self.scale = nn.Parameter(torch.full((1,), 2.0))
        self.shift = nn.Parameter(torch.arange(10.0))

    def forward(self, x):
        x = self.block(x.to(device))
        x = F.adaptive_avg_pool2d(x, 1)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc(x) * self.scale + self.shift + torch.zeros(10, device="cuda"), dim=1)
"""
LAYERS = """from torch import nn

def block(inputs, outputs, dropout):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3), nn.BatchNorm2d(outputs), nn.ReLU(), nn.Dropout(dropout))
"""


def test_slice_to_rebuilt_model(probe) -> None:
    files, piece = probe(STUDENT, "Net(dropout=0.25)", **{"helpers.layers": LAYERS})
    export = read_probe_output(files, piece)
    assert isinstance(export, Export)
    assert export.graphs.batch_size is None
    nodes = {node.op: node for node in export.graphs.train.nodes}
    assert nodes["aten.dropout.default"].args[1:] == (0.25, True)
    assert nodes["aten.dropout.default"].module == "block.3"
    assert nodes["aten.dropout.default"].module_class == "Dropout"
    assert nodes["aten.dropout.default"].location == Location(file="helpers.layers.py", line=4)
    assert nodes["aten.linear.default"].location == Location(file="net.py", line=27)
    assert nodes["aten.log_softmax.int"].location == Location(file="net.py", line=27)
    assert export.notes == (
        "package 'absent_package' is not installed here and was replaced by a stand-in",
        "device 'cuda' was mapped to the CPU",
    )
    parameters = {spec.path: spec for spec in export.graphs.parameters.values()}
    assert parameters["fc.weight"].initializer == Initializer(
        name="kaiming_normal_", arguments={"a": 0, "mode": "fan_in", "nonlinearity": "relu"}
    )
    assert parameters["fc.bias"].initializer == Initializer(name="normal_", arguments={"mean": 0, "std": 0.02})
    assert parameters["scale"].initializer == Initializer(name="constant_", arguments={"val": 2.0})
    assert parameters["shift"].initializer is None
    check_against_eager(export)


def check_against_eager(export: Export) -> None:
    block = nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.25))
    fc = nn.Linear(6, 10)
    eager = {f"block.{name}": value for name, value in block.named_parameters()}
    eager |= {f"fc.{name}": value for name, value in fc.named_parameters()}
    eager |= {"scale": torch.full((1,), 2.0), "shift": torch.arange(10.0)}
    rebuilt = rebuild(export, seed=0)
    with torch.no_grad():
        for name, path in rebuilt.parameter_names.items():
            rebuilt.get_parameter(name).copy_(eager[path])
    images = torch.randn(5, 1, 28, 28)
    torch.manual_seed(1)
    ours = rebuilt(images)
    torch.manual_seed(1)
    theirs = torch.log_softmax(fc(block(images).mean((2, 3))) * 2 + torch.arange(10.0), 1)
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_shapes_request_builds_without_export(probe) -> None:
    files, piece = probe(STUDENT, mode="shapes", **{"helpers.layers": LAYERS})
    assert set(files) == {"result.json"}
    assert read_probe_shape(files, piece) == (10,)


def test_lazy_layers_take_their_shape(probe) -> None:
    files, piece = probe("class Net(nn.Sequential): pass\n", "Net(nn.Flatten(), nn.LazyLinear(10))")
    export = read_probe_output(files, piece)
    assert isinstance(export, Export)
    weight = export.graphs.parameters["p0"]
    assert weight.shape == (10, 784)
    assert weight.initializer is not None
    assert weight.initializer.name == "kaiming_uniform_"


def test_torchvision_is_real_where_the_model_uses_it(probe) -> None:
    source = (
        "from torchvision import ops\nfrom torchvision.ops import SqueezeExcitation\n"
        "class Gate(SqueezeExcitation):\n    pass\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.conv, self.gate, self.drop = nn.Conv2d(1, 8, 3), Gate(8, 2), ops.StochasticDepth(0.1, 'row')\n"
        "        self.fc = nn.Linear(8, 10)\n"
        "    def forward(self, x):\n        return self.fc(self.drop(self.gate(self.conv(x))).mean((2, 3)))\n"
    )
    files, piece = probe(source)
    export = read_probe_output(files, piece)
    assert isinstance(export, Export)
    assert "aten.bernoulli_.float" in {node.op for node in export.graphs.train.nodes}
    assert rebuild(export, seed=0)(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
