"""Exports one mode's graph with torch.export: with any batch size where that works, else for one batch size."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from grader.probe.build import TRACE_BATCH, definition_place
from grader.probe.failure import Place, ProbeError, place_of, summary
from grader.probe.hints import export_hint, is_data_dependent


@dataclass(frozen=True)
class Attempt:
    """One way to trace: a fixed batch has `dynamic` False; strict tracing reads bytecode and is slow to start."""

    dynamic: bool
    strict: bool


_ATTEMPTS = (Attempt(True, False), Attempt(False, False), Attempt(True, True), Attempt(False, True))


def export_pair(
    model: torch.nn.Module, input_shape: tuple[int, ...], batch_size: int, *, any_batch: bool
) -> tuple[torch.export.ExportedProgram, torch.export.ExportedProgram, int | None]:
    """The train and the eval program, and the batch size they are bound to (None: any).

    Raises ProbeError (export) where the model has no graph.
    """
    first: Exception | None = None
    for attempt in _ATTEMPTS:
        if attempt.dynamic and not any_batch:
            continue
        try:
            train, evaluation = (_export(model.train(mode), input_shape, batch_size, attempt) for mode in (True, False))
        except Exception as error:
            first = first or error
            if is_data_dependent(error):
                break
            continue
        return train, evaluation, None if attempt.dynamic else batch_size
    assert first is not None
    raise _failure(first, model) from first


def _export(
    model: torch.nn.Module, input_shape: tuple[int, ...], batch_size: int, attempt: Attempt
) -> torch.export.ExportedProgram:
    batch = TRACE_BATCH if attempt.dynamic else batch_size
    images = torch.randn(batch, *input_shape)
    shapes = ({0: torch.export.Dim("batch", min=2)},) if attempt.dynamic else None
    return torch.export.export(model, (images,), dynamic_shapes=shapes, strict=attempt.strict)


def _failure(error: Exception, model: torch.nn.Module) -> ProbeError:
    place = next(_places(error), None) or definition_place(model)
    if is_data_dependent(error):
        return ProbeError(
            "export",
            "DataDependentControlFlow",
            "The model has no fixed graph: forward depends on the values in a tensor, not only on shapes.",
            place,
            export_hint(error, model),
        )
    message = f"The model runs, but its graph can't be exported: {summary(error)}"
    return ProbeError("export", type(error).__name__, message, place, export_hint(error, model))


def _places(error: BaseException) -> Iterator[Place]:
    place = place_of(error)
    if place is not None:
        yield place
    if error.__context__ is not None:
        yield from _places(error.__context__)
