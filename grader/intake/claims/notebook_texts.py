"""A notebook's markdown cells and printed outputs, and whose model each cell works on."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from grader.intake.links import crosses_link
from grader.intake.notebook import MOST_CELLS, MOST_NOTEBOOK_BYTES, load_notebook, raw_cells
from grader.intake.python_text import UnreadablePython, parse_cell

OUTPUT_HEAD, OUTPUT_TAIL = 100_000, 200_000  # characters kept of a cell's output
MOST_TEXT = 4_000_000  # characters of outputs and markdown in all
ESCAPES = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")


@dataclass(frozen=True)
class Page:
    """A cell: its text, and for code what it printed."""

    index: int
    kind: Literal["code", "markdown"]
    source: str
    output: str = ""


@dataclass(frozen=True)
class Ownership:
    """Whose model a cell works on: the class's name, where one can be told, and whether that is the graded one."""

    about: Literal["graded", "other", "unknown"]
    subject: str = ""


def read_pages(path: Path, file: str, checkout: Path) -> tuple[list[Page], tuple[str, ...]]:
    """The cells of a notebook in their order on the page; what was left out is said in a sentence each."""
    try:
        if crosses_link(path, checkout) or not path.is_file() or path.stat().st_size > MOST_NOTEBOOK_BYTES:
            return [], ()
        cells = raw_cells(load_notebook(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return [], ()  # discovery has said so
    pages: list[Page] = []
    notes: list[str] = []
    left = MOST_TEXT
    for index, item in enumerate((cells or [])[:MOST_CELLS]):
        if not isinstance(item, dict) or item.get("cell_type") not in ("code", "markdown"):
            continue
        source = _joined(item.get("source", item.get("input", "")))
        output, cut = _output(item) if item["cell_type"] == "code" else ("", False)
        left -= len(output) + (len(source) if item["cell_type"] == "markdown" else 0)
        if left < 0:
            notes.append(
                f"{file} prints more than {MOST_TEXT // 10**6} million characters;"
                f" from cell {index} on they were not read."
            )
            break
        if cut:
            notes.append(f"{file}: cell {index} prints very much; the middle of its output was not read.")
        pages.append(Page(index, item["cell_type"], source, output))
    return pages, tuple(notes)


def owners(
    pages: Sequence[Page], name: str, cell: int | None, module: str, classes: frozenset[str]
) -> Mapping[int, Ownership]:
    """Whose model each code cell works on, for the class `name` defined in `cell` (None: imported from `module`).

    A cell that uses a model, or a class itself, works on that; any other goes on with what the cell above worked on.
    `classes` are the other networks' names.
    """
    held: dict[str, str] = {}  # variable -> class
    in_force: dict[str, int | str] = {}  # class -> the cell that defines it, or the module it is imported from
    answer: dict[int, Ownership] = {}
    current: str | None = None
    wanted: int | str = module if cell is None else cell
    trees = {page.index: _tree(page.source) for page in pages if page.kind == "code"}
    places = [index for index, tree in trees.items() if tree is not None and name in _defined(tree, name, frozenset())]
    if len(places) == 1:  # cells may have run in another order than they stand in
        in_force[name] = places[0]
    for index, tree in trees.items():
        if tree is not None:
            defined = _defined(tree, name, classes)
            in_force.update(dict.fromkeys(defined, index))
            in_force.update(_imported(tree, name))
            used = _classes_used(tree, held, classes | {name})
            current = used[-1] if used else defined[-1] if defined else current
        answer[index] = _ownership(current, name, wanted, in_force)
    return answer


def _ownership(current: str | None, name: str, wanted: int | str, in_force: Mapping[str, int | str]) -> Ownership:
    if current is None or (current == name and name not in in_force):
        return Ownership("unknown")
    if current != name:
        return Ownership("other", current)
    source = in_force[name]
    if source == wanted:
        return Ownership("graded", name)
    return Ownership("other", f"{name} of {'cell ' if isinstance(source, int) else ''}{source}")


def _defined(tree: ast.Module, name: str, classes: frozenset[str]) -> list[str]:
    """The networks, and the graded function or variable, that a cell defines."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and (node.name == name or node.name in classes):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [name for target in node.targets if isinstance(target, ast.Name) and target.id == name]
    return found


def _imported(tree: ast.Module, name: str) -> dict[str, int | str]:
    """The module, by its last name, that a cell imports the graded class from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and any(alias.name == name for alias in node.names):
            return {name: node.module.rsplit(".", 1)[-1]}
        if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.value, ast.Name):
            return {name: node.value.id}
    stars = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    return {name: stars[-1].rsplit(".", 1)[-1]} if stars and stars[-1] else {}


def _classes_used(tree: ast.Module, held: dict[str, str], classes: frozenset[str]) -> list[str]:
    """The classes whose objects a cell builds or reads, in order; what variables hold is kept in `held`."""
    used: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            built = _built(node.value, classes)
            for target in node.targets:
                if isinstance(target, ast.Name) and built:
                    held[target.id] = built
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = _built(node, classes)
            if called:
                used.append(called)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and (node.id in held or node.id in classes):
            used.append(held.get(node.id, node.id))
    return used


def _built(node: ast.expr, classes: frozenset[str]) -> str | None:
    """The class that `Net()`, `Net().to(device)` or `models.Net(1)` builds."""
    for _ in range(6):
        if not isinstance(node, ast.Call):
            return None
        function = node.func
        if isinstance(function, ast.Name):
            return function.id if function.id in classes else None
        if not isinstance(function, ast.Attribute):
            return None
        if function.attr in classes:
            return function.attr
        node = function.value
    return None


def _tree(source: str) -> ast.Module | None:
    try:
        return parse_cell(source)[1]
    except UnreadablePython:
        return None


def _joined(value: Any) -> str:
    text = "".join(part for part in value if isinstance(part, str)) if isinstance(value, list) else value
    return text.replace("\r\n", "\n") if isinstance(text, str) else ""


def _output(item: Mapping[str, Any]) -> tuple[str, bool]:
    """What a cell printed, as a terminal shows it, and whether its middle was left out."""
    parts: list[str] = []
    outputs = item.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict) and output.get("output_type") != "error":
            data = output.get("data")
            shown = data.get("text/plain", "") if isinstance(data, dict) else ""
            parts.append(_joined(output.get("text", shown)))
    text = "\n".join(part.rstrip("\n") if part.endswith("\n") else part for part in parts)
    cut = len(text) > OUTPUT_HEAD + OUTPUT_TAIL
    if cut:
        text = f"{text[:OUTPUT_HEAD]}\n{text[-OUTPUT_TAIL:]}"
    return _as_terminal(ESCAPES.sub("", text)), cut


def _as_terminal(text: str) -> str:
    """What stays on the screen where lines were written over with a carriage return."""
    if "\r" not in text:
        return text
    return "\n".join(
        next((part for part in reversed(line.split("\r")) if part.strip()), "") for line in text.split("\n")
    )
