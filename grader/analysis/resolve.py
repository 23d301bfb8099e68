"""Which value each operator of a graph really reads.

A graph names values, but operators write in place: after `x.relu_()` every reader of `x`, and of a view of `x`, reads
what `relu_` left. Here every read is resolved to the call that wrote what is read (static single assignment form).
"""

from collections.abc import Mapping

from grader.analysis.flow import Call, Flow, Shape, Value
from grader.graph.ops import Kind, Operation, bind, lookup
from grader.model.graph import Argument, ModelGraph, Node, Reference

# Arguments of which an operator takes the shape, the type or the device only.
_TAKES_FORM_ONLY = {"view_as", "expand_as", "reshape_as", "type_as", "to"}
_RANDOM_OF_FORM = {"randn_like", "rand_like", "randint_like"}


def resolve(graph: ModelGraph, shapes: Mapping[str, Shape]) -> Flow:
    """Resolve all reads; `shapes` as `propagate` gives them for the graph. What is live is not known yet."""
    return _Resolver(graph, shapes).resolve()


class _Resolver:
    def __init__(self, graph: ModelGraph, shapes: Mapping[str, Shape]) -> None:
        self._graph = graph
        self._shapes = shapes
        self._root: dict[str, str] = {}  # a view → whose memory it shares
        self._written: dict[str, list[tuple[str, str]]] = {}  # memory → (name written to, call), in order
        self._born: dict[str, int] = {}  # name → how often its memory had been written to when it was made
        self._place: dict[str, str] = {}  # name → the name of the very same elements of that memory
        self._views: dict[tuple[str, ...], str] = {}  # what a part is cut from, and how → its first name
        self._sizes: dict[str, int | float] = {}

    def resolve(self) -> Flow:
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
            place = self._place.get(first.ref, first.ref)
            if call.operation.in_place or self._is_whole(call, first.ref):
                self._place[call.name] = place
            elif call.kind is Kind.SLICE:
                cut = (place, call.operation.name, *(repr(value) for value in list(call.arguments.values())[1:]))
                self._place[call.name] = self._views.setdefault(cut, call.name)
            if call.operation.in_place:
                self._written.setdefault(root, []).append((first.ref, call.name))
            self._born[call.name] = len(self._written.get(root, ()))

    def _is_whole(self, call: Call, source: str) -> bool:
        """Whether a view holds all elements of `source` in the same shape."""
        plain = call.kind in (Kind.IDENTITY, Kind.DROPOUT, Kind.RESHAPE) or call.operation.short == "slice"
        return plain and self._shapes.get(call.name) == self._shapes.get(source)

    def _read(self, name: str) -> Value:
        """The value that `name` holds now."""
        writes = self._written.get(self._root.get(name, name), [])[self._born.get(name, 0) :]
        current = name
        touched: dict[str, str] = {}  # part of the memory → who wrote to it last
        for target, writer in writes:
            place = self._place.get(target, target)
            if place == self._place.get(name, name):
                current, touched = writer, {}
            else:
                touched.pop(place, None)
                touched[place] = writer
        return Value(current, tuple(touched.values()))


def _takes_form_only(operation: Operation, argument: str) -> bool:
    if operation.kind in (Kind.CREATE, Kind.SYMBOL) or operation.short in _RANDOM_OF_FORM:
        return True
    return argument == "other" and operation.short in _TAKES_FORM_ONLY


def _is_view(call: Call) -> bool:
    if call.kind is Kind.DROPOUT:  # hands its argument on where it does nothing
        return call.arguments.get("train") is False
    return call.kind is Kind.GETITEM or any(argument.aliases for argument in call.operation.arguments)
