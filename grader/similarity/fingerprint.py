"""What is kept of a submission so that it can be compared with all others, later and elsewhere."""

from collections.abc import Callable, Iterable

from grader.errors import SubmissionError
from grader.intake.source import Source
from grader.model.graph import Export
from grader.model.similarity import Fingerprint
from grader.similarity.tokens import token_texts


def fingerprint(export: Export | None, sources: Iterable[Source]) -> Fingerprint:
    """The fingerprint of a submission, `export` None where no graph came out. Raises for nothing in it."""
    texts, cut = token_texts(sources)
    if export is None:
        return Fingerprint(texts=texts, cut=cut)
    # Torch, which the table of operators needs, takes seconds to import: who compares sources has no use for it.
    from grader.similarity.canonical_graph import graph_hash
    from grader.similarity.canonical_shapes import shapes_hash

    return Fingerprint(graph=_hash(graph_hash, export), shapes=_hash(shapes_hash, export), texts=texts, cut=cut)


def _hash(function: Callable[[Export], str], export: Export) -> str | None:
    try:
        return function(export)
    except SubmissionError:  # a graph that can't be graded is compared by its source
        return None
