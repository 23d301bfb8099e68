"""A copy of an export that can be changed: the same change in both graphs, and in what they share."""

import safetensors.torch
import torch

from grader.graph.dtypes import DTYPES
from grader.graph.ops import bind, lookup
from grader.graph.program import references
from grader.graph.rebuild import running_statistics
from grader.model.graph import Argument, Export, ModelGraph, Node, Reference, TensorSpec

MODES = ("train", "eval")


class CannotChange(Exception):
    """The change does not fit this graph; there is no advice then, and no harm."""


class Draft:
    """Changes to an export. What comes of them is only right once it was traced: see `grader.advice.trial`."""

    def __init__(self, export: Export) -> None:
        graphs = export.graphs
        self._export = export
        self.nodes = {"train": list(graphs.train.nodes), "eval": list(graphs.eval.nodes)}
        self.outputs = {"train": graphs.train.output, "eval": graphs.eval.output}
        self.parameters = dict(graphs.parameters)
        self.buffers = dict(graphs.buffers)
        self.constants = dict(graphs.constants)
        self._fresh: dict[str, torch.Tensor] = {}
        numbers = [int(name[1:]) for name in (*self.parameters, *self.buffers, *self.constants)]
        numbers += [int(node.name[1:]) for nodes in self.nodes.values() for node in nodes]
        self._last = max(numbers, default=0)

    def spec(self, name: str) -> TensorSpec:
        """What is known of a parameter, buffer or constant. Raises CannotChange for anything else."""
        for specs in (self.parameters, self.buffers, self.constants):
            if name in specs:
                return specs[name]
        raise CannotChange(f"{name} is computed")

    def resize(self, name: str, shape: tuple[int, ...]) -> None:
        """Another shape for a parameter or a running statistic. Raises CannotChange for what holds other values."""
        spec = self.spec(name)
        if spec.shape == shape:
            return
        resized = spec.model_copy(update={"shape": shape})
        if name in self.parameters:
            self.parameters[name] = resized
            return
        if name not in running_statistics(self._export.graphs):
            raise CannotChange(f"{name} holds values that are not to be guessed")
        (self.buffers if name in self.buffers else self.constants)[name] = resized
        self._fresh[name] = torch.zeros(shape, dtype=DTYPES[spec.dtype])

    def new_parameter(self, path: str, shape: tuple[int, ...]) -> Reference:
        """A parameter that trains."""
        name = self._name("p")
        self.parameters[name] = TensorSpec(path=path, shape=shape, dtype="float32", requires_grad=True)
        return Reference(ref=name)

    def new_buffer(self, path: str, shape: tuple[int, ...]) -> Reference:
        """A buffer of zeros."""
        name = self._name("b")
        self.buffers[name] = TensorSpec(path=path, shape=shape, dtype="float32")
        self._fresh[name] = torch.zeros(shape)
        return Reference(ref=name)

    def find(self, mode: str, name: str) -> Node:
        """The node of that name."""
        return self.nodes[mode][self._index(mode, name)]

    def twins(self, name: str) -> tuple[tuple[str, str], ...]:
        """(mode, name) of a node of the train graph in both graphs. Raises CannotChange where it has no counterpart."""
        if name == self._export.graphs.train.input:
            return tuple((mode, name) for mode in MODES)
        node = self.find("train", name)
        place = self._alike("train", node).index(name)
        others = self._alike("eval", node)
        if place >= len(others):
            raise CannotChange("training and evaluation differ there")
        return (("train", name), ("eval", others[place]))

    def set_argument(self, mode: str, name: str, argument: str, value: Argument) -> None:
        """Another value for one argument, by its schema name."""
        index = self._index(mode, name)
        self.nodes[mode][index] = with_argument(self.nodes[mode][index], argument, value)

    def insert(self, mode: str, node: Node, *, before: str | None = None, after: str | None = None) -> None:
        """Put a node that was made with `new_node` beside another one; it is not read yet."""
        if after == self._export.graphs.train.input:
            self.nodes[mode].insert(0, node)
        else:
            index = self._index(mode, before or after or "")
            self.nodes[mode].insert(index if before else index + 1, node)

    def new_node(self, op: str, *args: Argument) -> Node:
        """A node with a name of its own, to be inserted."""
        return Node(name=self._name("n"), op=op, args=args)

    def copy(self, mode: str, name: str, old: str, new: str) -> Node:
        """A node like that one, of another name, that reads `new` where that one reads `old`; to be inserted."""
        return _rewired(self.find(mode, name), old, new).model_copy(update={"name": self._name("n")})

    def first_result(self, mode: str, name: str) -> str:
        """The node itself, or the one that picks its first result where it has several."""
        for node in self.nodes[mode]:
            if node.op == "operator.getitem" and node.args == (Reference(ref=name), 0):
                return node.name
        return name

    def replace_reads(self, mode: str, old: str, new: str, *, but: frozenset[str]) -> None:
        """Let all that read `old` read `new`, the nodes in `but` aside."""
        self.nodes[mode] = [node if node.name in but else _rewired(node, old, new) for node in self.nodes[mode]]
        if self.outputs[mode] == old:
            self.outputs[mode] = new

    def total(self) -> int:
        """Values in all parameters."""
        return sum(_size(spec.shape) for spec in self.parameters.values())

    def export(self) -> Export:
        """The changed export, without the parameters that nothing names any more because of the change."""
        given = self._export.graphs
        graphs = given.model_copy(
            update={
                "train": self._graph(given.train),
                "eval": self._graph(given.eval),
                "parameters": self.parameters,
                "buffers": self.buffers,
                "constants": self.constants,
            }
        )
        tensors = self._export.tensors
        if self._fresh:
            tensors = safetensors.torch.save(safetensors.torch.load(tensors) | self._fresh)
        return self._export.model_copy(update={"graphs": graphs, "tensors": tensors})

    def _graph(self, given: ModelGraph) -> ModelGraph:
        update = {"nodes": tuple(self.nodes[given.mode]), "output": self.outputs[given.mode]}
        return given.model_copy(update=update)

    def _alike(self, mode: str, node: Node) -> list[str]:
        """Nodes of the same operator with the same parameters, in order."""
        return [other.name for other in self.nodes[mode] if other.op == node.op and _owned(other) == _owned(node)]

    def _index(self, mode: str, name: str) -> int:
        for index, node in enumerate(self.nodes[mode]):
            if node.name == name:
                return index
        raise CannotChange(f"{name} is no node")

    def _name(self, letter: str) -> str:
        self._last += 1
        return f"{letter}{self._last}"


