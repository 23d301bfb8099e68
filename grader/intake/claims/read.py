"""What a submission says about itself, as claims: from README, notebook, docstrings and comments. Nothing runs."""

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from grader.intake.claims.attribution import Opinion, attribute, is_single, survey
from grader.intake.claims.code_texts import class_span, comments, docstrings
from grader.intake.claims.document import Document, read_document
from grader.intake.claims.drafts import Draft
from grader.intake.claims.identity import Identity, identify
from grader.intake.claims.notebook_texts import Ownership, Page, owners, read_pages
from grader.intake.claims.parameters import read_lone_total
from grader.intake.claims.scan import scan
from grader.intake.claims.selection import Attributed, select, vote
from grader.intake.readme_files import find_readmes
from grader.intake.source import Cell
from grader.intake.tree import SourceTree
from grader.model.claims import Claim, Figure, ParameterClaim
from grader.model.submission import Candidate, Location

MOST_NOTEBOOKS = 8  # of those that import a graded class


def read_claims(
    root: Path, candidate: Candidate, *, checkout: Path | None, readme: str | None
) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """The claims that concern the candidate or stand beside those that do, at most 400; and what could not be read.

    The README is the one named (relative to `root`), else that of `root`, else of the nearest folder above it within
    `checkout`. Requirements are among the claims, marked. Bad input becomes a note, never an exception.
    """
    tree = SourceTree(root, checkout)
    folders = tuple(part for part in (*_relative(tree), *PurePosixPath(candidate.file).parent.parts) if part)
    identity = identify(candidate, tuple(tree.sources.values()), folders)
    notes: list[str] = []
    readmes, problems = find_readmes(tree.root, tree.checkout, readme)
    notes += problems
    found: list[Attributed] = []
    for file in readmes:
        document = read_document(file.file, "readme", [(Location(file=file.file), file.text)])
        found += _by_text(document, identity, notes, own_folder=not file.file.startswith("../"))
    found += _notebooks(tree, candidate, identity, notes)
    found += _code(tree, candidate, identity, notes)
    claims, problems = select(vote(found))
    return claims, tuple(dict.fromkeys((*notes, *problems)))


def _relative(tree: SourceTree) -> tuple[str, ...]:
    return tree.root.relative_to(tree.checkout).parts


def _scanned(document: Document, notes: list[str]) -> list[Draft]:
    drafts, problems = scan(document)
    notes += problems
    return drafts


def _by_text(
    document: Document, identity: Identity, notes: list[str], *, own_folder: bool, alone: bool = False
) -> list[Attributed]:
    """Drafts with what the text around them says; where only one model is spoken of, it is the graded one.

    `own_folder`: the text is of the graded folder, not of one above; `alone`: it belongs to a file with no other model.
    """
    drafts = _scanned(document, notes)
    found = survey(document, drafts, identity, own_folder)
    single = alone or is_single(found, drafts)
    answer: list[Attributed] = []
    for draft in drafts:
        opinion = attribute(draft, found)
        if opinion.about == "unknown" and single:
            opinion = Opinion("graded", opinion.subject)
        answer.append(Attributed(draft, opinion.about, opinion.subject))
    return answer


def _notebooks(tree: SourceTree, candidate: Candidate, identity: Identity, notes: list[str]) -> Iterator[Attributed]:
    """The claims of the notebooks that hold the graded class, or import it."""
    module = posixpath.splitext(posixpath.basename(candidate.file))[0]
    read = 0
    for path, source in tree.sources.items():
        graded = path == candidate.file
        if not source.is_notebook or read >= MOST_NOTEBOOKS or not (graded or _imports(source.cells, module)):
            continue
        read += 1
        pages, problems = read_pages(tree.root / path, path, tree.checkout)
        notes += problems
        texts = [(Location(file=path, cell=page.index), page.source) for page in pages if page.kind == "markdown"]
        document = read_document(path, "markdown_cell", texts)
        yield from _by_text(document, identity, notes, own_folder=True)
        cell = candidate.cell if graded else None
        owned = owners(pages, candidate.name, cell, module, identity.other_names)
        for page in pages:
            yield from _output(path, page, owned.get(page.index, Ownership("unknown")), notes)


def _imports(cells: Sequence[Cell], module: str) -> bool:
    return any(module in cell.source and "import" in cell.source for cell in cells)


def _output(path: str, page: Page, owner: Ownership, notes: list[str]) -> list[Attributed]:
    """What a cell printed, by whose model the cell works on."""
    if not page.output.strip():
        return []
    document = read_document(path, "output", [(Location(file=path, cell=page.index), page.output)])
    drafts = _scanned(document, notes)
    total = read_lone_total(page.output) if "numel" in page.source else None
    if total is not None and not drafts:
        drafts = [Draft(ParameterClaim(figure=Figure(value=float(total))), document, document.lines[0])]
    return [Attributed(draft, owner.about, owner.subject) for draft in drafts]


def _code(tree: SourceTree, candidate: Candidate, identity: Identity, notes: list[str]) -> Iterator[Attributed]:
    """Docstrings and comments of the graded definition, and its file's docstring."""
    source = tree.get(candidate.file)
    cell = next((cell for cell in source.cells if cell.index == candidate.cell), None) if source else None
    if cell is None:
        return
    for place, text, own in docstrings(cell, candidate.name):
        document = read_document(candidate.file, "docstring", [(place, text)])
        if own:
            yield from _own(document, candidate, notes)
        else:
            yield from _by_text(document, identity, notes, own_folder=False, alone=bool(identity.telling_files))
    span = class_span(cell, candidate.name, candidate.line)
    if span is not None:
        yield from _own(read_document(candidate.file, "comment", comments(cell, *span)), candidate, notes)


def _own(document: Document, candidate: Candidate, notes: list[str]) -> Iterator[Attributed]:
    return (Attributed(draft, "graded", candidate.name) for draft in _scanned(document, notes))
