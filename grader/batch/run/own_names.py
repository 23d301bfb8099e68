"""What a submission calls the parts of its graph: a training run that is shared by identical graphs gets each one's."""

import contextlib
from dataclasses import dataclass, field

from grader.model.graph import Export, Reference
from grader.model.training import Training, TrainingRun


@dataclass(frozen=True)
class OwnNames:
    """The words of one submission."""

    initializers: dict[str, str] = field(default_factory=dict)  # as in `Training.initializers`
    filters_of: str = ""  # as in `Evaluation.filters_of`


def own_names(export: Export | None) -> OwnNames:
    """What a training of this graph would call things; empty where that can't be told, or there is no graph."""
    from grader.graph.initialize import initializer_origins

    if export is None:
        return OwnNames()
    with contextlib.suppress(Exception):  # a graph that the training refuses, too
        return OwnNames(initializer_origins(export), _first_convolution(export))
    return OwnNames()


def renamed(training: Training, names: OwnNames) -> Training:
    """The same training in the words of another submission with the same graph."""
    runs = tuple(_renamed_run(run, names) for run in training.runs)
    initializers = names.initializers if training.initializers else {}
    return training.model_copy(update={"runs": runs, "initializers": initializers})


def _renamed_run(run: TrainingRun, names: OwnNames) -> TrainingRun:
    if run.evaluation is None or not run.evaluation.filters:
        return run
    return run.model_copy(update={"evaluation": run.evaluation.model_copy(update={"filters_of": names.filters_of})})


def _first_convolution(export: Export) -> str:
    """Of the train graph, as `grader.training.interpret` names it."""
    from grader.graph.ops import Kind, bind, lookup

    node = next((node for node in export.graphs.train.nodes if lookup(node).kind is Kind.CONVOLUTION), None)
    weight = bind(node)["weight"] if node else None
    if node is None or not isinstance(weight, Reference):
        return ""
    spec = export.graphs.parameters.get(weight.ref)
    return node.module or (spec.path if spec else "")
