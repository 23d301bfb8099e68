"""Reduces a graph to an expression that forgets what may differ between training and evaluation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grader.graph.ops import Kind, Operation, bind, lookup
from grader.model.graph import Argument, ModelGraph, Node, Reference
from grader.model.submission import Location

# An elementwise operation with noise on one side leaves the other side: x + noise, x * mask.
_NOISY = frozenset({"add", "sub", "mul", "div", "multiply", "subtract", "divide", "true_divide", "rsub", "where"})
# What a statistic or a weight of a batch norm may pass through: ghost batch norm repeats and slices them.
_REARRANGED = frozenset({Kind.SLICE, Kind.EXPAND, Kind.RESHAPE, Kind.CONCATENATE, Kind.IDENTITY, Kind.GETITEM})
# Arguments that do not matter here: where a tensor lies, and dropout inside attention and recurrent layers.
_FORGOTTEN = frozenset(
    {"device", "layout", "memory_format", "pin_memory", "generator", "dropout_p", "dropout", "train", "training"}
)
# What takes from its argument the size at most.
_VALUELESS = frozenset({Kind.SYMBOL, Kind.CREATE, Kind.NOISE})


@dataclass(frozen=True, eq=False)
class Expression:
    """A value: what computes it (`head`, arguments included), from what. Equal keys are equal expressions."""

    key: int
    head: str
    children: tuple["Expression", ...] = ()
    constant: bool = False  # made of random numbers, constants and sizes only: no image and no parameter decides it
    random: bool = False  # random numbers go in


@dataclass
class Reduced:
    """A reduced graph: the output's expression, and the node that first computed each expression."""

    output: Expression
    nodes: dict[int, Node] = field(default_factory=dict)

    def location(self, expression: Expression) -> Location | None:
        """Where the expression, or the nearest one below it that has a place, is computed."""
        for current in _walk(expression):
            node = self.nodes.get(current.key)
            if node is not None and node.location is not None:
                return node.location
        return None

    def leaves(self) -> set[str]:
        """Names of the parameters, buffers and constants that the output depends on."""
        return {current.head for current in _walk(self.output) if not current.children and current.head[:1] in "pbc"}


def _walk(expression: Expression) -> Iterator[Expression]:
    seen: set[int] = set()
    pending = [expression]
    while pending:
        current = pending.pop()
        if current.key not in seen:
            seen.add(current.key)
            yield current
            pending.extend(reversed(current.children))


# Keys are hashes of structure, so that they are comparable between two graphs.
def _expression(
    head: str, children: tuple[Expression, ...] = (), *, constant: bool = False, random: bool = False
) -> Expression:
    key = hash((head, *(child.key for child in children)))
    return Expression(key, head, children, constant, random or any(child.random for child in children))


def reduce_graph(graph: ModelGraph, shapes: Mapping[str, tuple[int, ...]]) -> Reduced:
    """Reduce; `shapes` as `propagate` gives them for the same graph. Raises UnsupportedOperation."""
    return _Reducer(graph, shapes).reduce()


