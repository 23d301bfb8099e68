"""What is cut out of a submission: enough to build the model, nothing that trains, original line numbers."""

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.errors import SubmissionError
from grader.intake.discover import discover
from grader.intake.slice import slice_candidate
from grader.model.submission import Candidate, Slice
from grader.probe.modules import SliceFinder

IMPORTS = "import torch\nimport torch.nn as nn\n"

NET = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
"""


def notebook(*cells: str, counts: list[int] | None = None) -> str:
    numbers: list[int | None] = list(counts) if counts else [None] * len(cells)
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell, "execution_count": number}
        for cell, number in zip(cells, numbers, strict=True)
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


Cut = Callable[..., Slice]


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    """`cut({"model.py": "..."}, "model.py:Net")` writes the files and slices the named model."""

    def run(files: dict[str, str], model: str | None = None) -> Slice:
        for name, text in files.items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        selected = discover(tmp_path, model=model).selected
        assert selected is not None
        return slice_candidate(tmp_path, selected)

    return run


@pytest.fixture
def build() -> Iterator[Callable[[Slice], Any]]:
    """Builds a slice's model as the probe does."""
    before, finders = set(sys.modules), list(sys.meta_path)

    def run(piece: Slice) -> Any:
        finder = SliceFinder([module.model_dump(mode="json") for module in piece.modules])
        sys.meta_path.insert(0, finder)
        namespace = finder.load_entry(piece.entry).__dict__
        return eval(piece.build, namespace)

    yield run
    sys.meta_path[:] = finders
    for name in set(sys.modules) - before:
        if not name.startswith(("torch", "numpy")):
            del sys.modules[name]


Build = Callable[[Slice], Any]


def text(piece: Slice, module: str | None = None) -> str:
    """The source lines of one module (the entry), without blank lines."""
    chunks = next(one.chunks for one in piece.modules if one.name == (module or piece.entry))
    return "\n".join(line for chunk in chunks for line in chunk.source.splitlines() if line.strip())


def test_training_plots_and_downloads_stay_behind(cut: Cut, build: Build) -> None:
    rest = (
        "import matplotlib.pyplot as plt\nfrom torchvision import datasets\n"
        "data = datasets.MNIST('.', download=True)\n"
        "def train(model):\n    raise SystemExit\n"
        "model = Net()\ntrain(model)\nplt.show()\nprint('done')\n"
        "if __name__ == '__main__':\n    train(Net())\n"
    )
    piece = cut({"model.py": IMPORTS + NET + rest}, "model.py:Net")
    assert text(piece) == "import torch.nn as nn\n" + "\n".join(line for line in NET.splitlines() if line)
    assert build(piece).fc.out_features == 10


def test_line_numbers_are_the_originals(cut: Cut, build: Build) -> None:
    source = IMPORTS + "\n# a comment\nother = 1\n\n" + NET.replace("super().__init__()", "1 / 0")
    piece = cut({"model.py": source}, "model.py:Net")
    with pytest.raises(ZeroDivisionError) as caught:
        build(piece)
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert frame.lineno == 1 + source.splitlines().index("        1 / 0")


def test_lines_of_a_notebook_are_counted_within_the_cell(cut: Cut, build: Build) -> None:
    cells = [IMPORTS, "%matplotlib inline\n\n" + NET.replace("super().__init__()", "1 / 0")]
    piece = cut({"work.ipynb": notebook("x = 1", *cells)})
    with pytest.raises(ZeroDivisionError) as caught:
        build(piece)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 5
    assert [(origin.file, origin.cell) for origin in piece.origins] == [("work.ipynb", 1), ("work.ipynb", 2)]


def test_what_the_class_uses_comes_along(cut: Cut, build: Build) -> None:
    source = (
        IMPORTS + "from functools import partial\nimport math, os\n"
        "WIDTH = 4\nSIZES = [WIDTH * 2, 10]\nA, (B, *C) = 1, (2, 3)\nkwargs = dict(bias=False)\n"
        "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')\nunused = open('nowhere')\n"
        "def double(x=WIDTH):\n    return helper(x)\n"
        "def helper(x):\n    return 2 * x + len(C)\n"
        "def tagged(cls):\n    cls.tag = B\n    return cls\n"
        "Layer = partial(nn.Linear, **kwargs)\n"
        "class Base(nn.Module):\n    def forward(self, x):\n        return self.fc(x)\n"
        "@tagged\n"
        "class Net(Base):\n"
        "    depth = math.floor(2.5)\n"
        "    def __init__(self, width=double()):\n"
        "        super().__init__()\n"
        "        self.fc = Layer(width, SIZES[-1])\n"
    )
    piece = cut({"model.py": source}, "model.py:Net")
    model = build(piece)
    assert (model.fc.in_features, model.fc.bias, model.tag, model.depth) == (9, None, 2, 2)
    kept = text(piece)
    assert "open(" not in kept
    assert "import os" not in kept
    assert "device" not in kept


