"""A candidate's slice: the imports, classes, functions and plain constants that building it needs."""

import ast
from pathlib import Path

from grader.errors import SubmissionError
from grader.intake.resolve import Resolver
from grader.intake.slicing.module import END, ModuleCut
from grader.intake.slicing.slicer import Slicer, names_of
from grader.intake.slicing.units import Unit
from grader.intake.source import Cell, Source
from grader.intake.tree import SourceTree
from grader.model.submission import Candidate, Chunk, Location, Slice, SlicedModule


def slice_candidate(root: Path, candidate: Candidate, *, checkout: Path | None = None) -> Slice:
    """Cut out of the sources under `root` what building `candidate` needs, original line numbers kept.

    What trains, downloads or plots stays behind. `checkout` is the repository around `root`, whose modules may be
    imported. Raises SubmissionError when the candidate is no longer where it was found, or is nested too deeply.
    """
    try:
        return _slice(SourceTree(root, checkout), candidate)
    except RecursionError:
        raise SubmissionError(f"The code that {candidate.name} needs is nested too deeply to be read.") from None


def _slice(tree: SourceTree, candidate: Candidate) -> Slice:
    source, cell = _locate(tree, candidate)
    slicer = Slicer(tree, Resolver(tree))
    entry = slicer.entry(source)
    entry.pinned = _pinned(entry, cell, candidate)
    entry.moment = _moment(entry, candidate)
    build = candidate.build or (candidate.name if candidate.kind == "variable" else f"{candidate.name}()")
    slicer.take(entry, entry.pinned)
    for name in sorted(names_of(build)):
        if not slicer.require(entry, name, entry.moment):
            slicer.provide(entry, name)
    return _assembled(slicer, entry, build)


def _locate(tree: SourceTree, candidate: Candidate) -> tuple[Source, Cell]:
    for source in tree.sources.values():
        for cell in source.cells:
            writes_elsewhere = cell.writes is not None and source.is_notebook
            if cell.file == candidate.file and cell.index == candidate.cell and not writes_elsewhere:
                return source, cell
    raise SubmissionError(f"{candidate.location} can't be read, so {candidate.name} can't be taken from it.")


def _pinned(entry: ModuleCut, cell: Cell, candidate: Candidate) -> Unit:
    """The module-level statement that holds the definition."""
    for unit in entry.units:
        if unit.cell is cell and unit.kind in ("definition", "assignment", "compound"):
            decorators = [decorator.lineno for decorator in getattr(unit.node, "decorator_list", [])]
            first = min([unit.node.lineno, *decorators])
            if first <= candidate.line <= (unit.node.end_lineno or first):
                return unit
    raise SubmissionError(
        f"{candidate.name} at {candidate.location} is defined only when the file runs as a program.",
        mend="Define the class at the top level of the file, outside `if __name__ == '__main__':`.",
    )


def _moment(entry: ModuleCut, candidate: Candidate) -> int:
    """When the names in the model's functions are looked up: where the training code builds it.

    Without such a place in this module: where it is defined if its name is defined anew later, else at the end.
    """
    pinned = entry.pinned
    if pinned is None:
        return END
    place = candidate.built_at
    if place is not None and place.file == candidate.file:
        order = _order_at(entry, place)
        if order is not None and order > pinned.order:
            return order
    later = [unit for unit in entry.units if unit.order > pinned.order and unit.kind != "change"]
    return pinned.order + 1 if any(unit.gives & pinned.gives for unit in later) else END


def _order_at(entry: ModuleCut, place: Location) -> int | None:
    """The order of the first unit after a module-level statement; None inside a function, which is called later."""
    cells = entry.source.cells if entry.source else ()
    position = next((number for number, cell in enumerate(cells) if cell.index == place.cell), None)
    if position is None or place.line is None:
        return None
    for node in cells[position].tree.body:
        if node.lineno <= place.line <= (node.end_lineno or node.lineno):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                return None
            break
    later = {id(cell) for cell in cells[position + 1 :]}
    after = [
        unit.order
        for unit in entry.units
        if id(unit.cell) in later or (unit.cell is cells[position] and unit.node.lineno >= place.line)
    ]
    return min(after, default=END)


def _assembled(slicer: Slicer, entry: ModuleCut, build: str) -> Slice:
    origins: dict[tuple[str, int | None], int] = {}
    modules: list[SlicedModule] = []
    for name, cut in slicer.modules.items():
        chunks: list[Chunk] = []
        for fragment in cut.fragments():
            label = origins.setdefault((fragment.cell.file, fragment.cell.index), len(origins))
            chunks.append(Chunk(label=label, source=fragment.source))
        modules.append(SlicedModule(name=name, is_package=cut.local.is_package, chunks=tuple(chunks)))
    return Slice(
        modules=tuple(modules),
        entry=entry.local.name,
        build=build,
        origins=tuple(Location(file=file, cell=cell) for file, cell in origins),
    )
