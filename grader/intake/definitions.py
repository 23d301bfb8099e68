"""Where a layer is made: the line of `self.conv1 = nn.Conv2d(…)`, by module path. Read from the syntax tree."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.intake.source import Cell
from grader.intake.tree import SourceTree
from grader.model.submission import Candidate, Location

MOST_PATHS = 200
_MOST_BASES = 6  # classes above a class that are looked through
_LISTS = frozenset({"Sequential", "ModuleList"})


@dataclass(frozen=True, eq=False)
class _Made:
    """An expression that makes a module, and the cell it stands in."""

    cell: Cell
    value: ast.expr


def made_at(tree: SourceTree, candidate: Candidate, paths: Iterable[str]) -> dict[str, Location]:
    """The line that makes the module at each path ("features.0.conv"), as far as the source says it plainly.

    Where a path leads into something that a call makes (`self._block(8, 16)`), it is the line of that call.
    """
    finder = _Finder(tree, candidate)
    found = ((path, finder.place(path)) for path in list(dict.fromkeys(paths))[:MOST_PATHS])
    return {path: place for path, place in found if place is not None}


class _Finder:
    def __init__(self, tree: SourceTree, candidate: Candidate) -> None:
        source = tree.get(candidate.file)
        own = [cell for cell in source.cells if candidate.cell in (None, cell.index)] if source else []
        self._cells = own + [cell for other in tree.sources.values() for cell in other.cells if cell not in own]
        self._classes: dict[str, tuple[Cell, ast.ClassDef]] = {}
        for cell in self._cells:
            for statement in ast.walk(cell.tree):
                if isinstance(statement, ast.ClassDef):
                    self._classes.setdefault(statement.name, (cell, statement))
        self._top = self._start(candidate)

    def place(self, path: str) -> Location | None:
        """The line that makes the module, or the last one on the way that could be found."""
        made, found = self._top, None
        for part in path.split(".") if path else ():
            made = self._part(made, part) if made is not None else None
            if made is None:
                break
            found = made.cell.at(made.value)
        return found

    def _start(self, candidate: Candidate) -> _Made | None:
        """The graded class as if it were called, or what the variable or the factory holds."""
        if candidate.name in self._classes:
            cell, _ = self._classes[candidate.name]
            return _Made(cell, ast.Call(ast.Name(candidate.name), [], []))
        for cell in self._cells:
            for statement in cell.tree.body:
                if isinstance(statement, ast.Assign) and candidate.name in _names(statement.targets):
                    return _Made(cell, statement.value)
                if isinstance(statement, ast.FunctionDef) and statement.name == candidate.name:
                    returned = [one.value for one in ast.walk(statement) if isinstance(one, ast.Return)]
                    if len(returned) == 1 and returned[0] is not None:
                        return _Made(cell, returned[0])
        return None

    def _part(self, made: _Made, part: str) -> _Made | None:
        call = made.value
        if not isinstance(call, ast.Call):
            return None
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in _LISTS and part.isdigit():
            return _item(made.cell, call, int(part))
        if name in self._classes and not (isinstance(call.func, ast.Attribute) and name in _LISTS):
            return self._attribute(name, part)
        return None

    def _attribute(self, name: str, attribute: str) -> _Made | None:
        """What a method of the class, or of one above it, assigns to `self.<attribute>`; the last one."""
        pending, seen = [name], set[str]()
        while pending and len(seen) < _MOST_BASES:
            name = pending.pop(0)
            if name in seen or name not in self._classes:
                continue
            seen.add(name)
            cell, definition = self._classes[name]
            values = [value for target, value in _assignments(definition) if target == attribute]
            if values:
                return _Made(cell, values[-1])
            pending += [getattr(base, "id", getattr(base, "attr", "")) for base in definition.bases]
        return None


def _assignments(definition: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """(attribute, value) of each `self.attribute = value`, by line."""
    found: list[tuple[str, ast.expr]] = []
    for node in ast.walk(definition):
        if isinstance(node, ast.Assign):
            found += [(name, node.value) for name in _attributes(node.targets)]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            found += [(name, node.value) for name in _attributes([node.target])]
    yield from sorted(found, key=lambda item: item[1].lineno)


def _attributes(targets: list[ast.expr]) -> list[str]:
    return [
        target.attr
        for target in targets
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)  # `self`, whatever it is called
    ]


def _names(targets: list[ast.expr]) -> list[str]:
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _item(cell: Cell, call: ast.Call, index: int) -> _Made | None:
    """The item of nn.Sequential(a, b) or nn.ModuleList([a, b]); None where what comes before it is spread out."""
    items = call.args
    if len(items) == 1 and isinstance(items[0], ast.List | ast.Tuple):
        items = items[0].elts
    if index >= len(items) or any(isinstance(item, ast.Starred) for item in items[: index + 1]):
        return None
    return _Made(cell, items[index])
