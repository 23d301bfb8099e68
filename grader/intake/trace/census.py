"""Counting a followed model: parameters, first inputs, last outputs. A hint for choosing; the graph measures."""

from dataclasses import dataclass

from grader.intake.trace.values import Collection, Instance, Layer, Value


@dataclass(frozen=True)
class Census:
    """What the constructor told."""

    parameters: int | None  # None where an argument or a branch can't be told
    inputs: int | None  # of the first layer with weights, as registered
    outputs: tuple[int, ...]  # of every layer with weights, as registered

    def fits(self, channels: int, pixels: int, classes: int) -> bool | None:
        """Whether it may map such an image to such classes; None where the layers don't tell."""
        if self.inputs is None or not self.outputs:
            return None
        return self.inputs in (channels, pixels) and classes in self.outputs


def census(model: Value) -> Census:
    """Count a model that was built while following the code."""
    count = _Count()
    count.visit(model)
    return Census(
        count.parameters if count.clear else None,
        count.sizes[0][0] if count.sizes else None,
        tuple(outputs for _, outputs in count.sizes),
    )


class _Count:
    def __init__(self) -> None:
        self.parameters = 0
        self.clear = True
        self.sizes: list[tuple[int, int]] = []
        self._seen: set[int] = set()

    def visit(self, value: Value) -> None:
        """Add a value's layers, each once."""
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, Layer):
            if value.parameters is None:
                self.clear = False
            self.parameters += value.parameters or 0
            if value.inputs is not None:
                self.sizes.append((value.inputs, value.outputs if value.outputs is not None else -1))
            for child in value.children:
                self._visit_contained(child)
        elif isinstance(value, Instance):
            self.clear = self.clear and value.certain
            for child in value.attributes.values():
                if isinstance(child, Layer | Instance):
                    self.visit(child)

    def _visit_contained(self, child: Value) -> None:
        """A container's item; `("name", layer)` pairs come from an OrderedDict."""
        if isinstance(child, Collection):
            for item in child.items:
                if isinstance(item, Layer | Instance):
                    self.visit(item)
        elif isinstance(child, Layer | Instance):
            self.visit(child)
        else:
            self.clear = False
