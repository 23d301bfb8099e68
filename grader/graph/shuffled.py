"""The same graph with what it stores in another order: what is left when the stored values say nothing any more.

Their distribution stays the same. A filter bank that was designed or drawn at random works about as well after it, and
so do positions and coordinates; weights that were trained elsewhere, or a table of answers, do not.
"""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any

import safetensors.torch
import torch

from grader.graph.ops import Kind, lookup
from grader.graph.prescribed import prescribed
from grader.graph.rebuild import running_statistics
from grader.model.graph import Argument, Export, GraphPair, ModelGraph, Node

_COUNTER = "num_batches_tracked"
_SMALL = 16  # elements; smaller tensors exchange their values with others of their shape
_NUMBERS = frozenset({"number", "float", "Tensor"})  # what may be a scalar, by the words of the schemas


def shuffled(export: Export, seed: int) -> Export:
    """Exchange buffers' and constants' values, prescribed initial values, and numbers in arithmetic; statistics stay.

    Infinities stay in place: they are masks.
    """
    drawing = random.Random(seed)  # noqa: S311  a repeatable order, no secret
    graphs = _other_initializers(export.graphs, drawing)
    modes = {mode: _other_numbers(getattr(graphs, mode), seed) for mode in ("train", "eval")}
    tensors = safetensors.torch.save(_other_tensors(export, drawing))
    return export.model_copy(update={"tensors": tensors, "graphs": graphs.model_copy(update=modes)})


def _other_tensors(export: Export, drawing: random.Random) -> dict[str, torch.Tensor]:
    tensors = safetensors.torch.load(export.tensors)
    statistics = running_statistics(export.graphs)
    alike: defaultdict[Hashable, list[str]] = defaultdict(list)
    for name, tensor in sorted(tensors.items()):  # a file gives its tensors in any order
        spec = export.graphs.buffers.get(name)
        counts = spec is not None and spec.path.rpartition(".")[2] == _COUNTER
        if name not in statistics and not counts:
            alike[(tensor.dtype, tensor.shape) if tensor.numel() < _SMALL else name].append(name)
    for names in alike.values():
        values = torch.stack([tensors[name] for name in names])
        free = values.isfinite()
        order = torch.randperm(int(free.sum()), generator=torch.Generator().manual_seed(drawing.getrandbits(63)))
        values[free] = values[free][order]
        tensors |= {name: value.clone() for name, value in zip(names, values, strict=True)}
    return tensors


def _other_initializers(graphs: GraphPair, drawing: random.Random) -> GraphPair:
    alike: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for name in prescribed(graphs):
        alike[graphs.parameters[name].shape].append(name)
    parameters = dict(graphs.parameters)
    for names in alike.values():
        for name, other in zip(names, _in_another_order(names, drawing), strict=True):
            source = graphs.parameters[other]
            update = {"initializer": source.initializer, "initializer_recognized": source.initializer_recognized}
            parameters[name] = parameters[name].model_copy(update=update)
    return graphs.model_copy(update={"parameters": parameters})


def _other_numbers(graph: ModelGraph, seed: int) -> ModelGraph:
    """Numbers that stand in elementwise arithmetic, exchanged among calls of one operator; alike in both modes."""
    alike: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for index, node in enumerate(graph.nodes):
        for place in _numbers(node):
            alike[node.op, place].append(index)
    nodes = list(graph.nodes)
    for (op, place), indices in alike.items():
        values = [nodes[index].args[place] for index in indices]
        others = _in_another_order(values, random.Random(f"{seed} {op} {place}"))  # noqa: S311
        for index, value in zip(indices, others, strict=True):
            nodes[index] = _with_argument(nodes[index], place, value)
    return graph.model_copy(update={"nodes": tuple(nodes)})


def _numbers(node: Node) -> Iterable[int]:
    """The places of a node's arguments that are scalars of an elementwise operator."""
    operation = lookup(node)
    if operation.kind is not Kind.ELEMENTWISE:
        return
    for place, (value, argument) in enumerate(zip(node.args, operation.arguments, strict=False)):
        if argument.type in _NUMBERS and type(value) in (int, float):
            yield place


def _with_argument(node: Node, place: int, value: Argument) -> Node:
    return node.model_copy(update={"args": (*node.args[:place], value, *node.args[place + 1 :])})


def _in_another_order(values: list[Any], drawing: random.Random) -> list[Any]:
    return drawing.sample(values, len(values))
