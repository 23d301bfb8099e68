"""Does evaluation run the network that training trains?

Both graphs are reduced to what must agree: dropout and training-only noise vanish, batch norm forgets its mode,
counters and in-place spelling don't matter. Two outputs are the same network when they reduce to the same expression.
"""

from collections.abc import Iterator

from grader.graph.ops import Kind, lookup
from grader.graph.program import references
from grader.graph.reduce import Expression, Reduced, reduce_graph
from grader.graph.shapes import propagate
from grader.model.facts import ModeDifference
from grader.model.graph import Export, ModelGraph, Node
from grader.model.submission import Location


def mode_differences(export: Export) -> tuple[ModeDifference, ...]:
    """What the eval graph does that the train graph does not, or the other way round; empty when they agree.

    Raises what `propagate` raises.
    """
    graphs = export.graphs
    train = reduce_graph(graphs.train, propagate(export, "train"))
    evaluation = reduce_graph(graphs.eval, propagate(export, "eval"))
    differences = [*_first_difference(train, evaluation), *_untrained(export, train, evaluation)]
    return tuple(dict.fromkeys(differences))


def _first_difference(train: Reduced, evaluation: Reduced) -> Iterator[ModeDifference]:
    """Descend from the outputs to where the two expressions part."""
    ours, theirs = train.output, evaluation.output
    if ours.key == theirs.key:
        return
    while ours.head == theirs.head and len(ours.children) == len(theirs.children):
        pairs = [pair for pair in zip(ours.children, theirs.children, strict=True) if pair[0].key != pair[1].key]
        if not pairs or not pairs[0][0].children or not pairs[0][1].children:
            break
        ours, theirs = pairs[0]
    place = evaluation.location(theirs) or train.location(ours)
    if ours.head == theirs.head:
        message = f"Training and evaluation call {_word(ours)} on different inputs."
    elif ours.head.split("(")[0] == theirs.head.split("(")[0]:
        message = f"Training and evaluation call {_word(ours)} with different arguments."
    else:
        message = f"Evaluation computes {_word(theirs)} where training computes {_word(ours)}."
    yield ModeDifference(message=f"{message} The model branches on its mode (self.training).", location=place)


def _word(expression: Expression) -> str:
    return expression.head.split("(")[0]


def _untrained(export: Export, train: Reduced, evaluation: Reduced) -> Iterator[ModeDifference]:
    """Parameters that decide the evaluation's output and that training does not reach."""
    graphs = export.graphs
    trained = train.leaves()
    for name in sorted(evaluation.leaves() - trained, key=lambda leaf: (leaf[0], int(leaf[1:]))):
        spec = graphs.parameters.get(name)
        if spec is not None:
            message = f"Evaluation uses the parameter {spec.path!r}, which training does not train."
            yield ModeDifference(message=message, location=_first_reader(graphs.eval, name))
    for node in _dropout_at_evaluation(graphs.eval):
        if not any(node.op == other.op and node.module == other.module for other in graphs.train.nodes):
            message = "Evaluation applies dropout where training does not."
            yield ModeDifference(message=message, location=node.location)


def _dropout_at_evaluation(graph: ModelGraph) -> Iterator[Node]:
    return (node for node in graph.nodes if lookup(node).kind is Kind.DROPOUT and True in node.args[2:])


def _first_reader(graph: ModelGraph, name: str) -> Location | None:
    return next((node.location for node in graph.nodes if name in references(node)), None)
