"""One mode's graph as a list of steps over slots: what the rebuilt model runs.

Names are resolved once, here; a step holds a function of the op table, plain arguments, and the slots to read.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from grader.graph.aliases import Aliasing, find_aliasing
from grader.graph.dtypes import DTYPES
from grader.graph.ops import Operation, OperationArgument, UnsupportedOperation, bind, lookup
from grader.model.graph import Argument, ModelGraph, Node, Reference

_DEVICE = object()  # stands for the device of the images, known when the program runs
# How a tensor lies in memory, and where random numbers come from, is not the graph's to say.
_IGNORED = frozenset({"layout", "memory_format", "pin_memory", "generator", "device"})
_WORDS: dict[str, frozenset[str]] = {
    "padding": frozenset({"same", "valid"}),
    "mode": frozenset({"constant", "reflect", "replicate", "circular"}),
    "rounding_mode": frozenset({"trunc", "floor"}),
    "approximate": frozenset({"none", "tanh"}),
    "indexing": frozenset({"ij", "xy"}),
}
_MAX_EQUATION = 40


@dataclass(frozen=True)
class Step:
    """One call: `run(*arguments, **keywords)`, the slots read put in first."""

    node: Node
    operation: Operation
    run: Callable[..., Any]
    slot: int
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    reads: tuple[tuple[int, int], ...]  # (position in arguments, slot)
    nested: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]  # (position, reads within that list)
    keyword_reads: tuple[tuple[str, int], ...]
    device_position: int | None
    frees: tuple[int, ...]  # slots that nothing reads after this step

    def call(self, values: list[Any], device: torch.device) -> Any:
        """The step's value, from the values computed so far."""
        arguments = list(self.arguments)
        for position, slot in self.reads:
            arguments[position] = values[slot]
        for position, reads in self.nested:
            items = list(arguments[position])
            for index, slot in reads:
                items[index] = values[slot]
            arguments[position] = items
        if self.device_position is not None:
            arguments[self.device_position] = device
        if not self.keywords and not self.keyword_reads:
            return self.run(*arguments)
        keywords = {name: device if value is _DEVICE else value for name, value in self.keywords.items()}
        for name, slot in self.keyword_reads:
            keywords[name] = values[slot]
        return self.run(*arguments, **keywords)


@dataclass(frozen=True)
class Program:
    """A graph ready to run."""

    steps: tuple[Step, ...]
    slots: int
    input_slot: int
    output_slot: int
    loads: tuple[tuple[int, str], ...]  # (slot, name of the parameter, buffer or constant)
    written: frozenset[str]  # names of those, and of the input, that an operator writes into
    input: str

    def run(self, images: torch.Tensor, load: Callable[[str], torch.Tensor]) -> Any:
        """The output for a batch; `load` gives the tensor of a name."""
        values: list[Any] = [None] * self.slots
        for slot, name in self.loads:
            values[slot] = load(name)
        values[self.input_slot] = images.clone() if self.input in self.written else images
        device = images.device
        for step in self.steps:
            values[step.slot] = step.call(values, device)
            for slot in step.frees:
                values[slot] = None
        return values[self.output_slot]


def compile_graph(graph: ModelGraph, skip: frozenset[str] = frozenset()) -> Program:
    """The graph as steps; nodes named in `skip` are left out. Raises UnsupportedOperation."""
    nodes = [node for node in graph.nodes if node.name not in skip]
    names = [graph.input, *dict.fromkeys(name for node in nodes for name in references(node))]
    slots = {name: index for index, name in enumerate(dict.fromkeys([*names, *(node.name for node in nodes)]))}
    slots.setdefault(graph.output, len(slots))
    own = {graph.input, *(node.name for node in nodes)}
    aliasing = find_aliasing(graph)
    last_reader = {name: node.name for node in nodes for name in [*references(node), node.name]}
    frees: dict[str, list[int]] = {}
    for name, reader in last_reader.items():
        if name != graph.output:
            frees.setdefault(reader, []).append(slots[name])
    return Program(
        steps=tuple(_step(node, slots, aliasing, tuple(frees.get(node.name, ()))) for node in nodes),
        slots=len(slots),
        input_slot=slots[graph.input],
        output_slot=slots[graph.output],
        loads=tuple((slot, name) for name, slot in slots.items() if name not in own),
        written=aliasing.written,
        input=graph.input,
    )