def with_argument(node: Node, argument: str, value: Argument) -> Node:
    """The node with another value for one argument. Raises CannotChange where the operator has none of that name."""
    arguments = lookup(node).arguments
    named = next((one for one in arguments if one.name == argument), None)
    if named is None:
        raise CannotChange(f"{node.op} has no {argument}")
    if named.keyword_only or argument in node.kwargs:
        return node.model_copy(update={"kwargs": {**node.kwargs, argument: value}})
    bound = {**bind(node), argument: value}
    names = [one.name for one in arguments if not one.keyword_only]
    given = max(len(node.args), names.index(argument) + 1)
    args = tuple(bound[name] for name in names[:given])
    kwargs = {name: kept for name, kept in node.kwargs.items() if name not in names[:given]}
    return node.model_copy(update={"args": args, "kwargs": kwargs})


def _owned(node: Node) -> frozenset[str]:
    return frozenset(name for name in references(node) if name[0] == "p")


def _rewired(node: Node, old: str, new: str) -> Node:
    if old not in references(node):
        return node

    def swap(value: Argument) -> Argument:
        if isinstance(value, Reference):
            return Reference(ref=new) if value.ref == old else value
        return tuple(swap(item) for item in value) if isinstance(value, tuple) else value  # type: ignore[misc]

    kwargs = {name: swap(value) for name, value in node.kwargs.items()}
    return node.model_copy(update={"args": tuple(swap(value) for value in node.args), "kwargs": kwargs})


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size
