"""Which elements of its input each element of a sliding-window operator's output reads, along one dimension."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.analysis.units import Indices, Step


@dataclass(frozen=True)
class Windows:
    """`sources[o]`: what element o reads; `valid`: which of these exist; `advance`: the step of the output."""

    sources: Indices
    valid: npt.NDArray[np.bool_] | None
    advance: Callable[[Step], Step | None]

    def only(self, taps: npt.NDArray[np.bool_]) -> "Windows":
        """Without the other places of the kernel; as it is where none or all are left."""
        if taps.all() or not taps.any():
            return self
        return Windows(self.sources[:, taps], None if self.valid is None else self.valid[:, taps], self.advance)

    def inside(self, inputs: int) -> npt.NDArray[np.bool_]:
        """Which of the sources exist and lie on the tensor, not in its padding."""
        on_it: npt.NDArray[np.bool_] = (self.sources >= 0) & (self.sources < inputs)
        return on_it if self.valid is None else on_it & self.valid


def sliding(outputs: int, kernel: int, stride: int = 1, before: int = 0, dilation: int = 1) -> Windows:
    """Convolution and pooling, with `before` elements of padding in front."""
    starts = np.arange(outputs)[:, None] * stride - before
    return Windows(starts + np.arange(kernel) * dilation, None, lambda step: step.strided(stride))


def transposed(outputs: int, inputs: int, kernel: int, stride: int, padding: int, dilation: int) -> Windows:
    """Transposed convolution: input i adds to the outputs i × stride - padding + tap × dilation."""
    offsets = np.arange(outputs)[:, None] + padding - np.arange(kernel) * dilation
    valid = (offsets % stride == 0) & (offsets >= 0) & (offsets < inputs * stride)
    return Windows(np.where(valid, offsets // stride, 0), valid, lambda step: step.spread(stride))


def adaptive(outputs: int, inputs: int) -> Windows:
    """Adaptive pooling: output o reads floor(o n/m) up to ceil((o+1) n/m), as torch divides n into m."""
    places = np.arange(outputs)
    starts, ends = places * inputs // outputs, -(-(places + 1) * inputs // outputs)
    sources = starts[:, None] + np.arange(int((ends - starts).max()))
    strides = set(np.diff(starts).tolist())

    def advance(step: Step) -> Step | None:
        if outputs == 1:
            return step.strided(inputs)
        return step.strided(strides.copy().pop()) if len(strides) == 1 and 0 not in strides else None

    return Windows(np.minimum(sources, ends[:, None] - 1), None, advance)


def resampled(outputs: int, inputs: int, taps: int, *, align_corners: bool) -> Windows:
    """Interpolation that reads `taps` neighbours: 1 nearest, 2 linear, 4 cubic. The border is repeated."""
    places = np.arange(outputs)
    if taps == 1:
        first = places * inputs // outputs
    elif align_corners:
        first = places * (inputs - 1) // max(outputs - 1, 1) - (taps // 2 - 1)
    else:
        first = ((2 * places + 1) * inputs - outputs) // (2 * outputs) - (taps // 2 - 1)
    sources = np.clip(first[:, None] + np.arange(taps), 0, inputs - 1)
    factor = outputs // inputs if outputs % inputs == 0 and not align_corners else None
    return Windows(sources, None, lambda step: None if factor is None else step.spread(factor))


def per_axis(value: Any, count: int) -> tuple[int, ...]:
    """An operator's size argument, for each of `count` axes: one number stands for all."""
    values = tuple(value) if isinstance(value, tuple) else (value,)
    return values * count if len(values) == 1 else values


def padding_before(padding: Any, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """Padding in front, per axis. "same" puts the odd one of an even kernel behind, as torch does."""
    if padding == "same":
        return tuple((size - 1) * spacing // 2 for size, spacing in zip(kernel, dilation, strict=True))
    return (0,) * len(kernel) if padding == "valid" else per_axis(padding, len(kernel))
