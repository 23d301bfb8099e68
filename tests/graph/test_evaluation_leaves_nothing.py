"""In eval mode the rebuilt model is a function of the batch alone; what training writes stays."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from grader.graph.rebuild import rebuild
from grader.model.graph import Export

Exporter = Callable[..., tuple[Export, nn.Module]]
IMAGES = torch.linspace(-1, 1, 4 * 784).view(4, 1, 28, 28)


class Storing(nn.Module):
    """Writes into a buffer, in place or through a view of it."""

    def __init__(self, write: Callable[[torch.Tensor, torch.Tensor], object]) -> None:
        super().__init__()
        self.fc, self.write = nn.Linear(784, 10), write
        self.register_buffer("seen", torch.zeros(10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = self.fc(x.flatten(1))
        self.write(self.seen, scores.detach().mean(0))
        return scores + self.seen


WRITES: dict[str, Callable[[torch.Tensor, torch.Tensor], object]] = {
    "in place": lambda seen, value: seen.add_(value),
    "copy": lambda seen, value: seen.copy_(seen + value),
    "through a slice": lambda seen, value: seen[:5].add_(value[:5]),
    "through a view": lambda seen, value: seen.view(2, 5).add_(value.view(2, 5)),
    "through windows": lambda seen, value: seen.unfold(0, 5, 5).add_(value.view(2, 5)),
    "by assignment": lambda seen, value: seen.__setitem__(slice(2, 7), seen[2:7] + value[2:7]),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_evaluation_leaves_nothing(write: Callable[..., object], export_model: Exporter) -> None:
    export, _ = export_model(lambda: Storing(write))
    model = rebuild(export, seed=0).eval()
    with torch.no_grad():
        first, second = model(IMAGES), model(IMAGES)
        assert torch.equal(first, second)
        assert not model.get_buffer("b0").any()
        trained, again = model.train()(IMAGES), model(IMAGES)
        assert not torch.equal(trained, again)
        assert model.get_buffer("b0").any()


@pytest.mark.parametrize(
    "norm",
    [lambda: nn.BatchNorm2d(1), lambda: nn.InstanceNorm2d(1, track_running_stats=True)],
    ids=["batch", "instance"],
)
def test_statistics_move_in_training_only(norm: Callable[[], nn.Module], export_model: Exporter) -> None:
    """Also where the norm is left in train mode for ever."""

    class Norm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.fc = norm(), nn.Linear(784, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.norm.train()(x).flatten(1))

    export, _ = export_model(Norm)
    model = rebuild(export, seed=0).eval()
    paths = {path: name for name, path in model.buffer_names.items()}
    mean = paths["norm.running_mean"]
    with torch.no_grad():
        model(IMAGES + 5)
        assert not model.get_buffer(mean).any()
        model.train()(IMAGES + 5)
        assert model.get_buffer(mean).any()


def test_a_parameter_is_not_written_into_either(export_model: Exporter) -> None:
    class Writing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(784, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scores = self.fc(x.flatten(1))
            with torch.no_grad():
                self.fc.bias.add_(scores.mean(0))
            return scores

    export, _ = export_model(Writing)
    model = rebuild(export, seed=0).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        model(IMAGES)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
