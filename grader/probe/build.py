"""Builds the model and runs it once: does it map one batch of images to one tensor of outputs?"""

import importlib
import random
import sys
from typing import Any

import torch

from grader.probe.failure import CHUNK, Place, ProbeError, place_of, summary
from grader.probe.hints import build_hint, forward_hint, import_hint, missing_hint
from grader.probe.modules import SliceFinder
from grader.probe.notes import Notes
from grader.probe.stubs import LazyTorchvision, StandIn, StandInFinder

TRACE_BATCH = 4  # neither 1 (batch norm, broadcasting) nor a usual channel count


def install_finders(finder: SliceFinder, notes: Notes) -> None:
    """Slice first, then what must not run, then what is installed, then stand-ins for what is missing."""
    sys.meta_path[:0] = [finder, StandInFinder(notes, missing=False), LazyTorchvision()]
    sys.meta_path.append(StandInFinder(notes, missing=True))
    importlib.invalidate_caches()


def seed_everything(seed: int) -> None:
    """Make the constructor repeatable. No value drawn here is ever trained."""
    random.seed(seed)
    torch.manual_seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed % 2**32)


def build_model(finder: SliceFinder, entry: str, build: str, notes: Notes) -> torch.nn.Module:
    """Import the entry module and evaluate the build expression in it. Raises ProbeError (import, build)."""
    try:
        namespace = finder.load_entry(entry).__dict__
    except (Exception, SystemExit) as error:
        raise ProbeError(
            "import", type(error).__name__, summary(error), place_of(error), import_hint(error, notes)
        ) from error
    try:
        model = eval(build, namespace)  # noqa: S307 - the expression came with the slice; this is the sandbox
    except (Exception, SystemExit) as error:
        raise ProbeError(
            "build",
            type(error).__name__,
            f"{build} raised: {summary(error)}",
            place_of(error),
            build_hint(error, notes),
        ) from error
    if isinstance(model, torch.nn.Module):
        return model
    what = repr(model) if isinstance(model, StandIn) else f"an object of type {type(model).__name__}"
    raise ProbeError(
        "build", "NotAModule", f"{build} gives {what}, not a torch.nn.Module.", None, build_hint(None, notes)
    )


def run_once(
    model: torch.nn.Module, input_shape: tuple[int, ...], batch_size: int, notes: Notes
) -> tuple[int, tuple[int, ...]]:
    """Run a batch through the model in train mode; buffers keep their values, lazy modules take their shapes.

    Returns the batch size that worked (`TRACE_BATCH`, else `batch_size`) and the output's shape without the batch; a
    model that returns several rows per image has them in front. Raises ProbeError (forward).
    """
    first: BaseException | None = None
    buffers = _buffers(model)
    for batch in dict.fromkeys((TRACE_BATCH, batch_size)):
        try:
            with torch.no_grad():
                output = model.train()(torch.randn(batch, *input_shape))
        except (Exception, SystemExit) as error:
            first = first or error
            continue
        finally:
            _restore(buffers)
        return batch, output_shape(sole_tensor(output, notes), batch)
    assert first is not None
    raise ProbeError(
        "forward",
        type(first).__name__,
        f"The model can't take a batch of images of shape {'×'.join(map(str, input_shape))}: {summary(first)}",
        place_of(first),
        forward_hint(first, model, input_shape, notes),
    ) from first


def sole_tensor(output: Any, notes: Notes) -> torch.Tensor:
    """The one tensor in the model's output. Raises ProbeError (forward) for none or several."""
    tensors: list[torch.Tensor] = list(_tensors(output))
    if len(tensors) == 1:
        return tensors[0]
    message = f"The model's forward returns {len(tensors)} tensors; one is needed, the class scores."
    if not tensors:
        message = f"The model's forward returns {type(output).__name__}, not a tensor."
    raise ProbeError("forward", "NotATensor", message, None, missing_hint(notes) or "Return the class scores only.")


def output_shape(output: torch.Tensor, batch: int) -> tuple[int, ...]:
    """The shape per image. Raises ProbeError (forward) where the rows are not a multiple of the images."""
    shape = tuple(output.shape)
    if not shape or shape[0] == 0 or shape[0] % batch:
        raise ProbeError(
            "forward",
            "BatchMismatch",
            f"For {batch} images the model returns a tensor of shape {list(shape)}; one row per image is needed.",
            None,
            "Check the view or flatten in forward: its first size should be x.size(0).",
        )
    return shape[1:] if shape[0] == batch else (shape[0] // batch, *shape[1:])


def _tensors(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)


def _buffers(model: torch.nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    plain = (b for b in model.buffers() if not torch.nn.parameter.is_lazy(b))
    return [(buffer, buffer.clone()) for buffer in plain]


def _restore(buffers: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    with torch.no_grad():
        for buffer, value in buffers:
            buffer.copy_(value)


def definition_place(model: torch.nn.Module) -> Place | None:
    """Where the model's own class defines forward, for failures that carry no line."""
    code = getattr(getattr(type(model), "forward", None), "__code__", None)
    if code is None:
        return None
    match = CHUNK.match(code.co_filename)
    return Place(int(match.group(1)), code.co_firstlineno) if match else None