def test_local_modules_are_cut_too(cut: Cut, build: Build) -> None:
    files = {
        "parts/__init__.py": "from .blocks import Block\nfrom .training import Trainer\n",
        "parts/blocks.py": IMPORTS + "from . import sizes\nfrom .deep.more import OUT as COUNT\nimport torchsummary\n"
        "class Block(nn.Linear):\n    def __init__(self):\n        super().__init__(sizes.WIDTH, COUNT)\n"
        "print('never')\n",
        "parts/sizes.py": "WIDTH = 784\nHEIGHT = never_defined\n",
        "parts/deep/more.py": "from ..sizes import WIDTH\nOUT = WIDTH - 774\n",
        "parts/training.py": "raise SystemExit\n",
        "model.py": IMPORTS + "from parts import Block, Trainer\nimport parts.sizes as s\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc = Block()\n"
        "        self.width = s.WIDTH\n    def forward(self, x):\n        return self.fc(x)\n",
    }
    piece = cut(files, "model.py:Net")
    model = build(piece)
    assert (model.fc.in_features, model.fc.out_features, model.width) == (784, 10, 784)
    assert {module.name for module in piece.modules} == {"model", "parts", "parts.blocks", "parts.sizes",
                                                         "parts.deep", "parts.deep.more"}  # fmt: skip
    assert text(piece, "parts") == "from .blocks import Block"
    assert text(piece, "parts.sizes") == "WIDTH = 784"


@pytest.mark.parametrize(
    "imports",
    ["from helpers import *", "import helpers as h", "from helpers import Block as B", "import helpers",
     "try:\n    from helpers import Block\nexcept ImportError:\n    Block = None",
     "import lost_package\nfrom helpers import Block, nothing_else"],
)  # fmt: skip
def test_every_way_to_import(imports: str, cut: Cut, build: Build) -> None:
    used = {"import helpers as h": "h.Block", "from helpers import Block as B": "B", "import helpers": "helpers.Block"}
    source = f"{imports}\n{IMPORTS}" + NET.replace("nn.Linear", used.get(imports, "Block"))
    helpers = IMPORTS + "Block = nn.Linear\nnothing_else = 1\nclass Unused(nn.Module):\n    pass\n"
    piece = cut({"model.py": source, "helpers.py": helpers}, "model.py:Net")
    assert build(piece).fc.out_features == 10
    assert "Unused" not in text(piece, "helpers")


def test_an_import_inside_a_method(cut: Cut, build: Build) -> None:
    source = IMPORTS + NET.replace("super()", "from helpers import OUT\n        super()").replace("10)", "OUT)")
    piece = cut({"model.py": source, "helpers.py": "OUT = 10\n"}, "model.py:Net")
    assert build(piece).fc.out_features == 10


def test_a_name_means_what_it_means_when_the_model_is_built(cut: Cut, build: Build) -> None:
    net = NET.replace("784, 10", "WIDTH, 10")
    train = "import torch.optim as optim\nmodel = Net()\noptim.SGD(model.parameters())"
    cells = [IMPORTS, "WIDTH = 5", net, "WIDTH = 784", train, "WIDTH = 3"]
    assert build(cut({"work.ipynb": notebook(*cells)})).fc.in_features == 784


def test_a_definition_uses_what_stands_before_it(cut: Cut, build: Build) -> None:
    net = NET.replace("(self)", "(self, width=WIDTH)", 1).replace("784, 10", "width, 10")
    cells = [IMPORTS, "WIDTH = 784", net, "WIDTH = 3", "model = Net()"]
    assert build(cut({"work.ipynb": notebook(*cells)})).fc.in_features == 784


def test_each_of_several_definitions_has_its_own_helpers(cut: Cut, build: Build) -> None:
    block = "class Block(nn.Linear):\n    def __init__(self):\n        super().__init__({}, 10)\n"
    net = NET.replace("nn.Linear(784, 10)", "Block()")
    files = {"work.ipynb": notebook(IMPORTS, block.format(5), net, block.format(6), net + "    extra = 1\n")}
    assert build(cut(files, "work.ipynb:2:Net")).fc.in_features == 5
    assert build(cut(files, "work.ipynb:4:Net")).fc.in_features == 6


def test_a_class_that_extends_its_own_older_self(cut: Cut, build: Build) -> None:
    newer = "class Net(Net):\n    def __init__(self):\n        super().__init__()\n        self.more = 1\n"
    piece = cut({"model.py": IMPORTS + NET + newer}, "model.py:Net@10")
    assert build(piece).more == 1


def test_cells_that_ran_in_another_order(cut: Cut, build: Build) -> None:
    cells = [NET, "WIDTH = 3", IMPORTS]
    assert build(cut({"work.ipynb": notebook(*cells, counts=[3, 2, 1])})).fc.out_features == 10


def test_imports_that_ran_again_last_still_come_first(cut: Cut, build: Build) -> None:
    cells = [IMPORTS, NET]
    assert build(cut({"work.ipynb": notebook(*cells, counts=[9, 3])})).fc.out_features == 10


def test_a_lost_import_cell_of_a_notebook(cut: Cut, build: Build) -> None:
    cells = ["import torch.nn as nn:\n", NET]
    assert build(cut({"work.ipynb": notebook(*cells)})).fc.out_features == 10


