"""One mode's graph with every read resolved: its calls, what each reads, and which can influence the output."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch

from grader.graph.ops import Kind, Operation
from grader.model.graph import Argument, ModelGraph, Node

Shape = tuple[int, ...]


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
    operands: Mapping[str, tuple[Value, ...]]  # tensor arguments whose content matters to the result

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
    """One mode's graph with every read resolved. `grader.analysis.trace` makes it."""

    graph: ModelGraph
    calls: Mapping[str, Call]  # in topological order
    output: Value
    shapes: Mapping[str, Shape]  # with a batch of `batch` images; several outputs under "name.0", "name.1", ...
    batch: int
    live: frozenset[str] = frozenset()  # names of the calls, inputs and parameters that can influence the output
    zeros: Mapping[str, torch.Tensor] = field(default_factory=dict)  # values → elements (bool) that are zero for ever
    trainable: frozenset[str] = frozenset()  # names of the parameters that training may change
    exhausted: bool = False  # too much to compute: what is live may hold what makes no difference

    def shape(self, name: str) -> Shape:
        """Shape of a value, or of the first where the operator has several results; () for a number."""
        return self.shapes.get(name) or self.shapes.get(f"{name}.0") or ()

    @cached_property
    def images(self) -> frozenset[str]:
        """Names of the values that depend on the image, and not by something that is cut away later."""
        found = {self.graph.input}
        for call in self.calls.values():
            if any(name in found and (not self.live or name in self.live) for name in call.sources):
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

    def learns(self, value: Value) -> bool:
        """Whether training can change it: a gradient reaches a parameter that trains."""
        return not self.trainable.isdisjoint(
            self.reach(value.names, lambda call: () if call.operation.short == "detach" else call.sources)
        )

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
