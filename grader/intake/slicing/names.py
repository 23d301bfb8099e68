"""The global names that a piece of source uses: at once, or only when its functions are called."""

import ast
import builtins
import symtable
import warnings
from dataclasses import dataclass

_COMPREHENSIONS = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})
BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__class__", "__doc__"}


@dataclass(frozen=True)
class Uses:
    """Names by when they are looked up."""

    at_once: frozenset[str]  # bases, decorators, defaults, class bodies, right-hand sides
    when_called: frozenset[str]  # bodies of functions


NONE = Uses(frozenset(), frozenset())


def uses(source: str) -> Uses:
    """What a piece of module-level source looks up outside itself; builtins are left out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = symtable.symtable(source, "slice", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return NONE
    now: set[str] = set()
    later: set[str] = set()
    _collect(table, now, later, deferred=False, top=True)
    return Uses(frozenset(now - BUILTINS), frozenset(later - BUILTINS))


def attribute_paths(node: ast.AST, name: str) -> set[tuple[str, ...]]:
    """The attribute chains that follow a name: `a.b.c` gives `("b", "c")`; the bare name gives `()`."""
    found: set[tuple[str, ...]] = set()
    inner: set[int] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and id(one) not in inner:
            chain: list[str] = []
            part: ast.expr = one
            while isinstance(part, ast.Attribute):
                inner.add(id(part))
                chain.append(part.attr)
                part = part.value
            if isinstance(part, ast.Name):
                inner.add(id(part))
                if part.id == name:
                    found.add(tuple(reversed(chain)))
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and one.id == name and id(one) not in inner:
            found.add(())
    return found


def _collect(table: symtable.SymbolTable, now: set[str], later: set[str], *, deferred: bool, top: bool) -> None:
    for symbol in table.get_symbols():
        looked_up = symbol.is_referenced() and (symbol.is_global() or (top and not symbol.is_parameter()))
        if looked_up and not (top and symbol.is_imported()):
            (later if deferred else now).add(symbol.get_name())
    for child in table.get_children():
        is_function = child.get_type() == "function" and child.get_name() not in _COMPREHENSIONS
        _collect(child, now, later, deferred=deferred or is_function, top=False)
