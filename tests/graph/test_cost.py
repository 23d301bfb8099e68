"""What an image costs, against numbers worked out by hand and against fvcore's."""

import importlib.util
from pathlib import Path

import pytest
import torch
import yaml
from fvcore.nn import FlopCountAnalysis
from torch import nn

from grader.graph.cost import Cost, forward_cost

MODELS = Path(__file__).parents[2] / "reference_models"
PUBLISHED = sorted(file.parent for file in MODELS.glob("*/published.yaml"))


class Standardized(nn.Module):
    """Works on its weights before it uses them, and computes something for nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, stride=2, bias=False)
        self.fc = nn.Linear(4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.conv.weight @ torch.ones(3, 3)
        x = nn.functional.conv2d(x, weight, stride=2)
        return self.fc(x.mean((2, 3)).view(x.shape[0], 4))


def test_a_small_net_by_hand(export_model) -> None:
    layers = nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 169, 10)
    convolved, pooled = 8 * 26 * 26, 8 * 13 * 13
    cost = forward_cost(export_model(lambda: nn.Sequential(*layers))[0], "train")
    assert cost == Cost(
        macs=convolved * 9 + pooled * 10,
        read=784 + convolved + convolved + pooled,  # by convolution, ReLU, pool, linear layer; flattening is a view
        written=convolved + convolved + pooled + 10,
    )


def test_what_is_made_of_weights_alone_is_no_image_s_cost(export_model) -> None:
    cost = forward_cost(export_model(Standardized)[0], "eval")
    assert cost == Cost(macs=4 * 169 * 9 + 40, read=784 + 4 * 169 + 4, written=4 * 169 + 4 + 10)


@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda folder: folder.name)
def test_products_of_the_reference_models_are_fvcore_s(export_model, folder: Path) -> None:
    specification = importlib.util.spec_from_file_location(f"cost_{folder.name}", folder / "model.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    build = getattr(module, yaml.safe_load((folder / "published.yaml").read_text(encoding="utf-8"))["model"])
    export, model = export_model(build)
    counting = FlopCountAnalysis(model.eval(), torch.zeros(1, 1, 28, 28))
    counted = counting.unsupported_ops_warnings(False).uncalled_modules_warnings(False).by_operator()
    macs = counted["conv"] + counted["linear"]
    assert forward_cost(export, "train").macs == forward_cost(export, "eval").macs == macs
    assert macs == 1_538_352 or folder.name != "minimal"


def test_there_are_seven() -> None:
    assert len(PUBLISHED) == 7