def references(node: Node) -> list[str]:
    """The names that a node reads, in order."""
    return list(_references([*node.args, *node.kwargs.values()]))


def _references(values: Iterable[Argument]) -> Iterable[str]:
    for value in values:
        if isinstance(value, Reference):
            yield value.ref
        elif isinstance(value, tuple):
            yield from _references(value)


def _step(node: Node, slots: dict[str, int], aliasing: Aliasing, frees: tuple[int, ...]) -> Step:
    operation = lookup(node)
    bound = bind(node)
    positional = [argument for argument in operation.arguments if not argument.keyword_only]
    given = len(node.args)
    for index, argument in enumerate(positional):
        if argument.name in node.kwargs or (argument.name == "device" and argument.required):
            given = max(given, index + 1)
    arguments: list[Any] = []
    reads: list[tuple[int, int]] = []
    nested: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    device_position = None
    for index, argument in enumerate(positional[:given]):
        value = bound[argument.name]
        if argument.name == "device":
            device_position = index
        elif isinstance(value, Reference):
            reads.append((index, slots[value.ref]))
        elif isinstance(value, tuple) and any(isinstance(item, Reference) for item in value):
            inner = ((at, slots[item.ref]) for at, item in enumerate(value) if isinstance(item, Reference))
            nested.append((index, tuple(inner)))
        arguments.append(_plain(value, argument, node))
    keywords, keyword_reads = _keywords(node, operation, bound, slots)
    return Step(
        node=node,
        operation=operation,
        run=operation.strict_view if node.name in aliasing.true_views else operation.run,
        slot=slots[node.name],
        arguments=tuple(arguments),
        keywords=keywords,
        reads=tuple(reads),
        nested=tuple(nested),
        keyword_reads=keyword_reads,
        device_position=device_position,
        frees=frees,
    )


def _keywords(
    node: Node, operation: Operation, bound: dict[str, Argument], slots: dict[str, int]
) -> tuple[dict[str, Any], tuple[tuple[str, int], ...]]:
    keywords: dict[str, Any] = {}
    reads: list[tuple[str, int]] = []
    for argument in operation.arguments:
        if not argument.keyword_only:
            continue
        value = bound[argument.name]
        if argument.name == "device" and not operation.takes_tensor:
            keywords["device"] = _DEVICE
        elif argument.name in _IGNORED or argument.name not in node.kwargs:
            continue
        elif isinstance(value, Reference):
            reads.append((argument.name, slots[value.ref]))
        else:
            keywords[argument.name] = _plain(value, argument, node)
    return keywords, tuple(reads)


def _plain(value: Argument, argument: OperationArgument, node: Node) -> Any:
    """An argument as torch takes it. Raises UnsupportedOperation for a word that is not on its list."""
    if argument.name in _IGNORED:
        return argument.default
    if isinstance(value, tuple):
        if any(isinstance(item, str) for item in value):
            raise UnsupportedOperation(node.op, node.location, f"a word in the list {argument.name!r}")
        return [None if isinstance(item, Reference) else item for item in value]
    if isinstance(value, Reference):
        return None
    if argument.name == "cudnn_enabled":
        return torch.backends.cudnn.enabled
    if argument.name == "dtype" and value is not None:
        if isinstance(value, str) and value in DTYPES:
            return DTYPES[value]
        raise UnsupportedOperation(node.op, node.location, f"element type {value!r}")
    if isinstance(value, str):
        _check_word(value, argument, node)
    return value


def _check_word(value: str, argument: OperationArgument, node: Node) -> None:
    if argument.name == "equation" and len(value) <= _MAX_EQUATION:
        return
    if argument.type not in ("str", "Optional[str]") or value not in _WORDS.get(argument.name, ()):
        raise UnsupportedOperation(node.op, node.location, f"the word {value!r} for {argument.name!r}")
