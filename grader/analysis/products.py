"""Fields through matrix products and einsum."""

from collections.abc import Sequence

import numpy as np

from grader.analysis.field import Field, drop, insert, merge, mix, transpose
from grader.analysis.flow import Call


def contract(call: Call, fields: Sequence[Field], rank: int) -> Field | None:
    """The field of a product whose result has `rank` dimensions; None for products this does not know."""
    if call.operation.short == "einsum":
        equation = call.arguments["equation"]
        return _einsum(equation, fields) if isinstance(equation, str) else None
    if call.operation.short in ("addmm", "baddbmm"):
        added, *fields = fields
        product = _matrix(fields, rank)
        return None if product is None else merge([added, product])
    return _matrix(fields, rank) if call.operation.short in ("matmul", "mm", "bmm") else None


def _matrix(fields: Sequence[Field], rank: int) -> Field | None:
    left, right = fields
    if min(left.rank, right.rank) < 2:
        return None
    product = merge([mix(left, [-1]), mix(right, [-2])])
    return product if product.rank == rank else None


def _einsum(equation: str, fields: Sequence[Field]) -> Field | None:
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    letters = inputs.split(",")
    repeated = any(len(set(word)) != len(word) for word in letters)
    if not arrow or "." in equation or repeated or [len(word) for word in letters] != [one.rank for one in fields]:
        return None
    parts = []
    for word, one in zip(letters, fields, strict=True):
        summed = [dim for dim, letter in enumerate(word) if letter not in output]
        kept = [letter for letter in word if letter in output]
        part = drop(mix(one, summed), summed) if summed else one
        part = transpose(part, [int(index) for index in np.argsort([output.index(letter) for letter in kept])])
        for dim, letter in enumerate(output):
            if letter not in kept:
                part = insert(part, dim)
        parts.append(part)
    return merge(parts)