class _Reducer:
    def __init__(self, graph: ModelGraph, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._graph = graph
        self._shapes = shapes
        self._value: dict[str, Expression] = {}  # the current value of a name: operators write in place
        self._before: dict[int, tuple[tuple[int, ...], Expression]] = {}  # batch norm → shape and value before a view
        self._target: dict[str, str] = {}  # name → the name it was written into
        self._nodes: dict[int, Node] = {}
        self._noised: set[str] = set()  # nodes whose noise was taken off

    def reduce(self) -> Reduced:
        """All nodes in order."""
        for node in self._graph.nodes:
            operation = lookup(node)
            expression = self._reduce_node(node, operation)
            self._nodes.setdefault(expression.key, node)
            self._value[node.name] = expression
            if operation.in_place and node.args and isinstance(node.args[0], Reference):
                self._write(node.args[0].ref, node.name, expression)
        return Reduced(self._read(self._graph.output), self._nodes)

    def _write(self, target: str, name: str, expression: Expression) -> None:
        root = self._target.get(target, target)
        self._target[name] = root
        if root[0] in "bc":  # what training leaves in a buffer is a statistic; reading it is reading the buffer
            self._value[name] = self._read(root)
        else:
            for alias in (root, *(other for other, base in self._target.items() if base == root)):
                self._value[alias] = expression

    def _read(self, name: str) -> Expression:
        known = self._value.get(name)
        return known if known is not None else _expression(name, constant=name[0] == "c")

    def _reduce_node(self, node: Node, operation: Operation) -> Expression:
        bound = bind(node)
        if operation.kind in (Kind.DROPOUT, Kind.IDENTITY):
            return self._operand(bound)
        if operation.kind is Kind.BATCH_NORM or operation.short == "instance_norm":
            return self._batch_norm(bound, operation)
        children, words = self._children(bound)
        signal = [child for child in children if not child.constant]
        if (
            operation.short in _NOISY
            and len(signal) == 1
            and any(child.random and child.constant for child in children)
        ):
            self._noised.add(node.name)
            return signal[0]
        if self._rescales(node, operation):
            self._noised.add(node.name)
            return signal[0]
        if operation.short in ("mul", "div") and len(signal) == 1 and bound.get("other") == 1:
            return signal[0]
        if operation.kind is Kind.RESHAPE and len(children) > 0:
            before = self._before.get(children[0].key)
            if before is not None and before[0] == self._shapes.get(node.name):
                return before[1]
        return _expression(
            f"{operation.short}({words})",
            children,
            constant=not signal or operation.kind in _VALUELESS,
            random=operation.kind is Kind.NOISE,
        )

    def _rescales(self, node: Node, operation: Operation) -> bool:
        """The second half of a dropout written by hand: x * mask, then / (1 - p)."""
        if operation.short not in ("mul", "div") or len(node.args) != 2:
            return False
        source, factor = node.args
        plain = type(factor) in (int, float) and 0.05 <= float(factor) <= 20  # type: ignore[arg-type]
        return plain and isinstance(source, Reference) and source.ref in self._noised

    def _operand(self, bound: dict[str, Argument]) -> Expression:
        value = next((value for value in bound.values() if isinstance(value, Reference)), None)
        return self._read(value.ref) if value is not None else _expression("nothing")

    def _batch_norm(self, bound: dict[str, Argument], operation: Operation) -> Expression:
        source = bound["input"]
        value = self._read(source.ref) if isinstance(source, Reference) else _expression("nothing")
        owners = tuple(
            self._owner(bound[name]) for name in ("weight", "bias", "running_mean", "running_var") if name in bound
        )
        head = f"{operation.short}(eps={bound['eps']})"
        plain = _expression(head, (value, *owners))
        node = self._nodes.get(value.key)
        if node is not None and lookup(node).kind is Kind.RESHAPE and value.children:
            inner = _expression(head, (value.children[0], *owners))
            first = node.args[0]
            if isinstance(first, Reference) and first.ref in self._shapes:
                self._before[plain.key] = (self._shapes[first.ref], inner)
        return plain

    def _owner(self, value: Argument) -> Expression:
        """The parameter or buffer itself, where it was repeated or sliced for a split of the batch."""
        if not isinstance(value, Reference):
            return _expression("none")
        expression = self._read(value.ref)
        while expression.children:
            node = self._nodes.get(expression.key)
            if node is None or lookup(node).kind not in _REARRANGED:
                break
            expression = expression.children[0]
        return expression

    def _children(self, bound: dict[str, Argument]) -> tuple[tuple[Expression, ...], str]:
        children: list[Expression] = []
        words: list[str] = []
        for name, value in bound.items():
            if name in _FORGOTTEN:
                continue
            items = value if isinstance(value, tuple) else (value,)
            parts = []
            for item in items:
                if isinstance(item, Reference):
                    children.append(self._read(item.ref))
                    parts.append("·")
                else:
                    parts.append(repr(item))
            words.append(f"{name}={','.join(parts)}")
        return tuple(children), " ".join(words)
