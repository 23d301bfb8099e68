"""Which elements of every value can influence the output: a layer of which none can is not live.

From the output backwards. Where nothing is cut, a value is wanted whole and nothing is counted; a slice, a selection, a
mask of zeros or a condition that is decided wants some elements, and what is wanted of a concatenation is wanted of its
parts.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import torch

from grader.analysis.constants import Constants, run_call
from grader.analysis.flow import Call, Flow, Value
from grader.graph.ops import Kind

Wanted = torch.Tensor | None  # bool, of the value's shape; None: all of it
_MAX_ELEMENTS = 1 << 21  # of one value that is looked at element by element
_MAX_TOTAL = 1 << 27
_BY_ELEMENT = frozenset({Kind.ELEMENTWISE, Kind.ACTIVATION, Kind.IDENTITY, Kind.DROPOUT, Kind.NOISE})
_CUTTING = frozenset({Kind.SLICE, Kind.INDEX, Kind.PAD})
_MOVING = _CUTTING | {Kind.RESHAPE, Kind.PERMUTE, Kind.EXPAND, Kind.PIXEL_SHUFFLE}
_BY_CHANNEL = frozenset(
    {Kind.BATCH_NORM, Kind.AVERAGE_POOL, Kind.MAX_POOL, Kind.ADAPTIVE_AVERAGE_POOL, Kind.ADAPTIVE_MAX_POOL}
) | {Kind.UPSAMPLE}
_ALONG = frozenset({"sum", "mean", "amax", "amin", "prod", "logsumexp", "var", "std"})
_PRODUCTS = frozenset({"mul", "multiply"})


def wanted_names(flow: Flow, constants: Constants) -> tuple[frozenset[str], bool]:
    """Names of the calls, inputs, parameters and other tensors of which at least one element can matter.

    Also whether that was too much to look at, so that some of them may not matter after all.
    """
    demand = _Demand(flow, constants)
    return demand.run(), demand.exhausted


class _Demand:
    def __init__(self, flow: Flow, constants: Constants) -> None:
        self._flow = flow
        self._constants = constants
        self._wanted: dict[str, Wanted] = {}
        self._budget = _MAX_TOTAL
        self.exhausted = False

    def run(self) -> frozenset[str]:
        self._want(self._flow.output, None)
        for call in reversed(list(self._flow.calls.values())):
            for key in self._keys(call):
                for value, wanted in self._sources(call, key):
                    self._want(value, wanted)
                self._wanted[key] = None  # all readers have been: the mask is not asked for again
        return frozenset(name.partition(".")[0] for name in self._wanted)

    def _keys(self, call: Call) -> list[str]:
        """The call's results that are wanted; one of several has a dot and its number."""
        several = [name for name in self._wanted if name.startswith(f"{call.name}.")] if self._is_several(call) else []
        return several or [name for name in (call.name,) if name in self._wanted]

    def _is_several(self, call: Call) -> bool:
        return f"{call.name}.0" in self._flow.shapes

    def _want(self, value: Value, wanted: Wanted, part: str = "") -> None:
        if wanted is not None and not bool(wanted.any()):
            return
        for name in value.touched:
            self._wanted[name] = None
        name = value.name + part
        before = self._wanted.get(name, wanted)
        if wanted is None or before is None or value.touched or bool(wanted.all()):
            self._wanted[name] = None
        else:
            self._wanted[name] = torch.logical_or(before, wanted)

    def _sources(self, call: Call, key: str) -> Iterator[tuple[Value, Wanted]]:
        wanted = self._wanted[key]
        if call.kind is Kind.GETITEM and call.values:
            index = call.arguments["b"]
            part = f".{index}" if f"{call.values[0].name}.{index}" in self._flow.shapes else ""
            self._want(call.values[0], wanted if part else None, part)
            return
        narrowed = self._narrowed(call, key, wanted) if self._is_affordable(call, wanted) else None
        yield from narrowed if narrowed is not None else ((value, None) for value in call.values)

    def _is_affordable(self, call: Call, wanted: Wanted) -> bool:
        shapes = [self._flow.shape(name) for name in (call.name, *call.sources)]
        largest = max(map(prod, shapes), default=0)
        if wanted is not None or call.kind in _CUTTING:
            self._budget -= largest
            self.exhausted = self.exhausted or largest > _MAX_ELEMENTS or self._budget < 0
        return not self.exhausted and largest <= _MAX_ELEMENTS

    def _narrowed(self, call: Call, key: str, wanted: Wanted) -> list[tuple[Value, Wanted]] | None:
        """What a call wants of its operands; None where it wants all of each."""
        if not call.values:
            return None
        if call.kind in _BY_ELEMENT:
            return self._by_element(call, wanted)
        if call.kind in _MOVING and (wanted is not None or call.kind in _CUTTING or "." in key):
            return self._moved(call, key, wanted)
        if call.kind in (Kind.CONVOLUTION, Kind.LINEAR) and {"input", "weight"} <= call.operands.keys():
            return self._by_weight(call, wanted)
        if wanted is None:
            return None
        if call.kind is Kind.CONCATENATE:
            return self._parts(call, wanted)
        if (call.kind in _BY_CHANNEL or call.operation.short == "instance_norm") and wanted.ndim >= 2:
            return self._by_channel(call, wanted)
        return self._along(call, wanted) if call.operation.short in _ALONG else None

    def _by_element(self, call: Call, wanted: Wanted) -> list[tuple[Value, Wanted]] | None:
        masks = {name: self._decisive(call, name) for name in call.operands}
        if wanted is None and all(mask is None for mask in masks.values()):
            return None
        found: list[tuple[Value, Wanted]] = []
        for name, values in call.operands.items():
            mask = masks[name]
            whole = wanted if mask is None else mask if wanted is None else wanted & mask
            for value in values:
                found.append((value, None if whole is None else _folded(whole, self._flow.shape(value.name))))
        return found

    def _decisive(self, call: Call, name: str) -> Wanted:
        """Where an argument can make a difference: not where the other factor is zero, nor in a branch not taken."""
        shape = self._flow.shape(call.name)
        if call.operation.short in _PRODUCTS:
            others = [value for other, values in call.operands.items() if other != name for value in values]
            zeros = [mask for value in others if (mask := self._zeros(value)) is not None]
            return ~zeros[0].expand(shape) if zeros and bool(zeros[0].any()) else None
        condition = call.operands.get("condition", call.operands.get("mask"))
        if condition is None or call.operation.short not in ("where", "masked_fill"):
            return None
        known = self._constants.of(condition[0])
        if known is None or name in ("condition", "mask"):
            return None
        truth = known.tensor.bool().expand(shape)
        return truth if (name == "self") == (call.operation.short == "where") else ~truth

    def _zeros(self, value: Value) -> torch.Tensor | None:
        return self._constants.zeros(value)

    def _moved(self, call: Call, key: str, wanted: Wanted) -> list[tuple[Value, Wanted]] | None:
        """Run the operator on the numbers of the elements, and see which are left."""
        source, *others = call.values
        known = {name: [self._constants.of(value) for value in values] for name, values in call.operands.items()}
        argument = next(iter(call.operands))
        if any(one is None for name, some in known.items() for one in some[1 if name == argument else 0 :]):
            return None
        shape = self._flow.shape(source.name)
        index = torch.arange(1, prod(shape) + 1, dtype=torch.float64).reshape(shape)
        tensors = {name: [one.tensor.detach() for one in some if one is not None] for name, some in known.items()}
        tensors[argument] = [index, *tensors[argument][1:]]
        try:
            result: Any = run_call(call, tensors, self._flow.shape)
        except Exception:  # not for this type, or not for these sizes: all is wanted
            return None
        if isinstance(result, list | tuple):
            if "." not in key:
                return None
            result = result[int(key.partition(".")[2])]
        left = result if wanted is None else result[wanted.expand(result.shape)]
        mask = torch.zeros(prod(shape) + 1, dtype=torch.bool)
        mask[left.reshape(-1).long()] = True
        return [(source, mask[1:].reshape(shape)), *((value, None) for value in others)]

    def _parts(self, call: Call, wanted: torch.Tensor) -> list[tuple[Value, Wanted]] | None:
        dim = call.arguments.get("dim")
        if not isinstance(dim, int):
            return None
        if call.operation.short == "stack":
            return list(zip(call.values, wanted.unbind(dim), strict=True))
        sizes = [self._flow.shape(value.name)[dim] for value in call.values]
        return list(zip(call.values, torch.split(wanted, sizes, dim), strict=True))

    def _by_channel(self, call: Call, wanted: torch.Tensor) -> list[tuple[Value, Wanted]] | None:
        """Places see each other, channels don't."""
        source, *others = call.values
        shape = self._flow.shape(source.name)
        if wanted.shape[:2] != shape[:2]:  # pooled without a batch: its first two dimensions are channel and height
            return None
        channels = wanted.flatten(2).any(2) if wanted.ndim > 2 else wanted
        if call.kind is Kind.BATCH_NORM:
            channels = channels.any(0, keepdim=True)
        mask = channels.reshape(*channels.shape, *(1,) * (len(shape) - 2)).expand(shape)
        return [(source, mask), *((value, None) for value in others)]

    def _along(self, call: Call, wanted: torch.Tensor) -> list[tuple[Value, Wanted]] | None:
        source, shape = call.values[0], self._flow.shape(call.values[0].name)
        given = call.arguments.get("dim")
        dims = given if isinstance(given, tuple) else (given,)
        chosen = sorted(dim % len(shape) for dim in dims if isinstance(dim, int))
        if len(call.values) > 1 or not chosen or wanted.ndim not in (len(shape), len(shape) - len(chosen)):
            return None
        if wanted.ndim < len(shape):
            for dim in chosen:
                wanted = wanted.unsqueeze(dim)
        return [(source, wanted.expand(shape))]

    def _by_weight(self, call: Call, wanted: Wanted) -> list[tuple[Value, Wanted]] | None:
        """Input channels whose weights are all zero, or lead to groups that are not wanted, make no difference."""
        weight, source = call.operands["weight"][0], call.operands["input"][0]
        zero = self._zeros(weight)
        shape, groups = self._flow.shape(source.name), call.arguments.get("groups", 1)
        if (zero is None or not bool(zero.any())) and (wanted is None or groups == 1):
            return None
        used = torch.ones(self._flow.shape(weight.name)) if zero is None else (~zero).float()
        used = used.flatten(2).amax(2) if used.ndim > 2 else used  # (outputs, inputs of a group)
        dim = 1 if call.kind is Kind.CONVOLUTION else -1
        if wanted is not None:
            outputs = wanted.movedim(dim, 0).flatten(1).any(1)
            used = used * outputs[:, None]
        assert isinstance(groups, int)
        inputs = used.reshape(groups, -1, used.shape[1]).amax(1).reshape(-1) > 0
        sizes = [-1 if at == dim % len(shape) else 1 for at in range(len(shape))]
        mask = inputs.reshape(sizes).expand(shape)
        return [(value, mask if value is source else None) for value in call.values]


def _folded(wanted: torch.Tensor, shape: tuple[int, ...]) -> Wanted:
    """What is wanted of an operand that was broadcast; all of it where it is no broadcasting."""
    if len(shape) > wanted.ndim:
        return None
    if not shape:
        return wanted.any()
    folded = wanted.reshape(-1, *wanted.shape[wanted.ndim - len(shape) :]).any(0)
    for dim, size in enumerate(shape):
        if size == 1:
            folded = folded.any(dim, keepdim=True)
    return folded if tuple(folded.shape) == shape else None
