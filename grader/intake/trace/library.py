"""Calls of the libraries that training code uses: torch.optim, torch.utils.data, torchvision, argparse, tqdm."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grader.intake.trace import command_line
from grader.intake.trace.datasets import part_count, size_of
from grader.intake.trace.library_values import CUDA, Batches, LibraryObject, Range
from grader.intake.trace.values import UNKNOWN, Collection, Constant, Instance, Value, options

if TYPE_CHECKING:
    from grader.intake.trace.evaluate import Evaluator

SCHEDULERS = re.compile(r"(\.lr_scheduler\.\w+|LR|[Ss]chedule[r]?\w*|Plateau|Restarts|[Ww]arm_?[Uu]p\w*)$")
LOSSES = re.compile(r"^torch\.nn\.(\w+Loss|functional\.(\w+_loss|cross_entropy|\w*cross_entropy\w*|kl_div))$")
PROGRESS = frozenset(
    {"tqdm", "tqdm_notebook", "trange", "tnrange", "track", "progress_bar", "master_bar", "ProgressBar"}
)
NAMESPACES = frozenset({"SimpleNamespace", "EasyDict", "edict", "Namespace", "Munch", "DotMap", "AttrDict"})
KEPT = ("torch.utils.data.", "torchvision.transforms.", "torchvision.datasets.", "albumentations.", "torch_optimizer.")
CLIPS = frozenset({"clip_grad_norm_", "clip_grad_norm", "clip_grad_value_", "clip_grad_value"})


def call(
    machine: Evaluator, path: str, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
) -> Value | None:
    """What a call of a library's function gives; None where this is no library that training code uses."""
    name = path.rsplit(".", 1)[-1]
    first = positional[0] if positional else UNKNOWN
    if path == "torch.cuda.is_available":
        return CUDA
    if path in ("torch.backends.mps.is_available", "torch.xpu.is_available"):
        return Constant(False)
    if path in ("torch.manual_seed", "torch.random.manual_seed") or name == "seed_everything":
        machine.record("seed", first, node, positional, keywords)
        return UNKNOWN
    if name in CLIPS:
        machine.record("clip", Constant(name), node, positional, keywords)
        return UNKNOWN
    if name in PROGRESS and ("tqdm" in path or name in ("track", "progress_bar", "master_bar")):
        return _progress(machine, name, positional, keywords)
    if name in ("permutation", "randperm") and path.startswith(("numpy.", "torch.")):
        return _permutation(first)
    if name == "shuffle" and isinstance(first, Range):
        first.shuffled = True
        return Constant(None)
    if path in ("math.ceil", "math.floor", "numpy.ceil", "numpy.floor"):
        return _rounded(name, first)
    if name in NAMESPACES:
        return _namespace(machine, path, positional, keywords, node)
    if path.startswith("argparse."):
        return machine.library_object(path, positional, keywords, node)
    return _recorded(machine, path, positional, keywords, node)


def _recorded(
    machine: Evaluator, path: str, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
) -> Value | None:
    """The parts of a training: schedulers, data, losses."""
    name = path.rsplit(".", 1)[-1]
    if path.endswith("utils.data.random_split") or path == "utils.data.random_split":
        count = part_count(positional, keywords)
        parts = [machine.library_object(path, positional, keywords, node) for _ in range(count)]
        for number, part in enumerate(parts):
            part.part = number
        return Collection(list(parts))
    arguments = (*positional, *keywords.values())
    with_optimizer = any(is_optimizer(value) for value in arguments)
    if ".lr_scheduler." in path or (with_optimizer and SCHEDULERS.search(name)):
        scheduler = machine.library_object(path, positional, keywords, node)
        machine.record("schedule", scheduler, node, positional, keywords)
        return scheduler
    if path.endswith("data.DataLoader") or name == "DataLoader":
        loader = machine.library_object("torch.utils.data.DataLoader", positional, keywords, node)
        machine.record("load", loader, node, positional, keywords)
        return loader
    if LOSSES.search(path) or path.startswith(KEPT) or path in ("torch.device", "torch.Generator"):
        made = machine.library_object(path, positional, keywords, node)
        if path == "torch.device":
            kind = positional[0] if positional else UNKNOWN
            made.attributes["type"] = kind
        return made
    return None