def test_a_class_in_a_function_in_a_branch(cut: Cut, build: Build) -> None:
    inner = "".join(f"        {line}\n" for line in NET.replace("784", "width").splitlines())
    source = f"{IMPORTS}if torch.cuda.is_available() or True:\n    def make(width=784):\n{inner}        return Net\n"
    source += "    print('never')\nelse:\n    make = None\n"
    piece = cut({"model.py": source}, "model.py:Net")
    assert piece.build == "make()()"
    assert "print" not in text(piece)
    assert build(piece).fc.in_features == 784


def test_a_factory_and_a_variable(cut: Cut, build: Build) -> None:
    factory = IMPORTS + "def create_model(n):\n    return nn.Sequential(nn.Flatten(), nn.Linear(n, 10))\n"
    variable = IMPORTS + "layers = []\nlayers.append(nn.Flatten())\nlayers += [nn.Linear(784, 10)]\n"
    variable += "model = nn.Sequential(*layers)\nmodel.add_module('end', nn.LogSoftmax(1))\nmodel.cuda()\n"
    files = {"a.py": factory, "b.py": variable, "train.py": "from a import create_model\nmodel = create_model(784)\n"}
    assert build(cut(files, "a.py:create_model"))[1].in_features == 784
    model = build(cut(files, "b.py:model"))
    assert [type(layer).__name__ for layer in model] == ["Flatten", "Linear", "LogSoftmax"]


def test_arguments_that_another_file_defines(cut: Cut, build: Build) -> None:
    files = {
        "src/config.py": "from dataclasses import dataclass\n@dataclass\nclass Config:\n    width: int = 784\n",
        "src/model.py": IMPORTS + NET.replace("(self)", "(self, config)", 1).replace("784", "config.width"),
        "src/train.py": "from src.model import Net\nfrom src.config import Config\nimport torch\n"
        "def main():\n    config = Config()\n    model = Net(config)\n    torch.optim.SGD(model.parameters())\n"
        "if __name__ == '__main__':\n    main()\n",
    }
    piece = cut(files)
    assert piece.build == "Net(Config())"
    assert build(piece).fc.in_features == 784


def test_what_can_not_be_carried_is_left_undefined(cut: Cut, build: Build) -> None:
    source = IMPORTS + "import argparse\nargs = argparse.ArgumentParser().parse_args()\n"
    piece = cut({"model.py": source + NET.replace("10)", "args.classes)")}, "model.py:Net")
    assert "parse_args" not in text(piece)
    with pytest.raises(NameError, match="args"):
        build(piece)


def test_statements_that_share_a_line(cut: Cut, build: Build) -> None:
    source = "import torch.nn as nn; WIDTH = 'é'; OUT = 10; print('never')\n" + NET.replace(
        "784, 10", "len(WIDTH), OUT"
    )
    piece = cut({"model.py": source}, "model.py:Net")
    assert text(piece).splitlines()[0] == "import torch.nn as nn; WIDTH = 'é'; OUT = 10"
    assert build(piece).fc.in_features == 1


def test_annotations_stay_unevaluated(cut: Cut, build: Build) -> None:
    future = "from __future__ import annotations\n"
    later = "\n\n" + NET.replace("(self, x)", "(self, x: Never) -> Nothing")
    assert build(cut({"model.py": future + IMPORTS + later}, "model.py:Net")).fc.out_features == 10
    assert build(cut({"work.ipynb": notebook(future + IMPORTS, later)}, "work.ipynb:Net")).fc.out_features == 10


def test_relative_imports_of_a_root_that_is_a_package(tmp_path: Path, build: Build) -> None:
    root = tmp_path / "my package"
    root.mkdir()
    (root / "sizes.py").write_text("OUT = 10\n")
    (root / "model.py").write_text(IMPORTS + "from .sizes import OUT\n" + NET.replace("10", "OUT"))
    selected = discover(root, checkout=tmp_path).selected
    assert selected is not None
    piece = slice_candidate(root, selected, checkout=tmp_path)
    assert piece.entry == "my_package.model"
    assert build(piece).fc.out_features == 10


def test_a_base_above_the_graded_folder(tmp_path: Path, build: Build) -> None:
    (tmp_path / "base.py").write_text(IMPORTS + "class Base(nn.Module):\n    tag = 7\n")
    root = tmp_path / "graded"
    root.mkdir()
    (root / "model.py").write_text(IMPORTS + "from base import Base\n" + NET.replace("nn.Module", "Base"))
    selected = discover(root, checkout=tmp_path).selected
    assert selected is not None
    piece = slice_candidate(root, selected, checkout=tmp_path)
    assert build(piece).tag == 7
    assert "../base.py" in {origin.file for origin in piece.origins}


@pytest.mark.parametrize("place", ["gone.py", "model.py"])
def test_a_candidate_that_is_not_there(place: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("x = 1\n")
    candidate = Candidate(file=place, cell=None, name="Net", line=40)
    with pytest.raises(SubmissionError, match="Net"):
        slice_candidate(tmp_path, candidate)
