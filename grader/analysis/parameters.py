"""Parameter counts: fvcore's on the rebuilt model, told apart by the student's layers."""

import warnings
from collections import defaultdict

from grader.analysis.flow import Flow
from grader.analysis.literals import literal_numbers
from grader.analysis.modules import module_calls
from grader.analysis.stored import stored_elsewhere
from grader.graph.rebuild import rebuild
from grader.model.facts import ParameterFacts
from grader.model.graph import Export

with warnings.catch_warnings():
    # fvcore's focal loss, which its package imports, calls a deprecated function of torch.
    warnings.simplefilter("ignore")
    from fvcore.nn.parameter_count import parameter_count


def parameter_facts(export: Export, train: Flow, evaluation: Flow) -> ParameterFacts:
    """Counts of scalar values. A parameter under several names counts once; an unused one counts.

    What a graph computes from its parameters (a hypernetwork's weights) is not stored and does not count.
    """
    graphs = export.graphs
    counts = parameter_count(rebuild(export, seed=0))
    by_layer: defaultdict[str, int] = defaultdict(int)
    for name, spec in graphs.parameters.items():
        by_layer[spec.path.rpartition(".")[0]] += counts[name]
    used = train.live | evaluation.live
    total = counts[""]
    literals = max(literal_numbers(train), literal_numbers(evaluation))
    return ParameterFacts(
        total=total,
        trainable=sum(counts[name] for name, spec in graphs.parameters.items() if spec.requires_grad),
        unused=sum(counts[name] for name in graphs.parameters if name not in used),
        counted=total + stored_elsewhere(export, (train, evaluation)) + literals,
        literals=literals,
        by_layer=dict(by_layer),
        modules=module_calls(graphs.parameters, train),
    )
