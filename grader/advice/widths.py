"""Other widths: layers get other numbers of channels, and all that follow from them are made to fit.

The widths of a map's channels are followed through both graphs; parameters, running statistics and the sizes that a
reshape names are changed where they hang on a width. What is not understood raises `CannotChange`; whether the result
fits together is for `grader.advice.trial` to find out, which runs it on meta tensors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from grader.advice.draft import MODES, CannotChange, Draft
from grader.graph.ops import Kind, bind, lookup
from grader.graph.shapes import propagate
from grader.model.graph import Argument, Export, Node, Reference

Shapes = Mapping[str, tuple[int, ...]]

_KEEPS_CHANNELS = frozenset({
    Kind.AVERAGE_POOL, Kind.MAX_POOL, Kind.ADAPTIVE_AVERAGE_POOL, Kind.ADAPTIVE_MAX_POOL, Kind.DROPOUT, Kind.ACTIVATION,
    Kind.PAD, Kind.UPSAMPLE, Kind.IDENTITY, Kind.REDUCE, Kind.SOFTMAX, Kind.SLICE,
})  # fmt: skip
_MOST_AXES = 8


class Together(CannotChange):
    """Two widths have to stay equal: the layers in `makers` can only change together."""

    def __init__(self, makers: frozenset[str]) -> None:
        super().__init__("their sum needs equal widths")
        self.makers = makers


@dataclass(frozen=True)
class Width:
    """The one axis of a value whose size hangs on layers: before and after, and the weights that decide it."""

    axis: int
    old: int
    new: int
    makers: frozenset[str] = frozenset()

    @property
    def changed(self) -> bool:
        """Whether anything downstream has to change."""
        return self.old != self.new


@dataclass(frozen=True)
class Plan:
    """An export and the shapes of its values in both modes."""

    export: Export
    shapes: Mapping[str, Shapes]

    def widths(self) -> dict[str, int]:
        """Outputs of every layer whose width can be chosen, by the name of its weight: not those of the last layer."""
        walks = [_Walk(self, Draft(self.export), mode, {}) for mode in MODES]
        fixed = frozenset[str]().union(*(walk.run().makers for walk in walks))
        makers = frozenset[str]().union(*(walk.chosen for walk in walks)) - fixed
        return {name: self.export.graphs.parameters[name].shape[0] for name in sorted(makers, key=_number)}

    def resized(self, widths: Mapping[str, int]) -> Draft:
        """The export with other widths. Raises CannotChange, as Together where more layers have to change with them."""
        draft = Draft(self.export)
        for mode in MODES:
            if _Walk(self, draft, mode, widths).run().changed:
                raise CannotChange("the number of classes would change")
        return draft


def plan(export: Export) -> Plan:
    """Find the shapes. Raises SubmissionError as `propagate` does."""
    return Plan(export, {"train": propagate(export, "train"), "eval": propagate(export, "eval")})


class _Walk:
    def __init__(self, given: Plan, draft: Draft, mode: str, widths: Mapping[str, int]) -> None:
        self._shapes, self._draft, self._mode, self._widths = given.shapes[mode], draft, mode, widths
        self._found: dict[str, Width] = {}
        self.chosen: set[str] = set()

    def run(self) -> Width:
        """Change what follows from the widths; the width of the output."""
        for node in list(self._draft.nodes[self._mode]):
            kind = lookup(node).kind
            if kind in (Kind.SYMBOL, Kind.CREATE):
                self._refuse_changed(node)  # a size that is asked for by name
                continue
            found = self._width(node, kind, bind(node))
            if found is not None:
                self._found[node.name] = found
        return self._found.get(self._draft.outputs[self._mode], Width(0, 0, 0))

    def _width(self, node: Node, kind: Kind, given: dict[str, Argument]) -> Width | None:
        match kind:
            case Kind.CONVOLUTION:
                return self._convolution(node, given)
            case Kind.LINEAR if "weight" in given:
                return self._linear(node, given)
            case Kind.BATCH_NORM:
                return self._norm(given)
            case Kind.RESHAPE:
                return self._reshape(node, given)
            case Kind.ELEMENTWISE:
                return self._together(node, given)
            case Kind.CONCATENATE:
                return self._concatenated(node, given)
            case Kind.GETITEM if _picks_first(given):
                return self._kept(node, given)
            case _ if kind in _KEEPS_CHANNELS:
                return self._kept(node, given)
        self._refuse_changed(node)
        return None

    def _convolution(self, node: Node, given: dict[str, Argument]) -> Width | None:
        source, weight = self._of(given["input"]), _reference(given["weight"])
        groups = given.get("groups", 1)
        if weight not in self._draft.parameters or not isinstance(groups, int):
            self._refuse_changed(node)
            return None
        old_out, per_group, *kernel = self._shape(weight)
        old_in = per_group * groups
        new_in = source.new if source else old_in
        if source is not None and source.changed and (source.axis != 1 or source.old != old_in):
            raise CannotChange("the convolution reads another axis")
        if groups == 1:
            self.chosen.add(weight)
            out, makers = self._widths.get(weight, old_out), frozenset({weight})
            self._draft.resize(weight, (out, new_in, *kernel))
        elif groups == old_in:  # depthwise: as many kernels for each channel as before
            out, makers = new_in * (old_out // old_in), source.makers if source else frozenset()
            self._draft.resize(weight, (out, 1, *kernel))
            if new_in != old_in:
                self._draft.set_argument(self._mode, node.name, "groups", new_in)
        elif new_in == old_in:
            out, makers = old_out, frozenset({weight})
        else:
            raise CannotChange("the groups of the convolution would not come out even")
        if isinstance(given.get("bias"), Reference):
            self._draft.resize(_reference(given["bias"]), (out,))
        return Width(1, old_out, out, makers)

    def _linear(self, node: Node, given: dict[str, Argument]) -> Width | None:
        source, weight = self._of(given["input"]), _reference(given["weight"])
        if weight not in self._draft.parameters:
            self._refuse_changed(node)
            return None
        old_out, old_in = self._shape(weight)
        last = len(self._shapes[node.name]) - 1
        if source is not None and source.changed and source.axis != last:
            raise CannotChange("the linear layer reads another axis")
        out = self._widths.get(weight, old_out)
        self.chosen.add(weight)
        self._draft.resize(weight, (out, source.new if source and source.axis == last else old_in))
        if isinstance(given.get("bias"), Reference):
            self._draft.resize(_reference(given["bias"]), (out,))
        return Width(last, old_out, out, frozenset({weight}))

    def _norm(self, given: dict[str, Argument]) -> Width | None:
        source = self._of(given["input"])
        if source is not None and source.changed:
            if source.axis != 1:
                raise CannotChange("the norm is over another axis")
            for name in ("weight", "bias", "running_mean", "running_var"):
                if isinstance(given.get(name), Reference):
                    self._draft.resize(_reference(given[name]), (source.new,))
        return source

    def _kept(self, node: Node, given: dict[str, Argument]) -> Width | None:
        """Every axis before the changed one stays, and so does the changed one."""
        self._refuse_others(node, given)
        source = self._of(given.get("self", given.get("input", given.get("a"))))
        if source is None:
            return None
        shape = self._shapes.get(node.name) or self._shapes.get(f"{node.name}.0", ())
        if source.axis < len(shape) and shape[source.axis] == source.old:
            return source
        if source.changed:
            raise CannotChange("the channels are mixed or reduced")
        return None

    def _refuse_others(self, node: Node, given: dict[str, Argument]) -> None:
        """An operand besides the map, such as the slopes of a PReLU, would have to fit."""
        for name, value in given.items():
            if name not in ("self", "input", "a") and isinstance(value, Reference):
                shape = self._shapes.get(value.ref, ())
                if self._changed(value) or (prod(shape) > 1 and self._any_changed(node)):
                    raise CannotChange("something else would have to fit")

    def _reshape(self, node: Node, given: dict[str, Argument]) -> Width | None:
        source = self._of(given.get("self", given.get("input")))
        if source is None:
            return None
        before, after = self._shapes[_reference(given.get("self", given.get("input")))], self._shapes[node.name]
        axis = _moved(before, after, source.axis)
        if axis is None:
            if source.changed:
                raise CannotChange("the channels are spread over several axes")
            return None
        new, rest = divmod(after[axis] * source.new, source.old)
        if rest:
            raise CannotChange("the sizes would not come out even")
        self._name_size(node, given, axis, after, new)
        return Width(axis, after[axis], new, source.makers)

    def _name_size(self, node: Node, given: dict[str, Argument], axis: int, after: tuple[int, ...], new: int) -> None:
        """Where the reshape names the size of the axis, another one."""
        for name in ("size", "shape"):
            sizes = given.get(name)
            if isinstance(sizes, tuple) and len(sizes) == len(after) and sizes[axis] == after[axis]:
                changed = (*sizes[:axis], new, *sizes[axis + 1 :])
                self._draft.set_argument(self._mode, node.name, name, changed)

    def _together(self, node: Node, given: dict[str, Argument]) -> Width | None:
        """Value by value: all that have the axis need the same width; what has one element there fits any."""
        shape = self._shapes.get(node.name, ())
        found = []
        for value in given.values():
            if not isinstance(value, Reference):
                continue
            own = self._shapes.get(value.ref, ())
            width = self._of(value)
            offset = len(shape) - len(own)
            if width is not None:
                found.append(Width(width.axis + offset, width.old, width.new, width.makers))
            elif prod(own) > 1:
                found.append(Width(-1, 0, 0))  # of no layer: fits only what stays as it is
        wide = [width for width in found if width.axis >= 0 and width.old == shape[width.axis]]
        others = [width for width in found if width not in wide]
        if any(width.changed for width in found) and others:
            raise CannotChange("something else would have to fit")
        if not wide:
            return None
        makers = frozenset[str]().union(*(width.makers for width in wide))
        if len({(width.axis, width.new) for width in wide}) > 1:
            raise Together(makers)
        return Width(wide[0].axis, wide[0].old, wide[0].new, makers)

    def _concatenated(self, node: Node, given: dict[str, Argument]) -> Width | None:
        tensors = given.get("tensors")
        if not isinstance(tensors, tuple):
            raise CannotChange("it joins what can't be told")
        widths = [self._of(value) for value in tensors]
        axis = given.get("dim", 0)
        shape = self._shapes[node.name]
        if not any(width and width.changed for width in widths):
            return None
        if not isinstance(axis, int) or any(width is None or width.axis != axis % len(shape) for width in widths):
            raise CannotChange("it joins along another axis")
        known = [width for width in widths if width is not None]
        # No layer alone decides the sum, so nothing can be changed together with it.
        return Width(known[0].axis, sum(width.old for width in known), sum(width.new for width in known))

    def _of(self, value: Argument | None) -> Width | None:
        return self._found.get(value.ref) if isinstance(value, Reference) else None

    def _shape(self, name: str) -> tuple[int, ...]:
        return self._shapes[name]

    def _changed(self, value: Argument | None) -> bool:
        width = self._of(value)
        return width is not None and width.changed

    def _any_changed(self, node: Node) -> bool:
        flat = [item for value in bind(node).values() for item in (value if isinstance(value, tuple) else (value,))]
        return any(self._changed(value) for value in flat)

    def _refuse_changed(self, node: Node) -> None:
        if self._any_changed(node) and not _asks_for_batch(node):
            raise CannotChange(f"{node.op} is not followed")


def _moved(before: tuple[int, ...], after: tuple[int, ...], axis: int) -> int | None:
    """The axis of `after` that holds all of `axis`, and what follows it at most; None where it is spread."""
    left = prod(before[:axis])
    for place in range(min(len(after), _MOST_AXES)):
        if prod(after[:place]) == left and after[place] % before[axis] == 0 and after[place] > 1:
            return place
    return None


def _picks_first(given: dict[str, Argument]) -> bool:
    """Whether it is the first result that is picked: of a pool, that is the maxima."""
    return given.get("b") == 0


def _asks_for_batch(node: Node) -> bool:
    """Whether it is the size of the first axis that is asked for."""
    return node.op == "aten.sym_size.int" and node.args[1:] == (0,)


def _reference(value: Argument | None) -> str:
    if not isinstance(value, Reference):
        raise CannotChange("it is no tensor")
    return value.ref


def _number(name: str) -> int:
    return int(name[1:])
