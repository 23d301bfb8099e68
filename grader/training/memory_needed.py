"""What memory a training may take, what a step of it needs at least, and telling when there was not enough."""

import contextlib
import math
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from grader.errors import SubmissionError
from grader.graph.operation import VIEWS
from grader.graph.ops import lookup
from grader.graph.shapes import propagate
from grader.model.graph import Export
from grader.training.events import Refused
from grader.training.job import TrainingJob
from grader.training.too_little import gigabytes, too_little

_FLOAT = 4  # bytes
_OF_LIBRARIES = 2**28  # bytes
_COPIES = {"sgd": 3, "adam": 4, "adamw": 4}  # of each parameter: value, gradient, state of the optimizer
_WANT_OF_MEMORY = re.compile(
    r"can't allocate memory|not enough memory|out of memory|bad_alloc|could not create a (primitive|memory)"
    r"|cannot allocate memory|CUDNN_STATUS_ALLOC_FAILED|CUBLAS_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)


def step_bytes(export: Export, batch: int, optimizer: str) -> int:
    """What one training step needs at least: feature maps that are kept for the gradients, and the parameters.

    A floor, not an estimate: measured peaks are 1.3 to 2.2 times as high. Results of operators that need no memory of
    their own are left out, as are those that are written in place.
    """
    small = _map_elements(export, 2)
    try:
        per_image = (_map_elements(export, 4) - small) / 2
    except SubmissionError:  # over the bounds of `propagate`, which are for two images: all of it is maps, then
        per_image = small / 2
    maps = small + per_image * max(0, batch - 2)
    parameters = sum(math.prod(spec.shape) for spec in export.graphs.parameters.values())
    return int(_FLOAT * (maps + _COPIES.get(optimizer, 3) * parameters))


def lane_bytes(job: TrainingJob, images: int = 60_000) -> int:
    """What one job may take on a GPU beside others: steps, an epoch that lies ready, and what libraries want.

    A step's floor times the factor that measured peaks have; generous, because who is refused only waits.
    """
    step = step_bytes(job.export, job.export.graphs.batch_size or job.recipe.batch_size, job.recipe.optimizer.name)
    return 3 * step + images * math.prod(job.export.graphs.input_shape) * _FLOAT + _OF_LIBRARIES


def _map_elements(export: Export, images: int) -> int:
    shapes = propagate(export, "train", images)
    return sum(math.prod(shapes[name]) for name in _stored(export) if name in shapes)


def _stored(export: Export) -> Iterator[str]:
    """The nodes whose result is memory of its own."""
    for node in export.graphs.train.nodes:
        if lookup(node).kind not in VIEWS and not node.op.split(".")[1].endswith("_"):
            yield node.name


def require_memory(job: TrainingJob, images: int, device: torch.device) -> Refused | None:
    """Why the job can't be trained with the memory there is, or None; `images` are those of the training set.

    On the CPU this process can have no more from now on than the job allows: an allocation too many is an exception,
    not the end of something else on the machine.
    """
    batch = min(job.export.graphs.batch_size or job.recipe.batch_size, max(images, 1))
    allowed = job.memory_bytes
    if device.type == "cuda":
        allowed = free_device_memory()
    elif allowed is not None:
        _limit(allowed)
    needed = step_bytes(job.export, batch, job.recipe.optimizer.name)
    if allowed is None or needed <= allowed:
        return None
    return too_little(job, f"One step with {batch:,} images needs at least {gigabytes(needed)}.", allowed)


def free_device_memory() -> int:
    """Bytes that the GPU has left for this process: what nobody has, and what torch holds without using it."""
    return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()


def is_want_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, in Python, in torch or in one of its libraries."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and says_want_of_memory(str(error))


def says_want_of_memory(text: str) -> bool:
    """Whether a message of torch or of the C++ runtime says that an allocation failed."""
    return _WANT_OF_MEMORY.search(text) is not None


def _limit(more: int) -> None:
    """Bound the private memory of this process (setrlimit(2), RLIMIT_DATA) to what it has now and `more` bytes."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, ValueError):  # a lower limit is in force: good as well
        held = re.search(r"^VmData:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"), re.MULTILINE)
        bound = (int(held[1]) * 1024 if held else 0) + more
        resource.setrlimit(resource.RLIMIT_DATA, (bound, resource.getrlimit(resource.RLIMIT_DATA)[1]))
