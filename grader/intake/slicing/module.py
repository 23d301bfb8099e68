"""One module of a slice: which of its units are taken, and in which order they run."""

import ast
from dataclasses import dataclass, field

from grader.intake.resolve import LocalModule
from grader.intake.slicing.text import Piece, assemble
from grader.intake.slicing.units import Unit, split
from grader.intake.source import Cell, Source

END = 10**9  # later than any unit


@dataclass(frozen=True)
class Fragment:
    """Text of one cell that runs in one go."""

    cell: Cell
    source: str


@dataclass(eq=False)
class ModuleCut:
    """What is taken from a module. `moment` is the order at which its functions' names are looked up."""

    local: LocalModule
    source: Source | None
    units: list[Unit] = field(default_factory=list)
    moment: int = END
    pinned: Unit | None = None  # the definition to cut out: its name means this, whatever comes later
    missing: set[str] = field(default_factory=set)
    prelude: list[str] = field(default_factory=list)  # import lines of ours
    _taken: dict[int, Unit] = field(default_factory=dict)  # by order
    _before: dict[int, set[int]] = field(default_factory=dict)  # what must run before a unit

    @classmethod
    def of(cls, local: LocalModule, source: Source | None) -> "ModuleCut":
        """An empty cut of a module."""
        return cls(local, source, split(source) if source else [])

    def find(self, name: str, limit: int) -> list[Unit]:
        """The unit that gives a name: the last before `limit`, else the first after it.

        Of `import a.b` and `import a.c`, which both give `a`, all that come before.
        """
        if self.pinned is not None and name in self.pinned.gives and limit > self.pinned.order:
            return [self.pinned]
        giving = [unit for unit in self.units if name in unit.gives and unit.kind != "change" and unit.liftable]
        before = [unit for unit in giving if unit.order < limit]
        if not before:
            return giving[:1]
        last = before[-1]
        if isinstance(last.node, ast.Import):
            return [unit for unit in before if isinstance(unit.node, ast.Import)]
        return [last]

    def stars(self) -> list[Unit]:
        """The star imports, the last first."""
        return [unit for unit in reversed(self.units) if unit.kind == "star"]

    def changes(self, unit: Unit) -> list[Unit]:
        """What changes the value that a unit gives, before the moment."""
        return [
            other
            for other in self.units
            if other.kind == "change" and other.gives & unit.gives and unit.order < other.order < self.moment
            and other.liftable
        ]  # fmt: skip

    def take(self, unit: Unit) -> bool:
        """Take a unit; False where it was taken before."""
        if unit.order in self._taken:
            return False
        self._taken[unit.order] = unit
        return True

    def run_before(self, earlier: Unit, later: Unit) -> None:
        """Remember that a unit needs another one at once."""
        if earlier is not later:
            self._before.setdefault(later.order, set()).add(earlier.order)

    def fragments(self) -> list[Fragment]:
        """The taken units in an order that runs, as texts of one cell each."""
        futures = [unit for unit in self.units if unit.kind == "future" and _is_annotations(unit)]
        groups: list[list[Unit]] = []
        for unit in [*futures, *self._in_order()]:
            last = groups[-1][-1] if groups else None
            if last is not None and last.cell is unit.cell and _follows(last.piece, unit.piece):
                groups[-1].append(unit)
            else:
                groups.append([unit])
        found = [Fragment(group[0].cell, assemble([unit.piece for unit in group])) for group in groups]
        if self.prelude and self.source and self.source.cells:
            cell = self.pinned.cell if self.pinned else self.source.cells[0]
            found.insert(0, Fragment(cell, "\n".join(self.prelude) + "\n"))
        return [_with_future(fragment, futures) for fragment in found]

    def _in_order(self) -> list[Unit]:
        """Running order, but never before what a unit needs at once."""
        done: dict[int, Unit] = {}
        visiting: set[int] = set()

        def visit(order: int) -> None:
            if order in done or order in visiting:
                return
            visiting.add(order)
            for earlier in sorted(self._before.get(order, ())):
                if earlier in self._taken:
                    visit(earlier)
            done[order] = self._taken[order]

        for order in sorted(self._taken):
            visit(order)
        return list(done.values())


def _follows(above: Piece, below: Piece) -> bool:
    """Whether the pieces can stand in one text; only one-line statements share a line."""
    if below.line > above.end:
        return True
    return below.line == above.end and len(above.lines) == 1 and len(below.lines) == 1


def _is_annotations(unit: Unit) -> bool:
    """The only future import that still changes anything."""
    return unit.alias is not None and unit.alias.name == "annotations"


def _with_future(fragment: Fragment, futures: list[Unit]) -> Fragment:
    """`from __future__ import annotations` holds in every cell after it; each text is compiled alone."""
    first, _, rest = fragment.source.partition("\n")
    if not futures or first.strip() or "from __future__" in fragment.source:
        return fragment
    return Fragment(fragment.cell, f"from __future__ import annotations\n{rest}")
