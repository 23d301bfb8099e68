"""Fresh initial weights, sampled by us: the recorded initialiser where it is one we know, else the operator's default.

Submitted values never enter. What the defaults are: torch.nn's `reset_parameters` of the layer that the operator stands
for (kaiming uniform with a=√5 for convolutions and linear layers, ones and zeros for norms, 0.25 for PReLU).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from grader.graph.dtypes import DTYPES
from grader.graph.ops import OPERATIONS, Kind, bind
from grader.model.graph import Export, GraphPair, Initializer, Node, Reference, TensorSpec

MAX_DISTINCT = 256  # recorded initialisers: more would be a way to hand in trained values one by one
_NONLINEARITIES = frozenset({"linear", "conv1d", "conv2d", "conv3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"})
_Checker = Callable[[Any], bool]


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) <= 1e6


def _positive(value: Any) -> bool:
    return _number(value) and value >= 0


def _flag(value: Any) -> bool:
    return type(value) is bool


def _mode(value: Any) -> bool:
    return value in ("fan_in", "fan_out")


def _nonlinearity(value: Any) -> bool:
    return value in _NONLINEARITIES


def _groups(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 4096


def _sparsity(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


_KAIMING: dict[str, _Checker] = {"a": _number, "mode": _mode, "nonlinearity": _nonlinearity}
_INITIALIZERS: dict[str, tuple[Callable[..., Any], dict[str, _Checker]]] = {
    "uniform_": (torch.nn.init.uniform_, {"a": _number, "b": _number}),
    "normal_": (torch.nn.init.normal_, {"mean": _number, "std": _positive}),
    "trunc_normal_": (
        torch.nn.init.trunc_normal_,
        {"mean": _number, "std": _positive, "a": _number, "b": _number},
    ),
    "constant_": (torch.nn.init.constant_, {"val": _number}),
    "ones_": (torch.nn.init.ones_, {}),
    "zeros_": (torch.nn.init.zeros_, {}),
    "eye_": (torch.nn.init.eye_, {}),
    "dirac_": (torch.nn.init.dirac_, {"groups": _groups}),
    "xavier_uniform_": (torch.nn.init.xavier_uniform_, {"gain": _number}),
    "xavier_normal_": (torch.nn.init.xavier_normal_, {"gain": _number}),
    "kaiming_uniform_": (torch.nn.init.kaiming_uniform_, _KAIMING),
    "kaiming_normal_": (torch.nn.init.kaiming_normal_, _KAIMING),
    "orthogonal_": (torch.nn.init.orthogonal_, {"gain": _number}),
    "sparse_": (torch.nn.init.sparse_, {"sparsity": _sparsity, "std": _positive}),
}
_REQUIRED = {"constant_": {"val"}, "sparse_": {"sparsity"}}  # the other arguments have defaults
_COSTLY = frozenset({"orthogonal_", "sparse_"})  # a QR decomposition; a loop over columns
_MAX_COSTLY = 4_000_000  # elements
_WITHOUT_GENERATOR = frozenset({"constant_", "ones_", "zeros_", "eye_", "dirac_"})


@dataclass(frozen=True)
class Plan:
    """How one parameter is initialised, and the words for the report."""

    initializer: Initializer
    origin: str  # "kaiming_uniform_ (recorded)" or "default: not recognised"


def plan_initializers(graphs: GraphPair) -> dict[str, Plan]:
    """A plan per parameter name. Recorded initialisers count only while there are few distinct ones."""
    recorded = {name: _checked(spec) for name, spec in graphs.parameters.items()}
    distinct = {(plan.name, tuple(sorted(plan.arguments.items()))) for plan in recorded.values() if plan is not None}
    if len(distinct) > MAX_DISTINCT:
        recorded = {}
    consumers = _consumers(graphs)
    plans: dict[str, Plan] = {}
    for name, spec in graphs.parameters.items():
        initializer = recorded.get(name)
        if initializer is not None:
            plans[name] = Plan(initializer, f"{initializer.name} (recorded)")
        else:
            default = _default(name, spec, consumers.get(name), graphs)
            plans[name] = Plan(default, f"default: not recognised ({default.name})")
    return plans


def initializer_origins(export: Export) -> dict[str, str]:
    """For the report: the student's path of each parameter → where its initial values come from."""
    plans = plan_initializers(export.graphs)
    return {spec.path: plans[name].origin for name, spec in export.graphs.parameters.items()}


def sample(spec: TensorSpec, plan: Plan, generator: torch.Generator) -> torch.Tensor:
    """A fresh tensor of the spec's shape and type, drawn on the CPU."""
    tensor = torch.zeros(spec.shape, dtype=DTYPES[spec.dtype])
    if tensor.numel() == 0:
        return tensor
    function, _ = _INITIALIZERS[plan.initializer.name]
    keywords: dict[str, Any] = dict(plan.initializer.arguments)
    if plan.initializer.name not in _WITHOUT_GENERATOR:
        keywords["generator"] = generator
    try:
        function(tensor, **keywords)
    except (ValueError, RuntimeError, ZeroDivisionError):  # e.g. fan_in of a vector: the record does not fit the shape
        torch.nn.init.zeros_(tensor)
    return tensor


def _checked(spec: TensorSpec) -> Initializer | None:
    """The recorded initialiser where it is known, its arguments are, and the tensor was left as it made it."""
    record = spec.initializer
    if record is None or not spec.initializer_recognized or not spec.dtype.startswith(("float", "bfloat")):
        return None
    known = _INITIALIZERS.get(record.name)
    if known is None:
        return None
    if record.name in _COSTLY and math.prod(spec.shape) > _MAX_COSTLY:
        return None
    _, checkers = known
    if record.arguments.keys() - checkers.keys() or _REQUIRED.get(record.name, set()) - record.arguments.keys():
        return None
    return record if all(checkers[key](value) for key, value in record.arguments.items()) else None


def _consumers(graphs: GraphPair) -> dict[str, tuple[Node, str]]:
    """Parameter name → the first node that reads it, and the argument it is."""
    found: dict[str, tuple[Node, str]] = {}
    for node in (*graphs.train.nodes, *graphs.eval.nodes):
        if node.op not in OPERATIONS:
            continue
        for argument, value in bind(node).items():
            if isinstance(value, Reference) and value.ref in graphs.parameters:
                found.setdefault(value.ref, (node, argument))
    return found


def _default(name: str, spec: TensorSpec, use: tuple[Node, str] | None, graphs: GraphPair) -> Initializer:
    kind, argument = (None, "") if use is None else (OPERATIONS[use[0].op].kind, use[1])
    if kind in (Kind.BATCH_NORM, Kind.NORM):
        return Initializer(name="zeros_" if argument == "bias" else "ones_")
    if use is not None and OPERATIONS[use[0].op].short == "prelu":
        return Initializer(name="constant_", arguments={"val": 0.25})
    if argument == "bias" and use is not None:
        weight = bind(use[0]).get("weight")
        shape = (
            graphs.parameters[weight.ref].shape
            if isinstance(weight, Reference) and weight.ref in graphs.parameters
            else ()
        )
        bound = 1 / math.sqrt(max(1, math.prod(shape[1:])))
        return Initializer(name="uniform_", arguments={"a": -bound, "b": bound})
    if len(spec.shape) >= 2:
        return Initializer(name="kaiming_uniform_", arguments={"a": math.sqrt(5)})
    multiplies = use is not None and OPERATIONS[use[0].op].short in ("mul", "multiply", "div")
    return Initializer(name="ones_" if multiplies else "zeros_")
