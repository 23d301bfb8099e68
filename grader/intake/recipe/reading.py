"""What is being read of a recipe: values with their places, what could not be read, notes."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.intake.recipe.plain import Unclear, plain, text_of
from grader.intake.source import Cell
from grader.intake.trace.library_values import LibraryObject
from grader.intake.trace.values import Constant, Value
from grader.model.code_recipe import ReadValue, Unread
from grader.model.submission import Location


@dataclass(frozen=True, eq=False)
class Argument:
    """A value that a call is given, and where."""

    value: Value
    location: Location
    text: str  # the argument's own code


@dataclass(eq=False)
class Reading:
    """Filled part by part."""

    values: list[ReadValue] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, name: str, value: Any, location: Location, text: str = "") -> None:
        """A value that was read."""
        self.values.append(ReadValue(field=name, value=value, location=location, text=text))

    def miss(self, name: str, reason: str, location: Location | None = None) -> None:
        """A field that could not be read, and why."""
        entry = Unread(field=name, reason=reason, location=location)
        if entry not in self.unread:
            self.unread.append(entry)

    def note(self, sentence: str) -> None:
        """Something worth telling."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def take_argument(
        self, name: str, argument: Argument, call: str, convert: Callable[[Value], Any] = plain
    ) -> Any | None:
        """An argument as a value of the recipe, or its reason for being unread; the value that was taken."""
        try:
            value = convert(argument.value)
        except Unclear as problem:
            self.miss(name, f"{problem}: {argument.text}", argument.location)
            return None
        self.take(name, value, argument.location, call)
        return value

    def knows(self, name: str) -> bool:
        """Whether a field was read, or found to be unreadable."""
        return any(one.field == name for one in self.values) or any(one.field == name for one in self.unread)


def arguments_of(made: LibraryObject, order: Sequence[str]) -> dict[str, Argument]:
    """The arguments of a call by their names; `order` names those that may be given by place."""
    found: dict[str, Argument] = {}
    call = made.node if isinstance(made.node, ast.Call) else None
    spread = call is not None and any(isinstance(one, ast.Starred) for one in call.args)
    for position, value in enumerate(made.positional[: len(order)]):
        node = call.args[position] if call is not None and not spread and position < len(call.args) else made.node
        found[order[position]] = _argument(value, made.cell, node)
    keywords = {one.arg: one.value for one in call.keywords if one.arg is not None} if call is not None else {}
    for name, value in made.keywords.items():
        found[name] = _argument(value, made.cell, keywords.get(name, made.node))
    return found


def _argument(value: Value, cell: Cell, node: ast.AST) -> Argument:
    return Argument(value, cell.at(node), text_of(node))


def is_given(argument: Argument | None) -> bool:
    """Whether an argument is there and not None or False."""
    if argument is None:
        return False
    return not (isinstance(argument.value, Constant) and argument.value.value in (None, False))
