"""Kernel, stride, padding and dilation of the operators that slide a window over a map."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.analysis.flow import Call, Flow
from grader.analysis.windows import Windows, adaptive, padding_before, per_axis, sliding, transposed
from grader.graph.ops import Kind

WINDOWED = frozenset(
    {
        Kind.CONVOLUTION,
        Kind.TRANSPOSED_CONVOLUTION,
        Kind.AVERAGE_POOL,
        Kind.MAX_POOL,
        Kind.ADAPTIVE_AVERAGE_POOL,
        Kind.ADAPTIVE_MAX_POOL,
    }
)
_MAX_LISTED = 1 << 14  # elements that the windows along one axis read together
# Pools whose windows are drawn at random or given by indices.
_IRREGULAR = frozenset({"fractional_max_pool2d", "max_unpool2d"})


@dataclass(frozen=True)
class Geometry:
    """Per spatial axis, height first; `padding` as the operator takes it ("same" stays a word)."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...] | str
    dilation: tuple[int, ...]
    inputs: tuple[int, ...]  # sizes of the map read
    outputs: tuple[int, ...]
    windows: tuple[Windows, ...] | None  # None where they are too many to list
    groups: int | None = None

    @property
    def covers(self) -> bool:
        """Whether one window reads the whole map, and there is one output."""
        spans = [(size - 1) * spacing + 1 for size, spacing in zip(self.kernel, self.dilation, strict=True)]
        return all(size == 1 for size in self.outputs) and all(
            span >= size for span, size in zip(spans, self.inputs, strict=True)
        )


def geometry(flow: Flow, call: Call) -> Geometry | None:
    """The geometry of a call; None where it slides no regular window."""
    if call.kind not in WINDOWED or call.operation.short in _IRREGULAR:
        return None
    source = next(iter(call.values))
    axes = _axes(call, flow)
    inputs, outputs = flow.shape(source.name)[-axes:], flow.shape(call.name)[-axes:]
    if call.kind in (Kind.ADAPTIVE_AVERAGE_POOL, Kind.ADAPTIVE_MAX_POOL):
        return _adaptive(inputs, outputs)
    given = call.arguments
    if call.kind in (Kind.CONVOLUTION, Kind.TRANSPOSED_CONVOLUTION):
        weight = call.operands["weight"][0]
        kernel = flow.shape(weight.name)[2:]
    else:
        kernel = per_axis(given["kernel_size"], axes)
    stride = per_axis(given["stride"], axes) if given.get("stride") else kernel
    dilation = per_axis(given.get("dilation", 1), axes)
    if not len(kernel) == len(stride) == len(dilation) == len(outputs) == axes:  # torch takes odd ones, e.g. no stride
        return None
    before = padding_before(given["padding"], kernel, dilation)
    if len(before) != axes:
        return None
    windows = None
    if max(size * taps for size, taps in zip(outputs, kernel, strict=True)) <= _MAX_LISTED:
        slide = _transposed if call.kind is Kind.TRANSPOSED_CONVOLUTION else _sliding
        windows = tuple(slide(*sizes) for sizes in zip(outputs, inputs, kernel, stride, before, dilation, strict=True))
        if call.kind is Kind.CONVOLUTION:
            windows = tuple(window.only(_used_taps(flow, call, axis)) for axis, window in enumerate(windows))
    padding = given["padding"] if isinstance(given["padding"], str) else before
    groups = given.get("groups")
    count = groups if isinstance(groups, int) else None
    return Geometry(kernel, stride, padding, dilation, inputs, outputs, windows, count)


def _used_taps(flow: Flow, call: Call, axis: int) -> npt.NDArray[np.bool_]:
    """Which places of a kernel, along one axis, hold a weight that is not zero for ever."""
    weight = call.operands["weight"][0].name
    zero = flow.zeros.get(weight)
    if zero is None:
        return np.ones(flow.shape(weight)[2 + axis], dtype=np.bool_)
    used = (~zero).movedim(2 + axis, 0).flatten(1).any(1)
    return np.asarray(used.tolist(), dtype=np.bool_)


def _axes(call: Call, flow: Flow) -> int:
    if call.kind in (Kind.CONVOLUTION, Kind.TRANSPOSED_CONVOLUTION):
        return len(flow.shape(call.operands["weight"][0].name)) - 2
    return int(call.operation.short.partition("d_with")[0].rstrip("d")[-1])


def _adaptive(inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Geometry | None:
    if max(*inputs, *outputs, 0, 0) > _MAX_LISTED:
        return None
    windows = tuple(adaptive(after, before) for after, before in zip(outputs, inputs, strict=True))
    kernel = tuple(int((window.sources[:, -1] - window.sources[:, 0]).max()) + 1 for window in windows)
    stride = tuple(
        before if after == 1 else int(window.sources[1, 0] - window.sources[0, 0])
        for window, before, after in zip(windows, inputs, outputs, strict=True)
    )
    none = (0,) * len(inputs)
    return Geometry(kernel, stride, none, (1,) * len(inputs), inputs, outputs, windows)


def _sliding(outputs: int, _inputs: int, kernel: int, stride: int, before: int, dilation: int) -> Windows:
    return sliding(outputs, kernel, stride, before, dilation)


def _transposed(outputs: int, inputs: int, kernel: int, stride: int, padding: int, dilation: int) -> Windows:
    return transposed(outputs, inputs, kernel, stride, padding, dilation)
