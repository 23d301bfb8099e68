"""Which class is the submission: by what the training code does with it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.intake.discover import discover
from grader.model.submission import Discovery

HEAD = "import torch\nimport torch.nn as nn\nimport torch.optim as optim\n"


def net(name: str = "Net", width: int = 8, base: str = "nn.Module", channels: int = 1, outputs: int = 10) -> str:
    """A class with 9·width·channels + width + 10·width + 10 parameters on its own lines."""
    return (
        f"class {name}({base}):\n"
        "    def __init__(self, dropout=0.1):\n"
        "        super().__init__()\n"
        f"        self.conv = nn.Conv2d({channels}, {width}, 3)\n"
        f"        self.fc = nn.Linear({width}, {outputs})\n"
        "    def forward(self, x):\n"
        "        return self.fc(self.conv(x).mean((2, 3)))\n"
    )


def training(model: str) -> str:
    return f"model = {model}\noptimizer = optim.SGD(model.parameters(), lr=0.1)\n"


def notebook(*cells: str, counts: list[int | None] | None = None) -> str:
    numbers = counts or [None] * len(cells)
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell, "execution_count": number}
        for cell, number in zip(cells, numbers, strict=True)
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., Discovery]:
    """`found({"model.py": "..."}, model=...)` writes the files and looks for the model."""

    def run(files: dict[str, str], **options: str | None) -> Discovery:
        for name, text in files.items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return discover(tmp_path, **options)  # type: ignore[arg-type]

    return run


Found = Callable[..., Discovery]


def selected(discovery: Discovery) -> str:
    assert discovery.selected is not None, (discovery.selected_by, discovery.contenders)
    return discovery.selected.spec


@pytest.mark.parametrize(
    ("imports", "base"),
    [
        ("import torch.nn as nn", "nn.Module"),
        ("import torch", "torch.nn.Module"),
        ("from torch import nn", "nn.Module"),
        ("from torch.nn import Module", "Module"),
        ("from torch.nn import Module as M", "M"),
        ("from torch.nn import *", "Module"),
        ("import torch.nn", "torch.nn.modules.Module"),
        ("import pytorch_lightning as pl", "pl.LightningModule"),
        ("from lightning.pytorch import LightningModule", "LightningModule"),
        ("from somewhere_missing import Base", "Base"),
    ],
)
def test_a_module_class_under_any_name(imports: str, base: str, found: Found) -> None:
    discovery = found({"model.py": f"{imports}\n\n{net(base=base)}"})
    assert selected(discovery) == "model.py:Net@3"
    assert discovery.selected_by == "the only model in the folder"


def test_other_classes_are_no_candidates(found: Found) -> None:
    others = (
        "class Meter:\n    pass\nclass Loss(nn.Module):\n    def forward(self, x, y):\n        return (x - y).abs()\n"
    )
    data = "class Digits(torch.utils.data.Dataset):\n    def __getitem__(self, i):\n        return i\n"
    discovery = found({"model.py": HEAD + others + data + net()})
    assert [candidate.name for candidate in discovery.candidates] == ["Net"]


def test_building_blocks_are_no_candidates(found: Found) -> None:
    block = net("Block").replace("10)", "8)")
    model = net("Model").replace("self.fc =", "self.block = Block()\n        self.fc =")
    norm = "class Ghost(nn.BatchNorm2d):\n    def forward(self, x):\n        return x\n"
    discovery = found({"model.py": HEAD + norm + block + model})
    assert [candidate.name for candidate in discovery.candidates] == ["Model"]


def test_a_local_base_in_another_file(found: Found) -> None:
    base = "from torch import nn\nclass Base(nn.Module):\n    def predict(self, x):\n        return self(x)\n"
    text = f"from torch import nn\nfrom parts.base import Base as Foundation\n{net(base='Foundation')}"
    discovery = found({"parts/base.py": base, "model.py": text})
    assert [candidate.spec for candidate in discovery.candidates] == ["model.py:Net@3"]


def test_a_file_called_like_a_library_somewhere_else_is_not_that_library(found: Found) -> None:
    """`import torch` never means backends/torch.py, nor `from torch.nn import ...` a file in a folder of that name."""
    files = {"model.py": HEAD + net(), "backends/torch.py": "class nn:\n    Module = object\n", "old/random.py": ""}
    assert found(files).selected is not None


def test_the_model_that_is_trained_wins(found: Found) -> None:
    files = {"a.py": HEAD + net("First"), "b.py": HEAD + net("Second"), "c.py": HEAD + net("Third")}
    train = "from b import Second as Network\nimport torch.optim as optim\n" + training("Network().to('cuda')")
    discovery = found({**files, "train.py": train})
    assert selected(discovery) == "b.py:Second@4"
    assert discovery.selected_by == "passed to optim.SGD at train.py:4, the last model that train.py trains"
    assert {candidate.name for candidate in discovery.candidates} == {"First", "Second", "Third"}


@pytest.mark.parametrize(
    "train",
    [
        "import models\n" + training("models.Second()"),
        "import models as m\nmodel = m.Second()\nopt = optim.Adam(params=model.parameters())\n",
        "from models import *\n" + training("Second()"),
        "from models import Second\ndef build():\n    return Second()\n" + training("build()"),
        "import models\ndef fit(net):\n    return optim.Adam([{'params': net.parameters()}])\nfit(models.Second())\n",
        "from models import First, Second\nnets = {'a': First, 'b': Second}\n" + training("nets['b']()"),
        "from models import First, Second\nfor kind in (First, Second):\n    model = kind()\n"
        "    optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=1)\n",
        "from models import Second\nclass Trainer:\n    def __init__(self, model):\n        self.model = model\n"
        "    def run(self):\n        self.opt = optim.SGD(self.model.parameters())\nTrainer(Second()).run()\n",
        "from models import Second\ndef main():\n    model = Second()\n    model = nn.DataParallel(model)\n"
        "    optim.SGD(model.parameters())\nif __name__ == '__main__':\n    main()\n",
        "import models\nmodel = getattr(models, 'Second')()\ngetattr(optim, name)(model.parameters())\n",
        "from models import Second\nimport pytorch_lightning as pl\ntrainer = pl.Trainer()\ntrainer.fit(Second())\n",
        "from models import Second\nwith torch.device('cuda'):\n    model = Second()\ntry:\n"
        "    model = torch.compile(model)\nexcept Exception:\n    pass\noptim.SGD(model.parameters())\n",
    ],
)
def test_training_is_followed_through(train: str, found: Found) -> None:
    models = HEAD + net("First", 8) + net("Second", 9) + net("Third", 10)
    assert selected(found({"models.py": models, "train.py": HEAD + train})) == "models.py:Second@11"


def test_the_last_model_that_a_notebook_trains(found: Found) -> None:
    cells = [HEAD, net("Net", 8), training("Net()"), net("Net", 9), training("Net()"), net("Other"), "Other()"]
    discovery = found({"work.ipynb": notebook(*cells)})
    assert selected(discovery) == "work.ipynb:3:Net@1"
    first = next(candidate for candidate in discovery.candidates if candidate.cell == 1)
    assert "another model is trained after it at work.ipynb:cell 4:2" in first.evidence[0]


def test_a_notebook_runs_in_the_order_of_its_counts(found: Found) -> None:
    cells = [HEAD, net("Net", 8), training("Net()"), net("Better", 9), training("Better()")]
    assert selected(found({"work.ipynb": notebook(*cells, counts=[1, 8, 9, 3, 4])})) == "work.ipynb:1:Net@1"


def test_a_name_means_its_last_definition_before_the_call(found: Found) -> None:
    cells = [HEAD, net("Net", 8), training("Net()"), net("Net", 9)]
    discovery = found({"work.ipynb": notebook(*cells)})
    assert selected(discovery) == "work.ipynb:1:Net@1"


def test_of_thirteen_definitions_without_training_the_last_is_in_force(found: Found) -> None:
    text = HEAD + "".join(net("Net", 8 + number) for number in range(13))
    discovery = found({"model.py": text})
    assert len(discovery.candidates) == 13
    assert selected(discovery) == f"model.py:Net@{4 + 12 * 7}"


def test_two_models_that_nothing_tells_apart(found: Found) -> None:
    discovery = found({"one.py": HEAD + net("One", 8), "two.py": HEAD + net("Two", 9)})
    assert discovery.selected is None
    assert {candidate.spec for candidate in discovery.contenders} == {"one.py:One@4", "two.py:Two@4"}
    assert discovery.selected_by == "the evidence does not decide between 2 models"


def test_the_same_code_twice_is_one_model(found: Found) -> None:
    twice = net("Net", 8).replace("nn.Linear(8, 10)", "nn.Linear(8, 10)  # the same")
    discovery = found({"work.ipynb": notebook(HEAD + net("Net", 8)), "model.py": HEAD + twice})
    assert selected(discovery) == "model.py:Net@4"


def test_what_does_not_fit_the_digits_loses(found: Found) -> None:
    colour = HEAD + net("Colour", channels=3) + training("Colour()")
    discovery = found({"cifar.py": colour, "digits.py": HEAD + net("Digits")})
    assert selected(discovery) == "digits.py:Digits@4"
    assert "its first layer takes 3 channels, not 1" in discovery.candidates[1].evidence


@pytest.mark.parametrize("wrong", [{"channels": 3}, {"outputs": 16}])
def test_a_sole_model_is_chosen_even_where_it_does_not_fit(wrong: dict[str, int], found: Found) -> None:
    assert selected(found({"model.py": HEAD + net(**wrong)})) == "model.py:Net@4"  # type: ignore[arg-type]


def test_a_readme_that_states_the_parameter_total_points_at_its_model(found: Found) -> None:
    files = {f"{name}.py": HEAD + net(name, width) for name, width in (("one", 100), ("two", 120), ("three", 140))}
    readme = "# Digits\n\nTotal params: 2,410\n"  # 9·120 + 120 + 10·120 + 10
    discovery = found({**files, "README.md": readme})
    assert selected(discovery) == "two.py:two@4"
    assert "README.md:3 states its parameter count, 2,410" in discovery.candidates[0].evidence


def test_a_readme_that_names_the_final_class(found: Found) -> None:
    text = HEAD + net("Alpha", 8) + net("Beta", 9)
    readme = "`Alpha` and `Beta` were tried.\n\n## Final model\n\nWe chose `Alpha`.\n"
    assert selected(found({"models.py": text, "README.md": readme})) == "models.py:Alpha@4"


def test_the_readme_may_have_another_name(found: Found) -> None:
    text = HEAD + net("Alpha", 8) + net("Beta", 9)
    files = {"models.py": text, "docs/notes.md": "Beta is the final model.", "README.md": "Alpha is the final model."}
    assert selected(found(files, readme="docs/notes.md")) == "models.py:Beta@11"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["Part_1.ipynb", "Part_2.ipynb", "Part_10.ipynb"], "Part_10.ipynb"),
        (["S5_v1.ipynb", "S5_v2.ipynb", "S5_Final.ipynb"], "S5_Final.ipynb"),
        (["1_8_Final_Model.ipynb", "1_9_Augmentation.ipynb", "1_10_Scheduler.ipynb"], "1_10_Scheduler.ipynb"),
        (["Code_2_Final.ipynb", "Code_3_Final_99_45.ipynb", "Code_1.ipynb"], "Code_3_Final_99_45.ipynb"),
        (["baseline.ipynb", "model.ipynb"], "model.ipynb"),
        (["model.ipynb", "old/previous/model.ipynb"], "model.ipynb"),
    ],
)
def test_the_step_of_the_work_is_read_from_file_names(files: list[str], expected: str, found: Found) -> None:
    texts = {name: notebook(HEAD, net("Net", 8 + at), training("Net()")) for at, name in enumerate(files)}
    discovery = found(texts)
    assert discovery.selected is not None
    assert discovery.selected.file == expected


def test_the_arguments_of_the_training_call(found: Found) -> None:
    train = "from model import Net\nimport torch.optim as optim\nRATE = 0.05\n" + training("Net(dropout=RATE)")
    discovery = found({"model.py": HEAD + net(), "train.py": train})
    assert discovery.selected is not None
    assert discovery.selected.build == "Net(dropout=0.05)"
    assert str(discovery.selected.built_at) == "train.py:4"


def test_arguments_that_only_the_command_line_knows_are_left_to_their_defaults(found: Found) -> None:
    train = "import argparse\nfrom model import Net\nimport torch.optim as optim\n"
    train += "args = argparse.ArgumentParser().parse_args()\n" + training("Net(dropout=args.dropout)")
    discovery = found({"model.py": HEAD + net(), "train.py": train})
    assert discovery.selected is not None
    assert discovery.selected.build is None
    assert any("left to their defaults: Net()" in sentence for sentence in discovery.selected.evidence)


def test_a_class_inside_a_factory(found: Found) -> None:
    inner = "".join(f"    {line}\n" for line in net().splitlines())
    text = f"{HEAD}def make(width):\n{inner}    return Net\n{training('make(8)()')}"
    discovery = found({"model.py": text})
    assert discovery.selected is not None
    assert discovery.selected.spec == "model.py:Net@5"
    assert discovery.selected.build == "make(8)()"


def test_an_object_out_of_a_factory_with_its_class_inside(found: Found) -> None:
    inner = "".join(f"    {line}\n" for line in net().splitlines())
    discovery = found({"model.py": f"{HEAD}def make():\n{inner}    return Net()\n"})
    assert discovery.selected is not None
    assert discovery.selected.build == "make()"


def test_a_factory_of_torchs_own_layers(found: Found) -> None:
    layers = "nn.Conv2d(1, width, 3), nn.Flatten(), nn.LazyLinear(10)"
    make = f"def create_model(width=8):\n    return nn.Sequential({layers})\n"
    discovery = found(
        {"model.py": HEAD + make, "train.py": HEAD + "import model as m\n" + training("m.create_model(6)")}
    )
    assert discovery.selected is not None
    assert (discovery.selected.kind, discovery.selected.name) == ("factory", "create_model")
    assert discovery.selected.build == "create_model(6)"


def test_a_model_that_is_a_variable(found: Found) -> None:
    text = HEAD + "net = nn.Sequential(\n    nn.Flatten(),\n    nn.Linear(784, 10),\n)\noptim.SGD(net.parameters())\n"
    discovery = found({"model.py": text})
    assert discovery.selected is not None
    assert (discovery.selected.kind, discovery.selected.spec) == ("variable", "model.py:net@4")


def test_a_training_function_is_no_factory(found: Found) -> None:
    run = "def run():\n    net = nn.Sequential(nn.Linear(784, 10))\n    optim.SGD(net.parameters())\n    return net\n"
    text = HEAD + run + "run()\n"
    discovery = found({"model.py": text})
    assert [candidate.name for candidate in discovery.candidates] == ["run"]


def test_a_class_in_a_writefile_cell(found: Found) -> None:
    cells = ["%%writefile model.py\n" + HEAD + net(), HEAD + "from model import Net\n" + training("Net()")]
    discovery = found({"work.ipynb": notebook(*cells)})
    assert selected(discovery) == "work.ipynb:0:Net@5"


def test_nothing_of_the_submission_runs(found: Found, tmp_path: Path) -> None:
    trap = f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n"
    found({"model.py": trap + HEAD + net(), "conftest.py": trap, "torch/__init__.py": trap, "nn.py": trap})
    assert not (tmp_path / "ran").exists()


def test_links_are_not_followed(found: Found, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "model.py").write_text(HEAD + net())
    (root / "model.py").symlink_to(outside / "model.py")
    (root / "folder").symlink_to(outside)
    assert discover(root).candidates == ()


def test_no_model(found: Found) -> None:
    discovery = found({"notes.py": "print('hello')\n"})
    assert (discovery.candidates, discovery.selected) == ((), None)
    assert discovery.selected_by == "no model was found"


def test_an_endless_program_is_followed_only_so_far(found: Found) -> None:
    text = HEAD + net() + "def f(x):\n    return f(f(x))\n" + "while True:\n    f(1)\n" + "x = [1] * 10**9\n" * 3
    deep = "y = " + "+".join(["1"] * 300) + "\n" + "for a in range(10**9):\n" + "    z = [i for i in range(10**9)]\n"
    discovery = found({"model.py": text + deep + training("Net()")})
    assert selected(discovery) == "model.py:Net@4"


@pytest.mark.parametrize("name", ["my model.py", "100%done.py", "new\nline.py", "right\u202eto-left.py"])
def test_odd_file_names(name: str, found: Found) -> None:
    spec = selected(found({name: HEAD + net()}))
    assert spec == f"{name}:Net@4"
    assert selected(found({}, model=spec)) == spec


def test_named_by_file_and_class(found: Found) -> None:
    text = HEAD + net("Alpha") + net("Beta", 9) + training("Alpha()")
    discovery = found({"model.py": text}, model="model.py:Beta")
    assert selected(discovery) == "model.py:Beta@11"
    assert discovery.selected_by == "--model model.py:Beta"
    assert {candidate.name for candidate in discovery.candidates} == {"Alpha", "Beta"}


def test_named_by_cell_and_line(found: Found) -> None:
    cells = [HEAD, net("Net", 8) + net("Net", 9), net("Net", 10), training("Net()")]
    files = {"work.ipynb": notebook(*cells)}
    assert selected(found(files, model="work.ipynb:1:Net@1")) == "work.ipynb:1:Net@1"
    assert selected(found(files, model="./work.ipynb:2:Net")) == "work.ipynb:2:Net@1"
    named = found(files, model="work.ipynb:Net")
    assert selected(named) == "work.ipynb:2:Net@1"
    assert named.selected_by.startswith("--model work.ipynb:Net: of 3 definitions, passed to optim.SGD at")


def test_a_part_can_be_named_too(found: Found) -> None:
    block = net("Block")
    model = net("Model").replace("self.fc =", "self.block = Block()\n        self.fc =")
    assert selected(found({"model.py": HEAD + block + model}, model="model.py:Block")) == "model.py:Block@4"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("modle.py:Net", ["no readable file modle.py", "Did you mean model.py?"]),
        ("model.py:Nett", ["model.py defines no Nett", "model.py:Net@4"]),
        ("model.py:Net@5", ["defines no Net at line 5"]),
        ("Net", ["does not name a model", "FILE:CLASS"]),
        ("model.py:3", ["does not name a model"]),
        ("empty.py:Net", ["empty.py defines no Net", "It defines no model."]),
    ],
)
def test_a_name_that_means_nothing(spec: str, words: list[str], found: Found) -> None:
    with pytest.raises(UsageError) as caught:
        found({"model.py": HEAD + net(), "empty.py": ""}, model=spec)
    for word in words:
        assert word in str(caught.value)


def test_training_code_around_the_graded_folder_is_importable(tmp_path: Path) -> None:
    base = tmp_path / "base"
    graded = tmp_path / "model"
    base.mkdir()
    graded.mkdir()
    (base / "__init__.py").write_text("from .module import *\n")
    (base / "module.py").write_text("import torch.nn as nn\nclass Base(nn.Module):\n    pass\n")
    (graded / "model.py").write_text("import torch.nn as nn\nfrom base import Base\n" + net(base="Base"))
    (graded / "train.py").write_text(
        "from model.model import Net\nimport torch.optim as optim\n" + training("Net(0.2)")
    )
    discovery = discover(graded, checkout=tmp_path)
    assert discovery.selected is not None
    assert discovery.selected.build == "Net(0.2)"
    assert [candidate.file for candidate in discovery.candidates] == ["model.py"]
