"""What training takes at least, in arithmetic and in memory traffic, and the arithmetic that a device can do."""

from dataclasses import dataclass

import torch
from plain_loops import fresh_model
from timed import timed

from grader.graph.cost import forward_cost
from grader.model.graph import Export

_FLOAT = 4  # bytes
_TIMES = 5


def matmul_peak(device: torch.device, dtype: torch.dtype = torch.float32, size: int = 1024) -> float:
    """FLOP per second in a product of large square matrices of random numbers: the best of five."""
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))

    def multiply() -> None:
        for _ in range(_TIMES):
            left @ right

    multiply()
    return _TIMES * 2 * size**3 / min(timed(multiply, device) for _ in range(_TIMES))


def copy_bandwidth(device: torch.device, size: int) -> float:
    """Bytes read and written per second by a copy of so many bytes within the device's memory: the best of five."""
    source = torch.empty(size // _FLOAT, device=device).uniform_()
    target = torch.empty_like(source)
    target.copy_(source)
    return 2 * size / min(timed(lambda: target.copy_(source), device) for _ in range(_TIMES))


def flop_per_image(variant: str) -> float:
    """Multiplications and additions that training takes per image: forward, and twice that for both gradients."""
    from fvcore.nn import FlopCountAnalysis

    counting = FlopCountAnalysis(fresh_model(variant).eval(), torch.zeros(1, 1, 28, 28))
    counting.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return 2 * 3 * float(counting.total())


@dataclass(frozen=True)
class Traffic:
    """Bytes per image between processor and memory, for one training step and one evaluation."""

    training: float
    evaluation: float


def traffic_per_image(export: Export) -> Traffic:
    """The least traffic of feature maps in fp32 where each operator works by itself; weights stay in caches.

    Forward, each operator reads its inputs I and writes its result O; backward it reads the result's gradient and its
    inputs again, and writes its inputs' gradients: 3 I + 2 O. Batch norm in truth takes more passes than that.
    """
    training, evaluation = forward_cost(export, "train"), forward_cost(export, "eval")
    return Traffic(
        training=_FLOAT * (3 * training.read + 2 * training.written),
        evaluation=_FLOAT * (evaluation.read + evaluation.written),
    )
