"""Sums of products: what cancels is gone, what can't be told stays."""

from grader.analysis import algebra
from grader.analysis.algebra import add, divide, multiply, number, power, variable

X, B = variable(0), variable(1)


def test_what_is_added_and_taken_off_cancels():
    assert add(add(X, B), B, -1.0) == X


def test_cancels_through_factors_and_rounding():
    third = number(1 / 3)
    total = add(multiply(third, add(X, B)), multiply(third, B), -1.0)
    assert algebra.atoms(total) == {0}


def test_quotients_cancel():
    assert divide(multiply(X, B), B) == X
    assert divide(X, add(X, B)) is None
    assert divide(X, number(0.0)) is None


def test_square_of_a_sum():
    assert power(add(X, B), 2) == {((0, 2),): 1.0, ((0, 1), (1, 1)): 2.0, ((1, 2),): 1.0}


def test_terms_that_drown_are_left_out_but_numbers_stay():
    total = add(add(X, B, 1e-8), number(1e-9))
    assert algebra.without_negligible(total) == {**X, **number(1e-9)}
    assert algebra.without_negligible(multiply(B, number(1e-8))) == {((1, 1),): 1e-8}


def test_zero_times_anything_is_zero():
    assert algebra.value_of(multiply(number(0.0), add(X, B))) == 0
    assert algebra.value_of(X) is None


def test_too_many_terms_are_not_followed():
    many = {((atom, 1),): 1.0 for atom in range(algebra.MAX_TERMS)}
    assert add(many, variable(algebra.MAX_TERMS)) is None
    assert multiply(many, add(X, B)) is None
    assert multiply(X, number(float("inf"))) is None
