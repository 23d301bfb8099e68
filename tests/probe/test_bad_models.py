"""Models that can't be brought out: each gives one sentence, the student's line, and a hint where there is one."""

from typing import Any

import pytest

from grader.graph.schema import ProbeFailure, read_probe_output, read_probe_shapes
from grader.model.graph import Export

NET = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"  # lines 4 to 6 of the file
FORWARD = "    def forward(self, x):\n"

ANY_LINE = 0

CASES: dict[str, tuple[str, str, str, int | None, str, str]] = {
    # name: (source, build, stage, line, in the message, in the hint)
    "constructor raises": (
        NET + "        raise ValueError('no such width')\n",
        "Net()",
        "build",
        7,
        "Net() raised: no such width",
        "",
    ),
    "argument missing": (
        "class Net(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n",
        "Net()",
        "build",
        None,
        "width",
        "defaults",
    ),
    "factory returns a tuple": ("def make():\n    return nn.Linear(1, 1), 3\n", "make()", "build", None, "tuple", ""),
    "syntax error": ("class Net(nn.Module)\n    pass\n", "Net()", "import", 4, "expected ':'", "not valid Python"),
    "undefined name": (NET + "x = undefined_name\n", "Net()", "import", 7, "undefined_name", "defined neither"),
    "wrong import from torch": ("from torch import no_such\n" + NET, "Net()", "import", 4, "no_such", ""),
    "three channels": (
        NET + "        self.c = nn.Conv2d(3, 10, 3)\n" + FORWARD + "        return self.c(x).mean((2, 3))\n",
        "Net()",
        "forward",
        9,
        "1×28×28",
        "wants 3 input channels; the images have 1",
    ),
    "wrong flatten": (
        NET + "        self.f = nn.Linear(100, 10)\n" + FORWARD + "        return self.f(x.flatten(1))\n",
        "Net()",
        "forward",
        9,
        "mat1 and mat2",
        "in_features",
    ),
    "batch of 64 written in": (
        NET + "        self.f = nn.Linear(784, 10)\n" + FORWARD + "        return self.f(x.view(64, 784))\n",
        "Net()",
        "forward",
        9,
        "shape '[64, 784]'",
        "x.size(0)",
    ),
    "shrinks to nothing": (
        NET + "        self.c = nn.Conv2d(1, 10, 3)\n" + FORWARD + "        return F.max_pool2d(self.c(x), 32)\n",
        "Net()",
        "forward",
        9,
        "too small",
        "28×28 is too small",
    ),
    "two outputs": (
        NET + FORWARD + "        return x.flatten(1)[:, :10], x\n",
        "Net()",
        "forward",
        None,
        "returns 2 tensors",
        "class scores",
    ),
    "no output": (NET + FORWARD + "        pass\n", "Net()", "forward", None, "NoneType, not a tensor", ""),
    "one row for all": (
        NET + FORWARD + "        return x.flatten(1)[:, :10].mean(0)\n",
        "Net()",
        "forward",
        None,
        "one row per image",
        "x.size(0)",
    ),
    "data-dependent branch": (
        NET
        + FORWARD
        + "        x = x.flatten(1)[:, :10]\n        if x.sum() > 0:\n            x = x * 2\n        return x\n",
        "Net()",
        "export",
        9,
        "depends on the values",
        "torch.where",
    ),
    "item": (
        NET + FORWARD + "        return x.flatten(1)[:, :10] * x.mean().item() ** 2 if x.max().item() > 1 else x\n",
        "Net()",
        "export",
        8,
        "depends on the values",
        "torch.where",
    ),
    "missing package in the model": (
        "import einops_like\n" + NET + FORWARD + "        return einops_like.rearrange(x, 'b c h w')\n",
        "Net()",
        "forward",
        None,
        "StandIn, not a tensor",
        "einops_like",
    ),
    "endless recursion": (
        NET + "        self.me = Net()\n",
        "Net()",
        "build",
        ANY_LINE,
        "without end",
        "",
    ),
    "more memory than there is": (
        NET + "        self.w = nn.Parameter(torch.zeros(2**45))\n",
        "Net()",
        "build",
        7,
        "allocate",
        "more memory",
    ),
    "exit in the constructor": (NET + "        raise SystemExit(0)\n", "Net()", "build", 7, "SystemExit", ""),
}


@pytest.fixture(scope="session")
def shape_failures(probe_shapes: Any) -> dict[str, Any]:
    names = [name for name in CASES if CASES[name][2] != "export"]
    files, pieces = probe_shapes([CASES[name][:2] for name in names])
    return dict(zip(names, read_probe_shapes(files, pieces), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_failures_say_what_and_where(name: str, probe: Any, shape_failures: dict[str, Any]) -> None:
    source, build, stage, line, message, hint = CASES[name]
    failure = read_probe_output(*probe(source, build)) if stage == "export" else shape_failures[name]
    assert isinstance(failure, ProbeFailure)
    assert failure.stage == stage
    assert line == ANY_LINE or line == (failure.location.line if failure.location else None)
    assert message in failure.message
    assert hint in failure.hint
    assert "Traceback" not in failure.message


def test_a_hard_coded_batch_works_where_it_is_the_recipes(probe: Any) -> None:
    source = NET + "        self.f = nn.Linear(784, 10)\n" + FORWARD + "        return self.f(x.view(16, 784))\n"
    export = read_probe_output(*probe(source))
    assert isinstance(export, Export)
    assert export.graphs.batch_size == 16
    assert export.notes == ("the graph holds for batches of 16 images only: the batch size matters inside the model",)


def test_one_bad_model_does_not_hurt_the_others(probe_shapes: Any) -> None:
    good = NET + "        self.f = nn.Linear(784, 10)\n" + FORWARD + "        return self.f(x.flatten(1))\n"
    rows = (
        NET + "        self.c = nn.Conv2d(1, 10, 28, padding=1)\n" + FORWARD + "        return self.c(x).view(-1, 10)\n"
    )
    models = [
        (NET + "        import os\n        os._exit(0)\n", "Net()"),
        (NET + "        while True: pass\n", "Net()"),
        (rows, "Net()"),
        ("import absent\n", "absent.Net()"),
        (good, "Net()"),
    ]
    died, endless, several_rows, absent, shape = read_probe_shapes(*probe_shapes(models, seconds_each=2))
    assert (died.type, died.message) == ("Died", "The model's code ended the process.")
    assert (endless.type, endless.message) == ("Timeout", "The model took more than 2 s to build.")
    assert several_rows == (9, 10)
    assert absent.message == "absent.Net() gives <stand-in for absent.Net()>, not a torch.nn.Module."
    assert "absent" in absent.hint
    assert shape == (10,)
