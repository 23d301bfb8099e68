"""One mode's graph, ready to be measured: reads resolved, what makes no difference left out, what is live known."""

from dataclasses import replace
from typing import Literal

from grader.analysis.constants import Constants
from grader.analysis.demand import wanted_names
from grader.analysis.flow import Flow
from grader.analysis.resolve import resolve
from grader.analysis.simplify import simplify
from grader.graph.shapes import propagate
from grader.model.graph import Export


def trace(export: Export, mode: Literal["train", "eval"]) -> Flow:
    """Resolve one mode's graph and find what can influence its output. Raises what `propagate` raises."""
    graph = export.graphs.train if mode == "train" else export.graphs.eval
    flow = resolve(graph, propagate(export, mode))
    constants = Constants(export, flow)
    simplified = simplify(flow, constants)
    trainable = frozenset(name for name, spec in export.graphs.parameters.items() if spec.requires_grad)
    live, exhausted = wanted_names(simplified, constants)
    return replace(simplified, live=live, trainable=trainable, exhausted=exhausted or constants.exhausted)
