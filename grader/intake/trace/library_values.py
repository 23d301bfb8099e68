"""Values that training code handles beside models: a library's objects, ranges, numbers of batches, CUDA."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.intake.source import Cell
from grader.intake.trace.values import UNKNOWN, Constant, Value


@dataclass(eq=False)
class LibraryObject(Value):
    """What a call of an outside library's class or function gives: an optimizer, a loader, a transform, a loss."""

    path: str  # of what was called, e.g. "torch.optim.SGD"
    positional: Sequence[Value]
    keywords: Mapping[str, Value]
    cell: Cell
    node: ast.AST  # the call
    attributes: dict[str, Value] = field(default_factory=dict)  # what the code set on it later
    part: int | None = None  # of several objects that one call gives, which

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rsplit(".", 1)[-1]

    def argument(self, position: int, name: str) -> Value | None:
        """An argument by its place or its name; None where it was left out."""
        if name in self.keywords:
            return self.keywords[name]
        return self.positional[position] if position < len(self.positional) else None


@dataclass(eq=False)
class Range(Value):
    """`range(start, stop, step)` in training code, which is followed once; `stop` may be unknown."""

    start: Value
    stop: Value
    step: Value
    shuffled: bool = False

    def count(self) -> int | None:
        """How many numbers it has."""
        numbers = _whole(self.start, self.stop, self.step)
        return len(range(*numbers)) if len(numbers) == 3 and numbers[2] != 0 else None

    def sliced(self, ends: Sequence[Value]) -> Value:
        """`range(…)[lower:upper:step]`; UNKNOWN where an end is not plain."""
        own = _whole(self.start, self.stop, self.step)
        bounds = [end.value for end in ends if isinstance(end, Constant) and isinstance(end.value, int | None)]
        if len(own) != 3 or len(bounds) != 3 or 0 in (own[2], bounds[2]):
            return UNKNOWN
        part = range(*own)[slice(*bounds)]
        return Range(Constant(part.start), Constant(part.stop), Constant(part.step), self.shuffled)


def _whole(*values: Value) -> list[int]:
    return [value.value for value in values if isinstance(value, Constant) and isinstance(value.value, int)]


@dataclass(frozen=True)
class Batches(Value):
    """So many times the number of batches in an epoch, e.g. `EPOCHS * len(train_loader)`."""

    times: int | float


@dataclass(frozen=True, eq=False)
class Mixed(Value):
    """An operation on a library's object: a loss with a penalty added to it, two data sets joined."""

    operator: ast.operator
    parts: tuple[Value, ...]
    cell: Cell
    node: ast.AST


@dataclass(frozen=True)
class Cuda(Value):
    """`torch.cuda.is_available()`: code is read as on a machine with a GPU."""


CUDA = Cuda()


@dataclass(frozen=True)
class Option(Value):
    """A word or a switch of the command line: its default, unless another is asked for when the program is started.

    Which model is meant can hang on it, so a branch on it is followed both ways, and its default's side is remembered.
    """

    default: str | bool


@dataclass(frozen=True)
class Presumed(Value):
    """A test of an option: what it gives with the default."""

    value: bool


def presume(value: Value) -> Value:
    """An option, or a test of one, as it is by default; any other value as it is."""
    match value:
        case Option(default=default):
            return Constant(default)
        case Presumed(value=known):
            return Constant(known)
    return value
