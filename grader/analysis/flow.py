"""Which value each operator of a graph really reads, and which operators can influence the output.

A graph names values, but operators write in place: after `x.relu_()` every reader of `x`, and of a view of `x`, reads
what `relu_` left. Here every read is resolved to the call that wrote what is read (static single assignment form).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from grader.graph.ops import Kind, Operation, bind, lookup
from grader.graph.shapes import propagate
from grader.model.graph import Argument, Export, ModelGraph, Node, Reference

Shape = tuple[int, ...]
# Arguments of which an operator takes the shape, the type or the device only.
_TAKES_FORM_ONLY = {"view_as", "expand_as", "reshape_as", "type_as", "to"}
_RANDOM_OF_FORM = {"randn_like", "rand_like", "randint_like"}


@dataclass(frozen=True)
class Value:
    """What is read: the result of `name`, into parts of which the calls in `touched` wrote afterwards."""

    name: str
    touched: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The calls whose results are in it."""
        return (self.name, *self.touched)


@dataclass(frozen=True)
class Call:
    """A node with its arguments: sizes as numbers, tensors as the values they hold when the node runs."""

    node: Node
    operation: Operation
    arguments: Mapping[str, Argument]  # by aten schema name, defaults filled in
    operands: Mapping[str, tuple[Value, ...]]  # tensor arguments whose content matters

    @property
    def name(self) -> str:
        """The generated name of the node."""
        return self.node.name

    @property
    def kind(self) -> Kind:
        """What the operator does."""
        return self.operation.kind

    @property
    def values(self) -> tuple[Value, ...]:
        """All values that the result depends on, in order."""
        return tuple(value for values in self.operands.values() for value in values)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of everything that the result depends on."""
        return tuple(name for value in self.values for name in value.names)


@dataclass(frozen=True)
class Flow:
    """One mode's graph with every read resolved."""

    graph: ModelGraph
    calls: Mapping[str, Call]  # in topological order
    output: Value
    shapes: Mapping[str, Shape]  # with a batch of `batch` images; several outputs under "name.0", "name.1", ...
    batch: int

    def shape(self, name: str) -> Shape:
        """Shape of a value, or of the first where the operator has several results; () for a number."""
        return self.shapes.get(name) or self.shapes.get(f"{name}.0") or ()

    @cached_property
    def live(self) -> frozenset[str]:
        """Names of the calls, inputs and parameters that can influence the output."""
        return self.reach(self.output.names, lambda call: call.sources)

    @cached_property
    def images(self) -> frozenset[str]:
        """Names of the values that depend on the image."""
        found = {self.graph.input}
        for call in self.calls.values():
            if not found.isdisjoint(call.sources):
                found.add(call.name)
        return frozenset(found)

    @cached_property
    def readers(self) -> Mapping[str, tuple[Call, ...]]:
        """The calls that depend on a value, by its name; a call stands there once."""
        found: dict[str, list[Call]] = {}
        for call in self.calls.values():
            for name in dict.fromkeys(call.sources):
                found.setdefault(name, []).append(call)
        return {name: tuple(calls) for name, calls in found.items()}

    def depends_on_image(self, value: Value) -> bool:
        """Whether the image decides any of it."""
        return not self.images.isdisjoint(value.names)

    def reach(self, start: Iterable[str], sources: Callable[[Call], Iterable[str]]) -> frozenset[str]:
        """Everything that can be reached backwards from `start` over `sources`."""
        found: set[str] = set()
        pending = list(start)
        while pending:
            name = pending.pop()
            if name in found:
                continue
            found.add(name)
            if name in self.calls:
                pending.extend(sources(self.calls[name]))
        return frozenset(found)

    def live_calls(self, *kinds: Kind) -> Iterator[Call]:
        """The calls that can influence the output, of these kinds, or of any."""
        return (
            call
            for call in self.calls.values()
            if call.name in self.live and (not kinds or call.operation.kind in kinds)
        )


def trace(export: Export, mode: Literal["train", "eval"]) -> Flow:
    """Resolve the reads of one mode's graph. Raises what `propagate` raises."""
    graph = export.graphs.train if mode == "train" else export.graphs.eval
    return _Tracer(graph, propagate(export, mode)).trace()


