"""Modules of a submission that are called like others: the student's code gets its own, libraries get theirs."""

from grader.graph.schema import read_probe_output
from grader.model.graph import Export

HEADER = "import torch\nfrom torch import nn\n"
INIT = "(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
LAYER = f"class Layer{INIT}        self.fc = nn.Linear(784, 10)\n"
LAYER += "    def forward(self, x):\n        return self.fc(x.flatten(1))\n"


def test_the_submission_gets_its_own_and_libraries_theirs(probe) -> None:
    """torch imports `profile` and `statistics` when it exports; `random` and `json` are loaded before the slice is."""
    source = "from profile import Layer\nfrom random import RATE\nfrom statistics import mean\nimport json\n"
    source += (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.layer = Layer()\n"
    )
    source += "        self.drop = nn.Dropout(mean(RATE))\n        assert json.WIDTH == 1\n"
    source += "    def forward(self, x):\n        return self.drop(self.layer(x))\n"
    own = {"profile": HEADER + LAYER, "random": "RATE = 0.25\n", "statistics": "def mean(value):\n    return value\n"}
    files, piece = probe(source, **own, json="WIDTH = 1\n")
    answer = read_probe_output(files, piece)
    assert isinstance(answer, Export), answer
    assert [node.op for node in answer.graphs.eval.nodes][-1] == "aten.dropout.default"
    assert answer.graphs.train.nodes[0].location is not None


def test_a_package_called_grader_is_one_like_any_other(probe) -> None:
    source = "from grader.probe.convert import Layer\nNet = Layer\n"
    files, piece = probe(source, **{"grader.probe.convert": HEADER + LAYER})
    assert isinstance(read_probe_output(files, piece), Export)
