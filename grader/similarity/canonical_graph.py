"""The canonical form of an exported graph: two spellings of one network have the same, whatever they call things.

A graph with ordered arguments and one output is known by a walk from that output: what the walk meets is numbered in
the order in which it meets it, and the names are never looked at. What can't reach the output is not met.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import safetensors

from grader.graph.ops import bind, lookup
from grader.model.graph import Argument, Export, ModelGraph, Node, Reference, TensorSpec
from grader.model.work import digest_of

_COMMUTATIVE = frozenset({"add", "mul", "multiply", "maximum", "minimum"})


def graph_hash(export: Export) -> str:
    """sha256, as hex, of the canonical form: operators, their arguments, shapes, and the values of constants.

    Names, places, and the order in which independent things are computed or defined are of no account, nor are the two
    sides of a sum or a product. Raises UnsupportedOperation for an operator outside the table.
    """
    graphs = export.graphs
    marks = _tensor_marks(export)
    numbers: dict[str, int] = {}
    form = {
        "input_shape": graphs.input_shape,
        "batch_size": graphs.batch_size,
        "graphs": [_Walk(graph, marks, numbers).form() for graph in (graphs.train, graphs.eval)],
    }
    return digest_of(form)


def references(value: Argument) -> Iterator[str]:
    """The names that an argument reads, in its order."""
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, Reference):
            yield item.ref


def _tensor_marks(export: Export) -> dict[str, str]:
    """What is known of each parameter, buffer and constant but for its name."""
    values = {name: hashlib.sha256(entry["data"]).hexdigest() for name, entry in _tensors(export)}
    specs: Mapping[str, TensorSpec] = {
        **export.graphs.parameters,
        **export.graphs.buffers,
        **export.graphs.constants,
    }
    marks = {"x0": "input"}
    for name, spec in specs.items():
        marks[name] = digest_of([name[0], spec.model_dump_json(exclude={"path", "aliases"}), values.get(name)])
    return marks


def _tensors(export: Export) -> list[tuple[str, dict[str, Any]]]:
    read: Callable[[bytes], list[tuple[str, dict[str, Any]]]] = safetensors.deserialize
    return read(export.tensors)


class _Walk:
    """One graph. `numbers` is shared by the graphs of a pair, which share their tensors."""

    def __init__(self, graph: ModelGraph, marks: Mapping[str, str], numbers: dict[str, int]) -> None:
        self._graph = graph
        self._nodes = {node.name: node for node in graph.nodes}
        self._tensors = numbers
        self._numbers: dict[str, int] = {}
        self._marks = dict(marks)
        self._arguments: dict[str, dict[str, Argument]] = {}
        for node in graph.nodes:
            arguments = self._arguments[node.name] = self._ordered(node)
            self._marks[node.name] = digest_of([node.op, _plain(arguments, self._marks)])

    def form(self) -> Any:
        """Plain data that is the same for the same network."""
        writing = [node.name for node in self._graph.nodes if lookup(node).in_place]
        lines = [self._line(name) for root in (self._graph.output, *writing) for name in self._unmet(root)]
        met = [self._numbers[node.name] for node in self._graph.nodes if node.name in self._numbers]
        # What is written in place is another value before and after: there the order counts.
        return {"output": self._numbers[self._graph.output], "lines": lines, "order": met if writing else None}

    def _ordered(self, node: Node) -> dict[str, Argument]:
        arguments = bind(node)
        one, other = arguments.get("self"), arguments.get("other")
        swaps = lookup(node).short in _COMMUTATIVE and not lookup(node).in_place and arguments.get("alpha", 1) == 1
        if swaps and isinstance(one, Reference) and isinstance(other, Reference):
            first, second = sorted((one, other), key=lambda reference: self._marks[reference.ref])
            return {**arguments, "self": first, "other": second}
        return arguments

    def _unmet(self, root: str) -> Iterator[str]:
        """What `root` is computed from and then itself, each once, what it reads first; numbered on the way."""
        pending = [(root, False)]
        while pending:
            name, read = pending.pop()
            if name in self._numbers:
                continue
            if read or name not in self._nodes:
                self._numbers[name] = len(self._numbers)
                yield name
                continue
            pending.append((name, True))
            read_names = [ref for value in self._arguments[name].values() for ref in references(value)]
            pending.extend((ref, False) for ref in reversed(read_names) if ref not in self._numbers)

    def _line(self, name: str) -> Any:
        if name not in self._nodes:
            return [self._marks[name], self._tensors.setdefault(name, len(self._tensors))]
        return [self._nodes[name].op, _plain(self._arguments[name], self._numbers)]


def _plain(arguments: Mapping[str, Argument], names: Mapping[str, Any]) -> Any:
    def of(value: Argument) -> Any:
        if isinstance(value, tuple):
            return [of(item) for item in value]
        if isinstance(value, Reference):
            return {"ref": names[value.ref]}
        return {"float": repr(value)} if isinstance(value, float) else value  # infinities are no JSON

    return [[name, of(value)] for name, value in sorted(arguments.items())]