def method(
    machine: Evaluator,
    owner: Value,
    name: str,
    positional: Sequence[Value],
    keywords: Mapping[str, Value],
    node: ast.AST,
) -> Value | None:
    """A method call on anything that is not the submission's own; None where it says nothing about training."""
    first = positional[0] if positional else UNKNOWN
    if name == "backward":
        machine.record("backward", owner, node, positional, keywords)
        return Constant(None)
    if name in ("step", "optimizer_step"):
        optimizers = [value for value in positional if is_optimizer(value)]  # scaler.step(optimizer)
        for value in (one for target in (optimizers or [owner]) for one in options(target)):
            machine.record("step", value, node, positional, keywords)
        return UNKNOWN
    if name == "scale" and positional:  # GradScaler
        return first
    if name == "shuffle" and isinstance(first, Range):
        first.shuffled = True
    if not isinstance(owner, LibraryObject):
        return None
    if owner.path.startswith("argparse."):
        return command_line.method(machine, owner, name, positional, keywords)
    if owner.path == "torch.Generator" and name == "manual_seed":
        owner.attributes["seed"] = first
        return owner
    return UNKNOWN


def attribute(owner: LibraryObject, name: str) -> Value | None:
    """An attribute that the code set, or an argument that the object keeps under its name."""
    if name in owner.attributes:
        return owner.attributes[name]
    if owner.name == "DataLoader" and name in ("dataset", "batch_size"):
        return owner.argument(("dataset", "batch_size").index(name), name)
    if owner.name == "Subset" and name in ("dataset", "indices"):
        return owner.argument(("dataset", "indices").index(name), name)
    if owner.part is not None and name == "dataset":
        return owner.argument(0, "dataset")
    return owner.keywords.get(name)


def length(value: Value) -> Value:
    """`len(value)`: of data sets and loaders; of a loader that isn't known, a number of batches."""
    if isinstance(value, Collection):
        return Constant(len(value.items))
    if isinstance(value, Range):
        count = value.count()
        return UNKNOWN if count is None else Constant(count)
    if isinstance(value, LibraryObject):
        if value.name == "DataLoader":
            return Batches(1)
        size = size_of(value)
        return UNKNOWN if size is None else Constant(size)
    return UNKNOWN


def is_optimizer(value: Value) -> bool:
    """Whether it is, or may be, an optimizer that was built."""
    return any(isinstance(one, LibraryObject | Instance) and "<optimizer>" in one.attributes for one in options(value))


def _progress(machine: Evaluator, name: str, positional: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    if name in ("trange", "tnrange"):
        return machine.counted(positional)
    return positional[0] if positional else keywords.get("iterable", UNKNOWN)


def _rounded(name: str, value: Value) -> Value:
    """`ceil` and `floor`; a number of batches stays one."""
    if not isinstance(value, Constant) or not isinstance(value.value, int | float) or not math.isfinite(value.value):
        return value if isinstance(value, Batches) else UNKNOWN
    return Constant(math.ceil(value.value) if name == "ceil" else math.floor(value.value))


def _permutation(first: Value) -> Value:
    return Range(Constant(0), first, Constant(1), shuffled=True) if isinstance(first, Constant) else UNKNOWN


def _namespace(
    machine: Evaluator, path: str, positional: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
) -> Value:
    """`SimpleNamespace(lr=0.1)` or `EasyDict({"lr": 0.1})`."""
    made = machine.library_object(path, positional, keywords, node)
    first = positional[0] if positional else UNKNOWN
    if isinstance(first, Collection) and first.keys is not None:
        pairs = zip(first.keys, first.items, strict=False)
        made.attributes |= {str(key.value): item for key, item in pairs if isinstance(key, Constant)}
    made.attributes |= keywords
    return made
