"""What a submission says about itself, as claims: from README, notebook, docstrings and comments. Nothing runs."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
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
        found += _by_text(document, scan(document), identity, own_folder=not file.file.startswith("../"))
    for printed, problems in _notebooks(tree, candidate, identity):
        found += printed
        notes += problems
    found += _code(tree, candidate, identity)
    claims, problems = select(vote(found))
    return claims, tuple(dict.fromkeys((*notes, *problems)))


def _relative(tree: SourceTree) -> tuple[str, ...]:
    return tree.root.relative_to(tree.checkout).parts


def _by_text(document: Document, drafts: Sequence[Draft], identity: Identity, own_folder: bool) -> list[Attributed]:
    """Drafts with what the text around them says; where only one model is spoken of, it is the graded one."""
    found = survey(document, drafts, identity, own_folder)
    single = is_single(found, drafts)
    answer: list[Attributed] = []
    for draft in drafts:
        opinion = attribute(draft, found)
        if opinion.about == "unknown" and single:
            opinion = Opinion("graded", opinion.subject)
        answer.append(Attributed(draft, opinion.about, opinion.subject))
    return answer


def _notebooks(
    tree: SourceTree, candidate: Candidate, identity: Identity
) -> Iterator[tuple[list[Attributed], tuple[str, ...]]]:
    """The claims of the notebooks that hold the graded class, or import it."""
    module = posixpath.splitext(posixpath.basename(candidate.file))[0]
    read = 0
    for path, source in tree.sources.items():
        graded = path == candidate.file
        if not source.is_notebook or read >= MOST_NOTEBOOKS or not (graded or _imports(source.cells, module)):
            continue
        read += 1
        pages, problems = read_pages(tree.root / path, path, tree.checkout)
        cell = candidate.cell if graded else None
        owned = owners(pages, candidate.name, cell, module, identity.other_names)
        claims = [*_markdown(path, pages, identity), *_outputs(path, pages, owned)]
        yield claims, problems


def _imports(cells: Sequence[Cell], module: str) -> bool:
    return any(module in cell.source and "import" in cell.source for cell in cells)


def _markdown(path: str, pages: Sequence[Page], identity: Identity) -> list[Attributed]:
    texts = [(Location(file=path, cell=page.index), page.source) for page in pages if page.kind == "markdown"]
    document = read_document(path, "markdown_cell", texts)
    return _by_text(document, scan(document), identity, own_folder=True)


def _outputs(path: str, pages: Sequence[Page], owned: Mapping[int, Ownership]) -> list[Attributed]:
    """What the cells printed, each cell its own document, by whose model the cell works on."""
    answer: list[Attributed] = []
    for page in pages:
        if page.kind != "code" or not page.output.strip():
            continue
        document = read_document(path, "output", [(Location(file=path, cell=page.index), page.output)])
        owner = owned.get(page.index, Ownership("unknown"))
        drafts = scan(document)
        total = read_lone_total(page.output) if "numel" in page.source else None
        if total is not None and not drafts and document.lines:
            claim = ParameterClaim(figure=Figure(value=float(total)))
            drafts = [Draft(claim, document, document.lines[0])]
        answer += [Attributed(draft, owner.about, owner.subject) for draft in drafts]
    return answer


def _code(tree: SourceTree, candidate: Candidate, identity: Identity) -> list[Attributed]:
    """Docstrings and comments of the graded definition, and its file's docstring."""
    source = tree.get(candidate.file)
    cell = next((cell for cell in source.cells if cell.index == candidate.cell), None) if source else None
    if cell is None:
        return []
    answer: list[Attributed] = []
    for place, text, own in docstrings(cell, candidate.name):
        document = read_document(candidate.file, "docstring", [(place, text)])
        drafts = scan(document)
        if own:
            answer += [Attributed(draft, "graded", candidate.name) for draft in drafts]
        else:
            answer += _by_text(document, drafts, identity, own_folder=not identity.other_names)
    span = class_span(cell, candidate.name, candidate.line)
    if span is not None:
        document = read_document(candidate.file, "comment", comments(cell, *span))
        answer += [Attributed(draft, "graded", candidate.name) for draft in scan(document)]
    return answer
