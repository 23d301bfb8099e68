"""Which modules training calls, and how often.

torchsummary hangs a hook on each module and adds up `weight` and `bias` whenever one fires: a module that is never
called is not counted, and one that is called twice counts twice. This is what explains such a figure.
"""

from collections import defaultdict
from collections.abc import Mapping
from math import prod

from grader.analysis.flow import Flow
from grader.model.facts import ModuleCalls
from grader.model.graph import TensorSpec

_COUNTED = ("weight", "bias")


def module_calls(parameters: Mapping[str, TensorSpec], train: Flow) -> tuple[ModuleCalls, ...]:
    """The modules that own a weight or a bias, in the order of the model.

    Modules that share these tensors stand in one row, under the first one's path; together they have its calls. A call
    is a read of the weight within the module: a functional call with another module's weight fires no hook.
    """
    owned: defaultdict[str, dict[str, str]] = defaultdict(dict)  # module path → "weight" or "bias" → tensor
    for name, spec in parameters.items():
        for path in (spec.path, *spec.aliases):
            module, _, last = path.rpartition(".")
            if last in _COUNTED:
                owned[module][last] = name
    sharing: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for module, tensors in owned.items():
        sharing[tuple(tensors[last] for last in _COUNTED if last in tensors)].append(module)
    return tuple(
        ModuleCalls(
            path=modules[0],
            parameters=sum(prod(parameters[name].shape) for name in tensors),
            trainable=parameters[tensors[0]].requires_grad,
            calls=_calls(train, tensors, frozenset(modules)),
        )
        for tensors, modules in sharing.items()
    )


def _calls(train: Flow, tensors: tuple[str, ...], modules: frozenset[str]) -> int:
    """The fewest reads of any of the tensors that is read: a module may read its weight twice in one call."""
    reads = [sum(call.node.module in modules for call in train.readers.get(name, ())) for name in tensors]
    return min((number for number in reads if number), default=0)
