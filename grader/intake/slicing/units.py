"""A module's statements as units that can be taken or left, each with the names it gives and the names it uses."""

import ast
from dataclasses import dataclass
from typing import Literal

from grader.intake.slicing.lift import LOCAL, is_liftable, trains_or_reads
from grader.intake.slicing.names import NONE, Uses, uses
from grader.intake.slicing.text import Piece, kept_text, statement_text
from grader.intake.source import Cell, Source

MUTATING = frozenset(
    {"append", "extend", "insert", "update", "setdefault", "add", "remove", "pop", "clear", "add_module"}
)

Kind = Literal["import", "star", "definition", "assignment", "compound", "change", "future"]


@dataclass(frozen=True, eq=False)
class Unit:
    """One statement (or one name of an import). `order` is its place in the running order."""

    order: int
    cell: Cell
    node: ast.stmt
    kind: Kind
    gives: frozenset[str]
    uses: Uses
    piece: Piece
    alias: ast.alias | None = None  # of an import
    liftable: bool = True


def split(source: Source) -> list[Unit]:
    """The units of a module in running order; what runs only as a program (`if __name__ == …`) is left out."""
    statements = [
        (cell, node) for cell in source.cells if not (cell.writes and source.is_notebook) for node in cell.tree.body
    ]
    imported = _imported([node for _, node in statements])
    local = frozenset(
        node.name
        for _, statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.ClassDef)
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not trains_or_reads(node, imported))
    )
    units: list[Unit] = []
    for cell, node in statements:
        for unit in _units(cell, node, imported, local):
            units.append(unit(len(units)))
    return units


class _Draft:
    """A unit that waits for its order."""

    def __init__(
        self, cell: Cell, node: ast.stmt, kind: Kind, gives: set[str], piece: Piece, *,
        alias: ast.alias | None = None, liftable: bool = True, looks_up: Uses | None = None,
    ) -> None:  # fmt: skip
        self._cell, self._node, self._kind, self._gives, self._piece = cell, node, kind, frozenset(gives), piece
        self._alias, self._liftable, self._uses = alias, liftable, looks_up

    def __call__(self, order: int) -> Unit:
        looks_up = uses(self._piece.standing_alone()) if self._uses is None else self._uses
        return Unit(
            order, self._cell, self._node, self._kind, self._gives, looks_up, self._piece, self._alias, self._liftable
        )


def _units(cell: Cell, node: ast.stmt, imported: dict[str, str], local: frozenset[str]) -> list[_Draft]:
    match node:
        case ast.Import() | ast.ImportFrom():
            return [_import(cell, node, alias) for alias in node.names]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [_Draft(cell, node, "definition", {node.name}, statement_text(cell, node))]
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return [_assignment(cell, node, imported, local)]
        case ast.If() | ast.Try() | ast.With():
            return _compound(cell, node, imported, local)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))) if method in MUTATING:
            fine = is_liftable(node.value, imported, local)
            return [_Draft(cell, node, "change", {name}, statement_text(cell, node), liftable=fine)]
    return []


def _import(cell: Cell, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> _Draft:
    piece = Piece(node.lineno, (ast.unparse(_with_alias(node, alias)),))
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return _Draft(cell, node, "future", set(), piece, alias=alias, looks_up=NONE)
    if alias.name == "*":
        return _Draft(cell, node, "star", set(), piece, alias=alias, looks_up=NONE)
    return _Draft(cell, node, "import", {bound_name(node, alias)}, piece, alias=alias, looks_up=NONE)


def bound_name(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """The name that an import binds."""
    if alias.asname:
        return alias.asname
    return alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name


def _with_alias(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import(names=[alias])
    return ast.ImportFrom(module=node.module, names=[alias], level=node.level)


def _assignment(
    cell: Cell, node: ast.Assign | ast.AnnAssign | ast.AugAssign, imported: dict[str, str], local: frozenset[str]
) -> _Draft:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = {inner.id for target in targets for inner in _targets(target)}
    fine = is_liftable(node.value, imported, local)
    piece = statement_text(cell, node)
    changed = {root for target in targets if (root := _root_of(target)) is not None}
    if isinstance(node, ast.AugAssign) or (changed and not names):
        return _Draft(cell, node, "change", changed or names, piece, liftable=fine)
    return _Draft(cell, node, "assignment", names, piece, liftable=fine)


def _targets(target: ast.expr) -> list[ast.Name]:
    if isinstance(target, ast.Name):
        return [target]
    if isinstance(target, ast.Tuple | ast.List):
        return [name for element in target.elts for name in _targets(element)]
    return _targets(target.value) if isinstance(target, ast.Starred) else []


def _root_of(target: ast.expr) -> str | None:
    """`cfg` of `cfg["x"].y = …`."""
    if isinstance(target, ast.Name | ast.Tuple | ast.List):
        return None
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None


def _compound(
    cell: Cell, node: ast.If | ast.Try | ast.With, imported: dict[str, str], local: frozenset[str]
) -> list[_Draft]:
    """An `if` or `try` that defines something, with what is not plain replaced by `pass`."""
    if isinstance(node, ast.If) and _is_main_guard(node):
        return []
    dropped: list[ast.stmt] = []
    gives = _given_inside(node, dropped, imported, local)
    if not gives:
        return []
    heads = [node.test] if isinstance(node, ast.If) else []
    heads += [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
    fine = all(is_liftable(head, imported, local) for head in heads)
    return [_Draft(cell, node, "compound", gives, kept_text(cell, node, dropped), liftable=fine)]


def _given_inside(node: ast.stmt, dropped: list[ast.stmt], imported: dict[str, str], local: frozenset[str]) -> set[str]:
    """The names that the plain statements inside give; the others are put into `dropped`."""
    gives: set[str] = set()
    for statement in _inner_statements(node):
        if isinstance(statement, ast.If | ast.Try | ast.With):
            gives |= _given_inside(statement, dropped, imported, local)
            continue
        if isinstance(statement, ast.Pass | ast.Raise):
            continue
        drafts = _units(cell=_NOWHERE, node=statement, imported=imported, local=local)
        units = [draft(0) for draft in drafts]
        if units and all(unit.liftable for unit in units):
            gives |= {name for unit in units for name in unit.gives}
        else:
            dropped.append(statement)
    return gives


def _inner_statements(node: ast.stmt) -> list[ast.stmt]:
    inner: list[ast.stmt] = []
    for block in ("body", "orelse", "finalbody"):
        inner += getattr(node, block, [])
    for handler in getattr(node, "handlers", []):
        inner += handler.body
    return inner


def _is_main_guard(node: ast.If) -> bool:
    if not isinstance(node.test, ast.Compare):
        return False
    parts = [node.test.left, *node.test.comparators]
    return any(isinstance(part, ast.Name) and part.id == "__name__" for part in parts)


def _imported(statements: list[ast.stmt]) -> dict[str, str]:
    """What each imported name stands for, wherever the import is."""
    found: dict[str, str] = {}
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[bound_name(node, alias)] = alias.name if alias.asname else alias.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    base = LOCAL if node.level else node.module or ""
                    found[bound_name(node, alias)] = f"{base}.{alias.name}"
    return found


_NOWHERE = Cell("", None, "", ast.Module(body=[], type_ignores=[]))
