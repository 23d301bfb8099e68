"""Parameter counts: fvcore's on the rebuilt model, told apart by the student's layers."""

import warnings
from collections import defaultdict
from math import prod

from grader.analysis.flow import Call, Flow
from grader.analysis.modules import module_calls
from grader.graph.ops import Kind
from grader.graph.rebuild import rebuild
from grader.model.facts import ParameterFacts
from grader.model.graph import Export, TensorSpec

with warnings.catch_warnings():
    # fvcore's focal loss, which its package imports, calls a deprecated function of torch.
    warnings.simplefilter("ignore")
    from fvcore.nn.parameter_count import parameter_count

_STATISTICS = frozenset({"running_mean", "running_var"})
_STATISTICS_NAMES = _STATISTICS | {"num_batches_tracked"}
_NORMS = frozenset({"batch_norm", "instance_norm"})
_PARTS = frozenset({Kind.SLICE, Kind.EXPAND, Kind.RESHAPE, Kind.IDENTITY, Kind.GETITEM})


def parameter_facts(export: Export, train: Flow, evaluation: Flow) -> ParameterFacts:
    """Counts of scalar values. A parameter under several names counts once; an unused one counts."""
    graphs = export.graphs
    counts = parameter_count(rebuild(export, seed=0))
    by_layer: defaultdict[str, int] = defaultdict(int)
    for name, spec in graphs.parameters.items():
        by_layer[spec.path.rpartition(".")[0]] += counts[name]
    used = train.live | evaluation.live
    total = counts[""]
    return ParameterFacts(
        total=total,
        trainable=sum(counts[name] for name, spec in graphs.parameters.items() if spec.requires_grad),
        unused=sum(counts[name] for name in graphs.parameters if name not in used),
        counted=total + _stored_elsewhere(export, (train, evaluation)),
        by_layer=dict(by_layer),
        modules=module_calls(graphs.parameters, train),
    )


def _stored_elsewhere(export: Export, flows: tuple[Flow, ...]) -> int:
    """Values in buffers that are not batch-norm statistics, and in constants: they could hold trained weights."""
    graphs = export.graphs
    roles = {name: {role for flow in flows for role in _roles(flow, name)} for name in graphs.buffers}
    stored = [spec for name, spec in graphs.buffers.items() if not _is_statistic(spec, roles[name])]
    return sum(prod(spec.shape) for spec in (*stored, *graphs.constants.values()))


def _is_statistic(spec: TensorSpec, roles: set[str]) -> bool:
    """Used as running statistics and as nothing else; or without influence, and named as they are."""
    if not roles:
        return spec.path.rpartition(".")[2] in _STATISTICS_NAMES
    return "value" not in roles and "statistic" in roles


def _roles(flow: Flow, buffer: str) -> set[str]:
    """What a buffer influences the output as: "statistic", "part of a statistic", "value"."""
    roles: set[str] = set()
    statistic = "statistic"
    pending = [buffer]
    for name in pending:  # grows while it is gone through: ghost batch norm evaluates with a part of its statistics
        if name in flow.output.names:
            roles.add("value")
        for call in flow.readers.get(name, ()):
            if call.name not in flow.live:
                continue
            if call.kind in _PARTS:
                pending.append(call.name)
            else:
                roles.add(statistic if _reads_as_statistic(call, name) else "value")
        statistic = "part of a statistic"
    return roles


def _reads_as_statistic(call: Call, name: str) -> bool:
    """Whether a norm takes the value as running statistics, and as nothing else."""
    arguments = {argument for argument, values in call.operands.items() for value in values if name in value.names}
    return call.operation.short in _NORMS and arguments <= _STATISTICS
