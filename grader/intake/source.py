"""What was read: a Python file or a notebook as cells of parsed Python, line numbers kept."""

import ast
from dataclasses import dataclass
from itertools import pairwise

from grader.model.submission import Location


@dataclass(frozen=True, eq=False)
class Cell:
    """A notebook's code cell, or a whole `.py` file (`index` None).

    `source` is Python with the original's line numbers: what IPython alone understands is blanked.
    """

    file: str  # relative to the submission's root, POSIX separators
    index: int | None  # 0-based over all cells of the notebook
    source: str
    tree: ast.Module
    execution_count: int | None = None
    output: str = ""  # the end of its printed output
    writes: str | None = None  # the file that a `%%writefile` cell writes

    def at(self, node: ast.AST | None) -> Location:
        """Where a node of this cell's tree stands."""
        return Location(file=self.file, cell=self.index, line=getattr(node, "lineno", None))


@dataclass(frozen=True, eq=False)
class Source:
    """One importable or runnable text: its cells run in order in one namespace."""

    path: str  # relative to the submission's root; of a `%%writefile` cell, the path it writes
    cells: tuple[Cell, ...]
    is_notebook: bool = False


def in_page_order(cells: tuple[Cell, ...]) -> bool:
    """Whether cells ran in the order in which they stand on the page."""
    places = [cell.index for cell in cells if cell.index is not None]
    return all(earlier < later for earlier, later in pairwise(places))


def running_order(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The cells in the order in which they last ran.

    Execution counts decide where they contradict the page's order; a cell without a count (or with 0, which some
    programs write for a cell that was not run) keeps its place after the cell above it.
    """
    counts = [cell.execution_count for cell in cells if cell.execution_count]
    if all(earlier < later for earlier, later in pairwise(counts)):
        return cells
    keys: list[tuple[int, int]] = []
    last = -1
    for position, cell in enumerate(cells):
        last = cell.execution_count or last
        keys.append((last, position))
    return tuple(cell for _, cell in sorted(zip(keys, cells, strict=True), key=lambda pair: pair[0]))
