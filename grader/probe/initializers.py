"""Records how each parameter was initialised: the last `torch.nn.init` call, or the last in-place fill, as data."""

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import torch

_FUNCTION_NAMES = (
    "uniform_ normal_ trunc_normal_ constant_ ones_ zeros_ eye_ dirac_ xavier_uniform_ xavier_normal_ kaiming_uniform_ "
    "kaiming_normal_ orthogonal_ sparse_"
)
_DEPRECATED_NAMES = (
    "uniform normal constant eye dirac xavier_uniform xavier_normal kaiming_uniform kaiming_normal orthogonal sparse"
)
# Tensor methods that say the same: `m.weight.data.normal_(0, 0.02)` was the usual way for years.
_METHODS: dict[str, tuple[str, tuple[str, ...]]] = {
    "normal_": ("normal_", ("mean", "std")),
    "uniform_": ("uniform_", ("a", "b")),
    "fill_": ("constant_", ("val",)),
    "zero_": ("zeros_", ()),
}
_METHOD_KEYWORDS = {"mean": "mean", "std": "std", "from": "a", "to": "b", "value": "val"}


@dataclass(frozen=True)
class Recorded:
    """One call, and what it left in the tensor: a later write makes the record worthless."""

    name: str
    arguments: dict[str, Any]
    tensor: torch.Tensor  # kept alive, so that its address is not used again
    content: torch.Tensor


class InitializerRecorder:
    """A context in which initialisers are recorded; the last call on a tensor wins."""

    def __init__(self) -> None:
        self._records: dict[tuple[int, int], Recorded] = {}
        self._depth = 0
        self._restore: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> "InitializerRecorder":
        for name in f"{_FUNCTION_NAMES} {_DEPRECATED_NAMES}".split():
            function = getattr(torch.nn.init, name, None)
            if function is not None:
                self._patch(torch.nn.init, name, self._function(function, name if name.endswith("_") else f"{name}_"))
        for name, (initializer, parameters) in _METHODS.items():
            method = getattr(torch.Tensor, name)
            self._patch(torch.Tensor, name, self._method(method, initializer, parameters))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for holder, name, original in self._restore:
            if holder is torch.Tensor:
                delattr(holder, name)
            else:
                setattr(holder, name, original)

    def of(self, parameter: torch.Tensor) -> tuple[str, dict[str, Any]] | None:
        """The initialiser of a parameter as (name, arguments); None where none is recognised.

        A tensor whose elements are all equal counts as `constant_`, however it was filled.
        """
        value = parameter.detach()
        record = self._records.get((value.data_ptr(), value.numel()))
        if record is not None and torch.equal(record.content, value.reshape(record.content.shape)):
            return record.name, record.arguments
        if value.numel() > 0 and value.is_floating_point() and bool((value == value.flatten()[0]).all()):
            return "constant_", {"val": float(value.flatten()[0])}
        return None

    def was_recorded(self, parameter: torch.Tensor) -> bool:
        """Whether any initialiser was called on the parameter, also one that was overwritten later."""
        return (parameter.data_ptr(), parameter.numel()) in self._records

    def _patch(self, holder: Any, name: str, replacement: Any) -> None:
        self._restore.append((holder, name, getattr(holder, name)))
        setattr(holder, name, replacement)

    def _function(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        signature = inspect.signature(getattr(torch.nn.init, name, function))

        @functools.wraps(function)
        def recorded(*arguments: Any, **keywords: Any) -> Any:
            self._depth += 1
            try:
                result = function(*arguments, **keywords)
            finally:
                self._depth -= 1
            bound = signature.bind(*arguments, **keywords)
            bound.apply_defaults()
            data = dict(bound.arguments)
            self._keep(data.pop("tensor", None), name, data)
            return result

        return recorded

    def _method(self, method: Callable[..., Any], initializer: str, parameters: tuple[str, ...]) -> Callable[..., Any]:
        defaults = {"mean": 0.0, "std": 1.0, "a": 0.0, "b": 1.0}

        @functools.wraps(method)
        def recorded(tensor: torch.Tensor, *arguments: Any, **keywords: Any) -> Any:
            result = method(tensor, *arguments, **keywords)
            data = {name: defaults[name] for name in parameters if name in defaults}
            data.update(zip(parameters, arguments, strict=False))
            data.update({_METHOD_KEYWORDS[key]: value for key, value in keywords.items() if key in _METHOD_KEYWORDS})
            self._keep(tensor, initializer, data)
            return result

        return recorded

    def _keep(self, tensor: Any, name: str, arguments: dict[str, Any]) -> None:
        if self._depth > 0 or type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.numel() == 0:
            return
        arguments.pop("generator", None)
        plain = {key: _plain(value) for key, value in arguments.items()}
        value = tensor.detach()
        record = Recorded(name, plain, value, value.clone())
        self._records[(value.data_ptr(), value.numel())] = record


def _plain(value: Any) -> bool | int | float | str | None:
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)[:100]
