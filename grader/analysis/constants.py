"""What is known of tensors that no image decides, before anything is learned: their elements, where those are few.

Known at the start are buffers and constants that nothing writes to, and parameters whose initialiser is not random.
Of a parameter that trains, the value is kept with its gradient: the square of a parameter at zero stays at zero, since
its gradient there is zero.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import safetensors.torch
import torch

from grader.analysis.flow import Call, Flow, Value
from grader.graph.dtypes import DTYPES
from grader.graph.initialize import plan_initializers, sample
from grader.graph.ops import Kind, bind, lookup
from grader.graph.program import references
from grader.model.graph import Export, Reference

_MAX_ELEMENTS = 1 << 18  # of one value
_MAX_TOTAL = 1 << 26
_CERTAIN = frozenset({"constant_", "ones_", "zeros_", "eye_", "dirac_"})  # initialisers that draw nothing
_FOLDED = frozenset(
    {
        Kind.ELEMENTWISE,
        Kind.ACTIVATION,
        Kind.RESHAPE,
        Kind.PERMUTE,
        Kind.EXPAND,
        Kind.CONCATENATE,
        Kind.SLICE,
        Kind.INDEX,
        Kind.PAD,
        Kind.REDUCE,
        Kind.SOFTMAX,
        Kind.CREATE,
        Kind.IDENTITY,
        Kind.GETITEM,
    }
)
_MOVING = frozenset({Kind.RESHAPE, Kind.PERMUTE, Kind.EXPAND, Kind.SLICE})
_EMPTY = frozenset({"empty", "empty_like", "new_empty"})  # whatever the memory held
_LEFT_OUT = frozenset({"device", "layout", "memory_format", "pin_memory", "generator"})
_FACTORS = frozenset({"mul", "multiply"})


@dataclass(frozen=True)
class Known:
    """A tensor at initialisation, and the trainable parameters it is computed from.

    `private`: nothing else is computed from these parameters on the way here.
    """

    tensor: torch.Tensor
    origins: tuple[torch.Tensor, ...] = ()
    private: bool = True

    @property
    def stays(self) -> bool:
        """Whether training leaves it as it is: no gradient moves it, and no weight decay."""
        if not self.origins:
            return True
        if not self.private:
            return False
        if not self.tensor.requires_grad:  # detached
            return True
        if any(bool(origin.detach().any()) for origin in self.origins):
            return False
        weights = torch.linspace(1.0, 2.0, max(self.tensor.numel(), 1)).reshape(self.tensor.shape)
        total = (self.tensor * weights).sum()
        found = torch.autograd.grad(total, self.origins, retain_graph=True, allow_unused=True)
        return not any(gradient is not None and bool(gradient.any()) for gradient in found)


class Constants:
    """What is known so far; `remember` goes through the calls in order."""

    def __init__(self, export: Export, flow: Flow) -> None:
        self._flow = flow
        self._budget = _MAX_TOTAL
        self.exhausted = False  # whether there was more to compute than is computed
        self._known = dict(_given(export, flow))
        self._zeros: dict[str, torch.Tensor] = {}
        graphs = export.graphs
        specs = {**graphs.parameters, **graphs.buffers, **graphs.constants}
        self.wide = frozenset(name for name, spec in specs.items() if spec.dtype == "float64")  # of these tensors

    def of(self, value: Value) -> Known | None:
        """The elements of a value, where they are known."""
        return None if value.touched else self._known.get(value.name)

    def zeros(self, value: Value) -> torch.Tensor | None:
        """Which elements (bool) stay zero whatever is learned; None where none is known to."""
        if value.touched:
            return None
        known = self._known.get(value.name)
        if known is not None and known.stays:
            return known.tensor.detach() == 0
        return self._zeros.get(value.name)

    def remember(self, call: Call) -> None:
        """Compute a call that reads known tensors only; else note which elements of its result stay zero."""
        if call.operation.short in _EMPTY:
            return
        if call.name in self._flow.images or prod(self._flow.shape(call.name)) > _MAX_ELEMENTS:
            return
        tensors = {name: [self.of(value) for value in values] for name, values in call.operands.items()}
        if call.kind in _FOLDED and all(known is not None for values in tensors.values() for known in values):
            result = self._run(
                call, {name: [known.tensor for known in values if known] for name, values in tensors.items()}
            )
            if isinstance(result, torch.Tensor):
                self._known[call.name] = self._with_origins(call, result)
                return
        mask = self._mask(call)
        if mask is not None and bool(mask.any()):
            self._zeros[call.name] = mask

    def product(self, values: Sequence[Value]) -> Known | None:
        """What several known values multiply to, each read by one call only."""
        total = torch.ones(())
        origins: list[torch.Tensor] = []
        private = True
        for value in values:
            factor = self.of(value)
            if factor is None or len(self._flow.readers.get(value.name, ())) > values.count(value):
                return None
            total = total * factor.tensor
            origins += factor.origins
            private = private and factor.private
        return Known(total, tuple({id(origin): origin for origin in origins}.values()), private)

    def _with_origins(self, call: Call, result: torch.Tensor) -> Known:
        origins: dict[int, torch.Tensor] = {}
        private = True
        for value in call.values:
            known = self._known[value.name]
            if known.origins:
                private = private and known.private and len(self._flow.readers[value.name]) == 1
                origins.update((id(origin), origin) for origin in known.origins)
        return Known(result, tuple(origins.values()), private)

    def _mask(self, call: Call) -> torch.Tensor | None:
        masks = [self.zeros(value) for value in call.values]
        if call.operation.short in _FACTORS and any(mask is not None for mask in masks):
            shape = self._flow.shape(call.name)
            return _any([mask.expand(shape) for mask in masks if mask is not None])
        if call.kind in _MOVING and len(masks) == 1 and masks[0] is not None:
            name = next(iter(call.operands))
            return self._run(call, {name: [masks[0]]})
        return None

    def _run(self, call: Call, tensors: Mapping[str, list[torch.Tensor]]) -> torch.Tensor | None:
        """The result for these operands; None where the batch decides more than a shape, or torch refuses."""
        self._budget -= max(
            prod(self._flow.shape(call.name)), sum(one.numel() for some in tensors.values() for one in some)
        )
        self.exhausted = self._budget < 0
        if self.exhausted or (_counts_by_size(call) and _reads_size(self._flow, call)):
            return None
        try:
            result = run_call(call, tensors, self._flow.shape)
        except Exception:  # an index out of range, a dtype without the operator: it is not known, then
            return None
        return result if isinstance(result, torch.Tensor) else None


def run_call(call: Call, tensors: Mapping[str, list[torch.Tensor]], shape: Callable[[str], tuple[int, ...]]) -> Any:
    """The call's result on other tensors, by argument name; what is read for its form only is empty of that shape.

    Raises whatever torch raises.
    """
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for argument in call.operation.arguments:
        given = call.arguments[argument.name]
        if argument.name in _LEFT_OUT:
            continue
        if argument.name in tensors:
            items = iter([one.clone() if argument.writes else one for one in tensors[argument.name]])
            value: Any = (
                [next(items) if isinstance(item, Reference) else item for item in given]
                if isinstance(given, tuple)
                else next(items)
            )
        elif isinstance(given, Reference):
            value = torch.empty(shape(given.ref))
        elif argument.name == "dtype" and isinstance(given, str):
            value = DTYPES[given]
        else:
            value = list(given) if isinstance(given, tuple) else given
        if argument.keyword_only:
            keywords[argument.name] = value
        else:
            positional.append(value)
    return call.operation.run(*positional, **keywords)


def _given(export: Export, flow: Flow) -> Iterator[tuple[str, Known]]:
    """Constants, buffers that nothing changes, and parameters whose initialiser draws nothing."""
    graphs = export.graphs
    changed = set(_changed(export))
    for name, tensor in safetensors.torch.load(export.tensors).items():
        if name not in changed and tensor.numel() <= _MAX_ELEMENTS:
            yield name, Known(tensor)
    plans = plan_initializers(graphs)
    for name, spec in graphs.parameters.items():
        if plans[name].initializer.name in _CERTAIN and prod(spec.shape) <= _MAX_ELEMENTS:
            tensor = sample(spec, plans[name], torch.Generator())
            trains = spec.requires_grad and tensor.is_floating_point()
            if not trains:
                yield name, Known(tensor)
            elif flow.graph.mode == "train":
                tensor.requires_grad_()
                yield name, Known(tensor, (tensor,))


def _changed(export: Export) -> Iterator[str]:
    """Buffers and constants that are statistics of a norm, or that an operator writes into, or a view of which."""
    for graph in (export.graphs.train, export.graphs.eval):
        root: dict[str, str] = {}
        for node in graph.nodes:
            operation, bound = lookup(node), bind(node)
            first = next(iter(references(node)), None)
            if first is not None:
                root[node.name] = root.get(first, first)
                if operation.in_place:
                    yield root[node.name]
            for argument in ("running_mean", "running_var"):
                statistic = bound.get(argument)
                if isinstance(statistic, Reference):
                    yield root.get(statistic.ref, statistic.ref)


def _counts_by_size(call: Call) -> bool:
    return call.kind in (Kind.SLICE, Kind.INDEX) or call.operation.short in ("arange", "linspace", "eye", "full")


def _reads_size(flow: Flow, call: Call) -> bool:
    """Whether the size of a batch is among its arguments."""
    kinds = (flow.calls[name].kind for name in references(call.node) if name in flow.calls)
    return any(kind is Kind.SYMBOL for kind in kinds)


def _any(masks: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack(masks).any(0)
