"""What is known about one aten operator: its kind, its arguments, and how it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import torch

from grader.errors import SubmissionError
from grader.model.graph import Argument
from grader.model.submission import Location


class Kind(StrEnum):
    """What an operator does, as far as the analysis needs to tell operators apart."""

    CONVOLUTION = "convolution"
    TRANSPOSED_CONVOLUTION = "transposed convolution"
    LINEAR = "linear"  # linear and addmm: a learned matrix on the last axis
    MATMUL = "matmul"
    AVERAGE_POOL = "average pool"
    MAX_POOL = "max pool"
    ADAPTIVE_AVERAGE_POOL = "adaptive average pool"
    ADAPTIVE_MAX_POOL = "adaptive max pool"
    BATCH_NORM = "batch norm"
    NORM = "norm"  # group, layer, instance, RMS
    DROPOUT = "dropout"
    ACTIVATION = "activation"
    ELEMENTWISE = "elementwise"  # value by value, with broadcasting
    REDUCE = "reduce"
    RESHAPE = "reshape"  # view, flatten, squeeze, unsqueeze: same values, same order
    PERMUTE = "permute"
    EXPAND = "expand"  # expand, repeat, tile
    CONCATENATE = "concatenate"
    SLICE = "slice"  # a part of one tensor along an axis: slice, select, split, chunk, unbind
    INDEX = "index"  # gather, index_select, embedding
    PAD = "pad"
    UPSAMPLE = "upsample"
    PIXEL_SHUFFLE = "pixel shuffle"  # pixels to channels or back, channel shuffle
    UNFOLD = "unfold"  # sliding windows to columns or back
    SOFTMAX = "softmax"
    ATTENTION = "attention"
    RECURRENT = "recurrent"
    NOISE = "noise"
    SYMBOL = "symbol"  # sizes and arithmetic on them: an int, not a tensor
    GETITEM = "getitem"  # one of several outputs
    CREATE = "create"  # zeros, ones, arange
    IDENTITY = "identity"  # clone, contiguous, to, detach


# What needs no memory of its own: it looks at another value, or is none.
VIEWS = frozenset(
    {Kind.RESHAPE, Kind.PERMUTE, Kind.EXPAND, Kind.SLICE, Kind.GETITEM, Kind.IDENTITY, Kind.SYMBOL, Kind.CREATE}
)


class UnsupportedOperation(SubmissionError):
    """An operator that is not in the table, or a use of one that is not allowed. Has `op` and `location`."""

    def __init__(self, op: str, location: Location | None, reason: str = "") -> None:
        self.op = op
        self.location = location
        place = "" if location is None else f" at {location}"
        message = f"The model uses the operator {op!r}{place}, which grader does not support"
        super().__init__(f"{message}{': ' + reason if reason else ''}.")


@dataclass(frozen=True)
class OperationArgument:
    """One argument of an operator, from its aten schema; `type` as the schema spells it, e.g. "List[int]"."""

    name: str
    type: str
    required: bool
    default: Any
    keyword_only: bool
    writes: bool  # the operator writes into this tensor
    aliases: bool  # the result may share memory with this tensor

    def convert(self, default: Any) -> Argument:
        """A schema default as graph data: lists become tuples, everything else stays."""
        return tuple(default) if isinstance(default, list) else default


@dataclass(frozen=True)
class Operation:
    """An operator that the rebuilt model may run. `name` is a constant of ours, never a submitted string."""

    name: str
    kind: Kind
    override: Callable[..., Any] | None = None
    names: tuple[str, ...] = ()  # argument names of an operator that has no aten schema

    @cached_property
    def _overload(self) -> Any:
        """The aten overload. Raises UnsupportedOperation where the installed torch lacks it."""
        _, packet, overload = self.name.split(".")
        try:
            return getattr(getattr(torch.ops.aten, packet), overload)
        except AttributeError as error:
            raise UnsupportedOperation(self.name, None, f"torch {torch.__version__} lacks it") from error

    @cached_property
    def run(self) -> Callable[..., Any]:
        """Computes the operator; takes its arguments as the aten schema orders them."""
        return self.override if self.override is not None else self._overload

    @cached_property
    def strict_view(self) -> Callable[..., Any]:
        """As `run`, but a reshape never copies: it shares memory with its argument, or raises."""
        return self._overload if self.name in ("aten.view.default", "aten.view_as.default") else self.run

    @cached_property
    def takes_tensor(self) -> bool:
        """Whether it has a tensor argument; those that have none create their result on a device."""
        return any("Tensor" in argument.type for argument in self.arguments)

    @cached_property
    def arguments(self) -> tuple[OperationArgument, ...]:
        """Names, types and defaults, in schema order."""
        if self.names:
            return tuple(OperationArgument(name, "Any", True, None, False, False, False) for name in self.names)
        return tuple(
            OperationArgument(
                name=argument.name,
                type=str(argument.type),
                required=not argument.has_default_value(),
                default=argument.default_value,
                keyword_only=argument.kwarg_only,
                writes=argument.alias_info is not None and argument.alias_info.is_write,
                aliases=argument.alias_info is not None,
            )
            for argument in self._overload._schema.arguments
        )

    @property
    def short(self) -> str:
        """The name without namespace, overload and the in-place underscore: "aten.relu_.default" is "relu"."""
        packet = self.name.split(".")[1]
        return packet.rstrip("_") if not packet.startswith("__") else packet.strip("_")

    @cached_property
    def in_place(self) -> bool:
        """Whether it writes into one of its arguments (batch norm's running statistics aside)."""
        return any(argument.writes for argument in self.arguments)
