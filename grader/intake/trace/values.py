"""What an expression may stand for while the code is followed. Nothing here is a student's object."""

import ast
from dataclasses import dataclass, field

from grader.intake.source import Cell, Source
from grader.model.submission import Location


class Value:
    """What is known of an expression; this base itself means: nothing."""


UNKNOWN = Value()


@dataclass(frozen=True)
class Constant(Value):
    """A plain Python constant."""

    value: int | float | str | bool | bytes | complex | None


@dataclass(frozen=True)
class External(Value):
    """Something imported from outside the submission, by its dotted path, e.g. `torch.nn.Module`."""

    path: str


@dataclass(eq=False)
class Scope:
    """A namespace and the one around it."""

    names: dict[str, Value] = field(default_factory=dict)
    parent: "Scope | None" = None
    stars: list[str] = field(default_factory=list)  # external modules that were imported with a star

    def lookup(self, name: str) -> Value | None:
        """The innermost binding."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    @property
    def outermost(self) -> "Scope":
        """The module's own namespace."""
        return self if self.parent is None else self.parent.outermost


@dataclass(eq=False)
class ModuleValue(Value):
    """A local module; `source` is None for a package folder without `__init__.py`."""

    name: str
    source: Source | None
    scope: Scope = field(default_factory=Scope)


@dataclass(eq=False)
class ClassValue(Value):
    """A local class."""

    node: ast.ClassDef
    cell: Cell
    module: ModuleValue
    scope: Scope  # what the methods see
    bases: tuple[Value, ...]
    names: dict[str, Value]  # the class body's
    function: "FunctionValue | None" = None  # the function that defines it
    maker: str | None = None  # the call that gives this class, where a function returned it

    def ancestors(self) -> "list[ClassValue]":
        """This class and its local bases, depth first."""
        found: dict[ClassValue, None] = {}
        pending = [self]
        while pending:
            one = pending.pop()
            if one not in found:
                found[one] = None
                pending += [base for base in reversed(one.bases) if isinstance(base, ClassValue)]
        return list(found)

    def find(self, name: str) -> "tuple[Value, ClassValue] | None":
        """An attribute and the class that defines it."""
        for owner in self.ancestors():
            if name in owner.names:
                return owner.names[name], owner
        return None

    @property
    def external_base(self) -> str | None:
        """The first base that is not local, by its path."""
        for owner in self.ancestors():
            for base in owner.bases:
                if isinstance(base, External):
                    return base.path
        return None


@dataclass(eq=False)
class FunctionValue(Value):
    """A local function; `bound` is the instance of a bound method, `owner` the class that defines it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    cell: Cell
    module: ModuleValue
    scope: Scope
    defaults: tuple[Value, ...] = ()
    keyword_defaults: tuple[Value | None, ...] = ()
    bound: Value | None = None
    owner: ClassValue | None = None


@dataclass(eq=False)
class Instance(Value):
    """An object of a local class."""

    kind: ClassValue
    attributes: dict[str, Value] = field(default_factory=dict)
    site: Location | None = None  # where it was built
    build: str | None = None  # the expression that builds it, where its arguments are plain
    complete: bool = True  # False: arguments that could not be told were left to their defaults
    certain: bool = True  # False: its attributes depend on a branch that could not be decided


@dataclass(eq=False)
class Layer(Value):
    """An object of a class of torch.nn (or a parameter tensor)."""

    path: str
    parameters: int | None = 0  # its own; None where they can't be told
    children: list[Value] = field(default_factory=list)
    inputs: int | None = None  # in_channels or in_features, of layers that have weights
    outputs: int | None = None
    cell: Cell | None = None
    line: int | None = None
    origin: "Origin | None" = None  # the function that returned it first, or the variable that holds it


@dataclass(frozen=True, eq=False)
class Origin:
    """A function that returns a model, or a variable of a module that holds one."""

    name: str
    node: ast.stmt
    cell: Cell
    build: str | None  # the expression that gives the model


@dataclass(eq=False)
class Collection(Value):
    """A list, tuple, set or dict (then with keys)."""

    items: list[Value]
    keys: list[Value] | None = None
    over: Value = field(default_factory=lambda: UNKNOWN)  # of `enumerate(loader)` the loader


@dataclass(frozen=True, eq=False)
class TensorShape(Value):
    """A tensor of a known shape."""

    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Parameters(Value):
    """`model.parameters()`, or something that holds it."""

    owner: Value


@dataclass(frozen=True, eq=False)
class Method(Value):
    """An attribute of a value whose code is not local."""

    owner: Value
    name: str


@dataclass(frozen=True, eq=False)
class Super(Value):
    """`super()` inside a method of `owner`."""

    instance: Value
    owner: ClassValue


@dataclass(frozen=True, eq=False)
class Choice(Value):
    """One of several, depending on a branch that could not be decided."""

    options: tuple[Value, ...]


def choice(*values: Value) -> Value:
    """The values as one, flat and without repeats."""
    flat: list[Value] = []
    for value in values:
        for option in value.options if isinstance(value, Choice) else (value,):
            if not any(option is seen or (isinstance(option, Constant | External) and option == seen) for seen in flat):
                flat.append(option)
    known = [value for value in flat if value is not UNKNOWN]
    if not known:
        return UNKNOWN
    return known[0] if len(known) == 1 and len(flat) == 1 else Choice(tuple(known[:64]))


def options(value: Value) -> tuple[Value, ...]:
    """The possible values."""
    return value.options if isinstance(value, Choice) else (value,)
