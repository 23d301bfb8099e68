"""What this machine can do at most, measured on itself in a moment: what a run is held against.

Nothing here draws from torch's default generators or changes a setting: a run before or after it is the same run.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch

_CPU_SIZE, _GPU_SIZE = 512, 4096  # rows and columns of the matrices
_COPIED = 2**28  # bytes: several times what a GPU's second-level cache holds
_CPU_SECONDS = 0.05
_REPEATS = 5


@dataclass(frozen=True)
class HardwareLimit:
    """The best that was measured."""

    flop_per_second: float  # of a product of square fp32 matrices: of one thread of the CPU, or of the GPU
    bytes_per_second: float | None = None  # read and written by a copy within a GPU's memory


@cache
def hardware_limit(device: torch.device) -> HardwareLimit:
    """Measured once per process and device. Raises RuntimeError, or one of its kind, where there is no memory for it.

    fp32 products are in the precision that is set: `settle` turns TF32 off.
    """
    if device.type != "cuda":
        return HardwareLimit(_product_flop(_CPU_SIZE) / _cpu_seconds(_product(_CPU_SIZE, device)))
    try:
        with torch.cuda.device(device):
            product_seconds = _gpu_seconds(_product(_GPU_SIZE, device))
            copy_seconds = _gpu_seconds(_copy(device))
    finally:
        torch.cuda.empty_cache()
    return HardwareLimit(_product_flop(_GPU_SIZE) / product_seconds, 2 * _COPIED / copy_seconds)


def _product_flop(size: int) -> int:
    return 2 * size**3


def _product(size: int, device: torch.device) -> Callable[[], object]:
    drawing = torch.Generator(device).manual_seed(0)  # not constants: they flatter a GPU, whose clock follows its power
    left, right = (torch.rand(size, size, generator=drawing, device=device) for _ in range(2))
    result = torch.empty_like(left)
    return lambda: torch.mm(left, right, out=result)


def _copy(device: torch.device) -> Callable[[], object]:
    source = torch.zeros(_COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return lambda: target.copy_(source)


def _cpu_seconds(work: Callable[[], object]) -> float:
    """The shortest time that `work` takes one thread, after a first time that does not count.

    The processor's time, not the wall's: neighbours take the processor away, but not what it can do.
    """
    work()
    best, end = float("inf"), time.process_time() + _CPU_SECONDS
    while best == float("inf") or time.process_time() < end:
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def _gpu_seconds(work: Callable[[], object]) -> float:
    """The same by the device's own clock, on the current stream, when what was under way on the device is done."""
    work()
    torch.cuda.synchronize()
    best = float("inf")
    for _ in range(_REPEATS):
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        began.record()
        work()
        ended.record()
        ended.synchronize()
        best = min(best, began.elapsed_time(ended) / 1000)
    return best