class _Tracer:
    def __init__(self, graph: ModelGraph, shapes: Mapping[str, Shape]) -> None:
        self._graph = graph
        self._shapes = shapes
        self._root: dict[str, str] = {}  # a view → whose memory it shares
        self._written: dict[str, list[tuple[str, str]]] = {}  # memory → (name written to, call), in order
        self._born: dict[str, int] = {}  # name → how often its memory had been written to when it was made
        self._place: dict[str, str] = {}  # name → the name of the very same elements of that memory
        self._sizes: dict[str, int | float] = {}

    def trace(self) -> Flow:
        calls: dict[str, Call] = {}
        for node in self._graph.nodes:
            calls[node.name] = call = self._call(node)
            if call.kind is Kind.SYMBOL:
                self._sizes[node.name] = self._size(call)
            self._remember(call)
        output = self._read(self._graph.output)
        return Flow(self._graph, calls, output, self._shapes, self._shapes[self._graph.input][0])

    def _call(self, node: Node) -> Call:
        operation = lookup(node)
        bound = bind(node)
        operands: dict[str, tuple[Value, ...]] = {}
        for name, argument in bound.items():
            items = argument if isinstance(argument, tuple) else (argument,)
            read = tuple(
                self._read(item.ref) for item in items if isinstance(item, Reference) and self._is_tensor(item)
            )
            if read and not _takes_form_only(operation, name):
                operands[name] = read
        arguments = {name: self._with_sizes(argument) for name, argument in bound.items()}
        return Call(node, operation, arguments, operands)

    def _is_tensor(self, reference: Reference) -> bool:
        return reference.ref not in self._sizes

    def _with_sizes(self, argument: Argument) -> Argument:
        if isinstance(argument, tuple):
            return tuple(self._number(item) if isinstance(item, Reference) else item for item in argument)
        return self._number(argument) if isinstance(argument, Reference) else argument

    def _number(self, reference: Reference) -> Reference | int | float:
        return self._sizes.get(reference.ref, reference)

    def _size(self, call: Call) -> int | float:
        """The value of arithmetic on sizes, for this batch."""
        source = call.node.args[0]
        if call.operation.name.startswith("aten.") and isinstance(source, Reference):
            shape = self._shapes[source.ref]
            dim = call.arguments.get("dim")
            if isinstance(dim, int):
                return shape[dim]
            count = 1
            for size in shape:
                count *= size
            return count
        number: int | float = call.operation.run(*call.arguments.values())
        return number

    def _remember(self, call: Call) -> None:
        """Whose memory the result shares, and what was written to."""
        first = next((item for item in call.node.args if isinstance(item, Reference)), None)
        if first is not None and (call.operation.in_place or _is_view(call)):
            root = self._root.get(first.ref, first.ref)
            self._root[call.name] = root
            if call.operation.in_place or self._is_whole(call, first.ref):
                self._place[call.name] = self._place.get(first.ref, first.ref)
            if call.operation.in_place:
                self._written.setdefault(root, []).append((first.ref, call.name))
            self._born[call.name] = len(self._written.get(root, ()))

    def _is_whole(self, call: Call, source: str) -> bool:
        """Whether a view holds all elements of `source` in the same shape."""
        plain = call.kind in (Kind.IDENTITY, Kind.DROPOUT, Kind.RESHAPE)
        return plain and self._shapes.get(call.name) == self._shapes.get(source)

    def _read(self, name: str) -> Value:
        """The value that `name` holds now."""
        writes = self._written.get(self._root.get(name, name), [])[self._born.get(name, 0) :]
        current = name
        touched: list[str] = []
        for target, writer in writes:
            if self._place.get(target, target) == self._place.get(name, name):
                current, touched = writer, []
            else:
                touched.append(writer)
        return Value(current, tuple(touched))


def _takes_form_only(operation: Operation, argument: str) -> bool:
    if operation.kind in (Kind.CREATE, Kind.SYMBOL) or operation.short in _RANDOM_OF_FORM:
        return True
    return argument == "other" and operation.short in _TAKES_FORM_ONLY


def _is_view(call: Call) -> bool:
    if call.kind is Kind.DROPOUT:  # hands its argument on where it does nothing
        return call.arguments.get("train") is False
    return call.kind is Kind.GETITEM or any(argument.aliases for argument in call.operation.arguments)
