"""The shapes of a network without what it computes: the same after another activation, dropout or initialiser."""

from collections.abc import Mapping

from grader.graph.shapes import propagate
from grader.model.graph import Export, Node
from grader.model.work import digest_of
from grader.similarity.canonical_graph import references

_BATCH = 2


def shapes_hash(export: Export) -> str:
    """sha256, as hex, of how the shapes of feature maps and of parameters follow each other in training.

    A call that keeps its argument's shape and has no parameters is of no account. Raises UnsupportedOperation for an
    operator outside the table, and SubmissionError where the graph does not fit together.
    """
    graphs = export.graphs
    shapes = propagate(export, batch=_BATCH)
    marks = {"x0": digest_of([["input"], [shapes["x0"]]])}
    for node in graphs.train.nodes:
        mark = _mark(node, shapes, marks, set(graphs.parameters))
        if mark is not None:
            marks[node.name] = mark
    return digest_of([graphs.input_shape, marks.get(graphs.train.output, "constant")])


def _mark(
    node: Node, shapes: Mapping[str, tuple[int, ...]], marks: Mapping[str, str], parameters: set[str]
) -> str | None:
    """None for what is no feature map: a size, or something made of no feature map."""
    read = list(dict.fromkeys(ref for value in (*node.args, *node.kwargs.values()) for ref in references(value)))
    maps = [ref for ref in read if ref in marks]
    weights = sorted(shapes[ref] for ref in read if ref in parameters)
    several = sorted(name for name in shapes if name.startswith(f"{node.name}."))
    results = [shapes[node.name]] if node.name in shapes else [shapes[name] for name in several]
    if not maps or not results:
        return None
    if len(maps) == 1 and not weights and results == [shapes.get(maps[0])]:
        return marks[maps[0]]
    return digest_of([results, weights, sorted(marks[ref] for ref in maps)])
