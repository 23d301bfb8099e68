"""Where in the slice each module was constructed: `nn.Dropout(0.1)` inside an nn.Sequential has no line in forward."""

import sys
from types import TracebackType
from typing import Any

import torch

from grader.probe.failure import CHUNK, Place

_MAX_FRAMES = 60


class ConstructionRecorder:
    """A context in which every constructed module is noted with the innermost line of the slice."""

    def __init__(self) -> None:
        self._places: dict[int, Place] = {}
        self._keep: list[torch.nn.Module] = []  # alive, so that no id is used twice

    def __enter__(self) -> "ConstructionRecorder":
        original = self._original = torch.nn.Module.__init__

        def recorded(module: torch.nn.Module, *arguments: Any, **keywords: Any) -> None:
            self._note(module)
            original(module, *arguments, **keywords)

        torch.nn.Module.__init__ = recorded  # type: ignore[method-assign, assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        torch.nn.Module.__init__ = self._original  # type: ignore[method-assign]

    def of(self, module: torch.nn.Module) -> Place | None:
        """The line that constructed the module, if it was one of the slice."""
        return self._places.get(id(module))

    def _note(self, module: torch.nn.Module) -> None:
        frame = sys._getframe(2)
        for _ in range(_MAX_FRAMES):
            match = CHUNK.match(frame.f_code.co_filename)
            if match and frame.f_locals.get("self") is not module:
                self._places[id(module)] = Place(int(match.group(1)), frame.f_lineno)
                self._keep.append(module)
                return
            if frame.f_back is None:
                return
            frame = frame.f_back
