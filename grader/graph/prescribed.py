"""Parameters that begin near a number of the submission's choice: `constant_(p, 0.37)` hands in a weight.

One does no harm, and scales begin at one in many honest nets. Hundreds of them are a model that was trained before.
"""

from grader.graph.initialize import plan_initializers
from grader.graph.ops import OPERATIONS, Kind, bind
from grader.model.graph import GraphPair, Initializer, Reference


def prescribed(graphs: GraphPair) -> tuple[str, ...]:
    """Names of the parameters whose initial values lie around another number than zero, weights of norms aside."""
    scales = _norm_weights(graphs)
    plans = plan_initializers(graphs)
    return tuple(name for name, plan in plans.items() if name not in scales and location(plan.initializer) != 0)


def location(initializer: Initializer) -> float:
    """The mean of what an initialiser draws, in units of the weights; arguments have been checked."""
    given = {name: float(value) for name, value in initializer.arguments.items() if isinstance(value, int | float)}
    match initializer.name:
        case "constant_":
            return given.get("val", 0.0)
        case "ones_":
            return 1.0
        case "normal_" | "trunc_normal_":
            return given.get("mean", 0.0)
        case "uniform_":
            return (given.get("a", 0.0) + given.get("b", 1.0)) / 2
    return 0.0


def _norm_weights(graphs: GraphPair) -> set[str]:
    found = set()
    for node in (*graphs.train.nodes, *graphs.eval.nodes):
        if node.op in OPERATIONS and OPERATIONS[node.op].kind in (Kind.BATCH_NORM, Kind.NORM):
            weight = bind(node).get("weight")
            if isinstance(weight, Reference):
                found.add(weight.ref)
    return found
