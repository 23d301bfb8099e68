"""What evaluation does beyond answering for each image by itself."""

from collections.abc import Callable

import torch
from torch import nn

from grader.analysis.measure import measure
from grader.model.graph import Export

Exporter = Callable[..., Export]


class Counting(nn.Module):
    def __init__(self, in_eval: bool) -> None:
        super().__init__()
        self.fc, self.in_eval = nn.Linear(784, 10), in_eval
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training or self.in_eval:
            self.calls.add_(1)
        return self.fc(x.flatten(1)) + self.calls


def test_what_evaluation_writes_is_named(export_model: Exporter) -> None:
    written = [caveat for caveat in measure(export_model(lambda: Counting(True))).caveats if "writes" in caveat]
    assert written == [
        "Evaluation writes into 'calls'; here that is forgotten after each batch, so no image tells of another."
    ]


def test_what_only_training_writes_is_not(export_model: Exporter) -> None:
    assert not [caveat for caveat in measure(export_model(lambda: Counting(False))).caveats if "writes" in caveat]


def normed(tracks: bool) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(
        nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4, track_running_stats=tracks), nn.Flatten(), nn.Linear(4 * 576, 10)
    )


def test_statistics_of_the_batch_at_evaluation_are_named(export_model: Exporter) -> None:
    (found,) = (caveat for caveat in measure(export_model(normed(False))).caveats if "Evaluation" in caveat)
    assert found.startswith("Evaluation normalizes with the statistics of its batch")


def test_running_statistics_need_no_word(export_model: Exporter) -> None:
    assert not [caveat for caveat in measure(export_model(normed(True))).caveats if "Evaluation" in caveat]
