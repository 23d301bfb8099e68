"""Maps devices that the sandbox lacks to the CPU: a hard-coded `.cuda()` says nothing about the model."""

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode

from grader.probe.notes import Notes

_ABSENT = re.compile(r"^(cuda|mps|xpu|hip|npu|xla|hpu)(:\d+)?$")
_MOVES = {torch.Tensor.cuda, torch.Tensor.xpu, torch.Tensor.cpu}


class OnCPU(TorchFunctionMode):
    """While active, every tensor is created on and moved to the CPU, whatever device the code names."""

    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self._notes = notes

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run `func` with its device arguments mapped."""
        kwargs = kwargs or {}
        if func in _MOVES:
            if func is not torch.Tensor.cpu:
                self._note("cuda")
            return args[0]
        if "device" in kwargs and self._absent(kwargs["device"]):
            kwargs = {**kwargs, "device": torch.device("cpu")}
        if func is torch.Tensor.type and len(args) > 1 and str(args[1]).startswith("torch.cuda."):
            self._note("cuda")
            args = (args[0], args[1].replace("torch.cuda.", "torch."), *args[2:])
        if func is torch.Tensor.to and len(args) > 1 and self._absent(args[1]):
            args = (args[0], torch.device("cpu"), *args[2:])
        return func(*args, **kwargs)

    def _absent(self, device: Any) -> bool:
        named = str(device) if isinstance(device, torch.device) else device
        absent = (isinstance(device, int) and not isinstance(device, bool)) or (
            isinstance(named, str) and _ABSENT.match(named) is not None
        )
        if absent:
            self._note(str(named))
        return absent

    def _note(self, device: str) -> None:
        self._notes.add(f"device {device.split(':')[0]!r} was mapped to the CPU")


class _Autocast(contextlib.ContextDecorator):
    """Stands for torch.autocast: mixed precision is a matter of training, not of the graph."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __enter__(self) -> "_Autocast":
        return self

    def __exit__(self, *_: object) -> None: ...


@contextlib.contextmanager
def mapped_modules(notes: Notes) -> Iterator[None]:
    """A context that maps what no function mode sees: Module.cuda, default devices, autocast, compilers.

    To be left before the export: torch's tracer checks its own functions for identity.
    """
    with contextlib.ExitStack() as stack:
        for holder, name, replacement in _replacements(notes):
            if hasattr(holder, name):
                stack.enter_context(mock.patch.object(holder, name, replacement))
        yield


def _replacements(notes: Notes) -> list[tuple[Any, str, Any]]:
    def module_cuda(self: torch.nn.Module, device: Any = None) -> torch.nn.Module:
        notes.add("device 'cuda' was mapped to the CPU")
        return self

    def set_default_device(device: Any) -> None:
        if device is not None and torch.device(device).type != "cpu":
            notes.add(f"device {torch.device(device).type!r} was mapped to the CPU")

    quiet = ("set_device", "synchronize", "manual_seed", "manual_seed_all")
    return [
        *((torch.cuda, name, _nothing()) for name in quiet),
        (torch.nn.Module, "cuda", module_cuda),
        (torch, "set_default_device", set_default_device),
        (torch, "compile", _same(notes)),
        (torch.jit, "script", _same(notes)),
        *((holder, "autocast", _Autocast) for holder in (torch, torch.amp, torch.cuda.amp)),
    ]


# A function of its own for each name: torch's tracer refuses one object under two names.
def _nothing() -> Callable[..., None]:
    def nothing(*_: Any, **__: Any) -> None:
        return None

    return nothing


def _same(notes: Notes) -> Callable[..., Any]:
    def same(model: Any = None, *_: Any, **__: Any) -> Any:
        if model is None:
            return lambda decorated: decorated
        notes.add("the compiled or scripted form of the model was replaced by the model itself")
        return model

    return same
