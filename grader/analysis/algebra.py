"""Sums of products with numbers in front: what is left of a sum after terms have cancelled.

A polynomial maps monomials to their coefficients; a monomial is a sorted tuple of (atom, power), an atom a number that
stands for a value. Powers may be negative: x · b / b is x.
"""

import math
from collections import defaultdict
from collections.abc import Mapping

Monomial = tuple[tuple[int, int], ...]
Polynomial = Mapping[Monomial, float]

NUMBER: Monomial = ()  # the monomial of a plain number
MAX_TERMS = 1024
MAX_POWER = 64  # of an atom: powers of powers grow beyond what a float holds
NEGLIGIBLE = 1e-6  # a term this much smaller than another one drowns in the rounding of float32
_CANCELLED = 1e-9  # what rounding leaves of two equal coefficients


def number(value: float) -> Polynomial:
    """A plain number; zero is the empty sum."""
    return {NUMBER: value} if value else {}


def variable(atom: int) -> Polynomial:
    """One atom by itself."""
    return {((atom, 1),): 1.0}


def value_of(polynomial: Polynomial) -> float | None:
    """The number that it is; None where it has atoms."""
    return polynomial.get(NUMBER, 0.0) if not polynomial.keys() - {NUMBER} else None


def atoms(polynomial: Polynomial) -> frozenset[int]:
    """All atoms in it."""
    return frozenset(atom for monomial in polynomial for atom, _ in monomial)


def add(left: Polynomial, right: Polynomial, scale: float = 1.0) -> Polynomial | None:
    """left + scale · right; None where that has too many terms, too high powers, or overflows."""
    total = dict(left)
    for monomial, coefficient in right.items():
        before, added = total.get(monomial, 0.0), scale * coefficient
        total[monomial] = before + added
        if math.isfinite(before + added) and abs(before + added) <= _CANCELLED * max(abs(before), abs(added)):
            del total[monomial]
    return _bounded(total)


def multiply(left: Polynomial, right: Polynomial) -> Polynomial | None:
    """left · right; None where that has too many terms, too high powers, or overflows."""
    if len(left) * len(right) > MAX_TERMS:
        return None
    total: Polynomial | None = {}
    for one, first in left.items():
        for other, second in right.items():
            total = None if total is None else add(total, {_product(one, other): first * second})
    return total


def divide(left: Polynomial, right: Polynomial) -> Polynomial | None:
    """left / right where `right` is a single term; None for other divisors, and for zero."""
    if len(right) != 1:
        return None
    ((monomial, coefficient),) = right.items()
    inverse = tuple((atom, -power) for atom, power in monomial)
    return multiply(left, {inverse: 1 / coefficient}) if coefficient else None


def power(base: Polynomial, exponent: int) -> Polynomial | None:
    """base to a small positive power."""
    result: Polynomial | None = number(1.0)
    for _ in range(exponent):
        result = None if result is None else multiply(result, base)
    return result


def without_negligible(polynomial: Polynomial) -> Polynomial:
    """Without the terms whose coefficient is next to nothing beside another's; plain numbers stay."""
    largest = max((abs(value) for monomial, value in polynomial.items() if monomial), default=0.0)
    return {key: value for key, value in polynomial.items() if not key or abs(value) > NEGLIGIBLE * largest}


def _product(one: Monomial, other: Monomial) -> Monomial:
    powers: defaultdict[int, int] = defaultdict(int)
    for atom, exponent in (*one, *other):
        powers[atom] += exponent
    return tuple(sorted((atom, exponent) for atom, exponent in powers.items() if exponent))


def _bounded(polynomial: Polynomial) -> Polynomial | None:
    fits = (
        len(polynomial) <= MAX_TERMS
        and all(math.isfinite(value) for value in polynomial.values())
        and all(abs(power) <= MAX_POWER for monomial in polynomial for _, power in monomial)
    )
    return polynomial if fits else None
