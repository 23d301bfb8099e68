"""What each call still depends on once sums have cancelled, factors are zero and conditions are decided.

A product with zero, a branch of `where` that is never taken, a value that is added and subtracted again: the layer that
computed it runs, but nothing of it reaches the output. Every operand that makes no difference is left out here, by the
rules of arithmetic; a factor that is zero at first and learns stays.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch

from grader.analysis import algebra
from grader.analysis.algebra import Polynomial
from grader.analysis.bounds import UNKNOWN, Bounds, bounds_after
from grader.analysis.constants import Constants
from grader.analysis.flow import Call, Flow, Value
from grader.graph.ops import Kind
from grader.model.graph import Reference

_ADDING = {"add": 1.0, "sub": -1.0, "subtract": -1.0}
_MULTIPLYING = frozenset({"mul", "multiply"})
_DIVIDING = frozenset({"div", "divide", "true_divide"})
_BILINEAR = frozenset({Kind.CONVOLUTION, Kind.TRANSPOSED_CONVOLUTION, Kind.LINEAR, Kind.MATMUL})
_SCALED_NORMS = frozenset({Kind.BATCH_NORM, Kind.NORM})
_PASSING = frozenset({"clone", "contiguous", "detach", "alias", "positive", "lift_fresh", "lift_fresh_copy"})
_SPREADING = frozenset({"expand", "expand_as", "broadcast_to"})
_DRAWING = frozenset({Kind.NOISE, Kind.RECURRENT, Kind.ATTENTION})  # two calls need not agree
_MAX_POWER = 4
_MAX_BOUNDED = 16  # terms; no trick needs more, and a sum of many rarely has a bound


def simplify(flow: Flow, constants: Constants) -> Flow:
    """The same flow, its calls without the operands that make no difference."""
    return _Simplifier(flow, constants).run()


class _Simplifier:
    def __init__(self, flow: Flow, constants: Constants) -> None:
        self._flow = flow
        self._constants = constants
        self._polynomial: dict[str, Polynomial] = {}  # of the results so far
        self._numbers: dict[object, int] = {}  # what an atom is → its number
        self._values: dict[int, Value] = {}  # atom → the first value that was it
        self._bounds: dict[int, Bounds] = {}  # atom → its bounds
        self._wide = set(constants.wide)  # values in float64

    def run(self) -> Flow:
        calls = {}
        for call in self._flow.calls.values():
            self._constants.remember(call)
            calls[call.name] = self._simplified(call)
            if self._is_wide(call):
                self._wide.add(call.name)
        return replace(self._flow, calls=calls, zeros=self._zeros(calls))

    def _simplified(self, call: Call) -> Call:
        if call.kind is Kind.SYMBOL:
            return call
        value = Value(call.name)
        found = None if self._counts_images(call) else self._algebra(call)
        bounds = self._bounds_of(call, found)
        if bounds.number is not None and math.isfinite(bounds.number):
            self._polynomial[call.name] = algebra.number(bounds.number)
            return replace(call, operands={})
        if found is None:
            kept = self._without_zero_factor(call)
            self._polynomial[call.name] = self._atom(self._key(call), value, bounds)
            return kept
        self._polynomial[call.name] = found
        return self._with_atoms(call, found)

    def _bounds_of(self, call: Call, found: Polynomial | None) -> Bounds:
        known = self._exactly(Value(call.name))
        if known is not None:
            return known
        if self._counts_images(call):
            return UNKNOWN
        read = [self._bounded(self._read(value)) for value in call.values]
        bounds = bounds_after(call.operation.short, call.kind, read, call.arguments)
        return bounds if found is None else bounds.both(self._bounded(found))

    def _exactly(self, value: Value) -> Bounds | None:
        """The bounds of a tensor whose elements are known for ever."""
        known = self._constants.of(value)
        if known is None or not known.stays or not known.tensor.numel():
            return None
        low, high = known.tensor.detach().double().aminmax()
        return Bounds(float(low), float(high))

    def _counts_images(self, call: Call) -> bool:
        """Whether a number that it computes with is the size of the batch, which is another one in training."""
        given = call.node.args[1:] if call.kind is Kind.ELEMENTWISE else ()
        fill = call.node.kwargs.get("fill_value", call.node.args[1] if call.operation.short == "full" else None)
        items = [item for item in (*given, fill) if isinstance(item, Reference) and item.ref in self._flow.calls]
        return any(self._flow.calls[item.ref].kind is Kind.SYMBOL for item in items)

    def _with_atoms(self, call: Call, found: Polynomial) -> Call:
        """Reading only what is left in the result; as it is where nothing was lost."""
        kept = algebra.atoms(found)
        read = [algebra.atoms(self._read(value)) for value in call.values]
        if not kept < frozenset().union(*read):
            return call
        whole = {name: values for name, values in call.operands.items() if self._are_within(values, kept)}
        covered = frozenset().union(
            *(algebra.atoms(self._read(value)) for values in whole.values() for value in values)
        )
        rest = tuple(self._values[atom] for atom in sorted(kept - covered))
        return replace(call, operands={**whole, **({"self": rest} if rest else {})})

    def _are_within(self, values: tuple[Value, ...], kept: frozenset[int]) -> bool:
        atoms = frozenset().union(*(algebra.atoms(self._read(value)) for value in values))
        return bool(atoms) and atoms <= kept

    def _without_zero_factor(self, call: Call) -> Call:
        """A product, convolution or norm with a factor that stays zero gives its bias, whatever else it reads."""
        factors = ["weight"] if call.kind in _SCALED_NORMS else [name for name in call.operands if name != "bias"]
        if call.kind not in _BILINEAR | _SCALED_NORMS or call.operation.short in ("addmm", "baddbmm", "einsum"):
            return call
        if not any(self._is_zero(value) for name in factors for value in call.operands.get(name, ())):
            return call
        return replace(call, operands={name: values for name, values in call.operands.items() if name == "bias"})

    def _is_zero(self, value: Value) -> bool:
        return algebra.value_of(self._read(value)) == 0

    def _read(self, value: Value) -> Polynomial:
        if not value.touched and value.name in self._polynomial:
            return self._polynomial[value.name]
        bounds = self._exactly(value) or UNKNOWN
        if bounds.number is not None:
            return algebra.number(bounds.number)
        return self._atom((value.name, value.touched), value, bounds)

    def _atom(self, key: object, value: Value, bounds: Bounds) -> Polynomial:
        atom = self._numbers.setdefault(key, len(self._numbers))
        self._values.setdefault(atom, value)
        self._bounds.setdefault(atom, bounds)
        return algebra.variable(atom)

    def _key(self, call: Call) -> object:
        """What two calls that compute the same have in common."""
        draws = call.kind in _DRAWING or (call.kind is Kind.DROPOUT and call.arguments.get("train") is True)
        if draws or any(value.touched for value in call.values):
            return call.name
        read = tuple(
            (name, tuple(frozenset(self._read(value).items()) for value in values))
            for name, values in call.operands.items()
        )
        plain = tuple(
            (name, repr(value)) for name, value in call.arguments.items() if not isinstance(value, Reference | tuple)
        )
        lists = tuple(
            (name, tuple("·" if isinstance(item, Reference) else repr(item) for item in value))
            for name, value in call.arguments.items()
            if isinstance(value, tuple)
        )
        return call.operation.name.replace("_.", "."), read, plain, lists, self._flow.shape(call.name)

    def _bounded(self, polynomial: Polynomial) -> Bounds:
        if len(polynomial) > _MAX_BOUNDED:
            return UNKNOWN
        total = Bounds(0.0, 0.0)
        for monomial, coefficient in polynomial.items():
            term = Bounds(coefficient, coefficient)
            for atom, exponent in monomial:
                term = term.times(self._bounds[atom].to_the(exponent))
            total = total.plus(term)
        return total

    def _algebra(self, call: Call) -> Polynomial | None:
        """The result as a sum of products, where the operator is arithmetic, or a choice that is decided."""
        found = self._chosen(call)
        if found is None:
            found = self._arithmetic(call)
        return None if found is None else self._reduced(found)

    def _chosen(self, call: Call) -> Polynomial | None:
        """Of what is handed on: the one branch that is taken, the larger of two."""
        short, operands = call.operation.short, call.operands
        values = [self._read(value) for value in call.values]
        if short in _PASSING or short in _SPREADING or self._is_idle_dropout(call) or self._is_float_cast(call):
            return values[0]
        if short == "copy":
            return self._argument(call, "src")
        if short in ("where", "masked_fill"):
            truth = algebra.value_of(self._read(operands["condition" if short == "where" else "mask"][0]))
            branches = ("self", "other") if short == "where" else ("value", "self")
            return None if truth is None else self._argument(call, branches[0] if truth else branches[1])
        if short in ("maximum", "minimum", "fmax", "fmin") and len(values) == 2:
            first, second = (self._bounded(value) for value in values)
            if first.high < second.low or second.high < first.low:
                return values[(first.high < second.low) == (short in ("maximum", "fmax"))]
        return None

    def _arithmetic(self, call: Call) -> Polynomial | None:
        short = call.operation.short
        first, second = self._argument(call, "self"), self._argument(call, "other")
        if short == "neg" and first is not None:
            return algebra.add({}, first, -1.0)
        if short == "square" and first is not None:
            return algebra.power(first, 2)
        if short == "pow" and first is not None:
            exponent = call.arguments.get("exponent")
            whole = isinstance(exponent, int | float) and exponent in range(1, _MAX_POWER + 1)
            return algebra.power(first, int(exponent)) if whole else None  # type: ignore[arg-type]
        if short == "lerp" and first is not None:
            end, weight = self._argument(call, "end"), self._argument(call, "weight")
            step = None if end is None or weight is None else algebra.add(end, first, -1.0)
            scaled = None if step is None or weight is None else algebra.multiply(weight, step)
            return None if scaled is None else algebra.add(first, scaled)
        if first is None or second is None:
            return None
        alpha = call.arguments.get("alpha", 1)
        if short in _ADDING and isinstance(alpha, int | float):
            return algebra.add(first, second, _ADDING[short] * alpha)
        if short == "rsub" and isinstance(alpha, int | float):
            return algebra.add(second, first, -alpha)
        if short in _MULTIPLYING:
            return algebra.multiply(first, second)
        if short in _DIVIDING and call.arguments.get("rounding_mode") is None:
            return algebra.divide(first, second)
        return None

    def _argument(self, call: Call, name: str) -> Polynomial | None:
        """An argument of arithmetic: a tensor or a number."""
        values = call.operands.get(name)
        if values:
            return self._read(values[0])
        given = call.arguments.get(name)
        return algebra.number(float(given)) if isinstance(given, int | float) else None

    def _reduced(self, found: Polynomial) -> Polynomial:
        """Without terms that drown in others, and without those whose factors keep each other at zero."""
        plain = algebra.without_negligible(found)
        return {monomial: value for monomial, value in plain.items() if not self._is_stuck(monomial)}

    def _is_stuck(self, monomial: algebra.Monomial) -> bool:
        values = [self._values[atom] for atom, power in monomial for _ in range(power)]
        factors = [value for value in values if self._constants.of(value) is not None]
        if len(factors) < 2:
            return False
        product = self._constants.product(factors)
        return product is not None and product.stays and not bool(product.tensor.detach().any())

    def _is_idle_dropout(self, call: Call) -> bool:
        rate = call.arguments.get("p")
        return call.kind is Kind.DROPOUT and (call.arguments.get("train") is not True or rate == 0)

    def _is_float_cast(self, call: Call) -> bool:
        """Whether it is a cast that loses nothing: to float64, or to float32 of what is no wider."""
        given = call.arguments.get("dtype")
        return call.kind is Kind.IDENTITY and (
            given == "float64" or (given == "float32" and self._wide.isdisjoint(call.sources))
        )

    def _is_wide(self, call: Call) -> bool:
        given = call.arguments.get("dtype")
        return given == "float64" or (given is None and not self._wide.isdisjoint(call.sources))

    def _zeros(self, calls: Mapping[str, Call]) -> dict[str, torch.Tensor]:
        names = {name for call in calls.values() for name in call.sources if name not in self._flow.images}
        found = {name: self._constants.zeros(Value(name)) for name in names}
        return {name: mask for name, mask in found.items() if mask is not None and bool(mask.any())}
