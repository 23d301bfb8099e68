"""Every way to write a number: value, relation, tolerance."""

import pytest

from grader.intake.claims.markup import plain
from grader.intake.claims.numbers import find_numbers


@pytest.mark.parametrize(
    ("text", "value", "relation", "tolerance"),
    [
        ("17,682", 17682, "exactly", 0),
        ("17682", 17682, "exactly", 0),
        ("17_682", 17682, "exactly", 0),
        ("17\u202f682", 17682, "exactly", 0),
        ("2,02,724", 202724, "exactly", 0),
        ("1,234,567", 1234567, "exactly", 0),
        ("17.6K", 17600, "exactly", 50),
        ("20 k", 20000, "exactly", 500),
        ("20kparams", 20000, "exactly", 500),
        ("1.2M", 1_200_000, "exactly", 50_000),
        ("1.2 million", 1_200_000, "exactly", 50_000),
        ("2.02 lakh", 202_000, "exactly", 500),
        ("~18k", 18000, "about", 500),
        ("\\~18k", 18000, "about", 500),
        ("about 8000", 8000, "about", 0),
        ("approximately 16K", 16000, "about", 500),
        ("8000ish", 8000, "about", 0),
        ("under 20k", 20000, "less_than", 0),
        ("< 20,000", 20000, "less_than", 0),
        ("&lt; 20k", 20000, "less_than", 0),
        ("fewer than **20,000**", 20000, "less_than", 0),
        ("stay under ~25k", 25000, "less_than", 0),
        ("well under the 25,000 limit", 25000, "less_than", 0),
        ("less than or equal to 15", 15, "at_most", 0),
        ("no more than 20,000", 20000, "at_most", 0),
        ("≤15", 15, "at_most", 0),
        ("$\\leq 8{,}000$", 8000, "at_most", 0),
        ("20,000 or fewer", 20000, "at_most", 0),
        ("more than 99.4%", 0.994, "more_than", 0),
        (">99.4 %", 0.994, "more_than", 0),
        ("at least 95%", 0.95, "at_least", 0),
        ("99.4%+", 0.994, "at_least", 0),
        ("99.4+%", 0.994, "at_least", 0),
        ("95% or higher", 0.95, "at_least", 0),
        ("99.41%", 0.9941, "exactly", 0.00005),
        ("99.4 percent", 0.994, "exactly", 0.0005),
        ("99%", 0.99, "exactly", 0.005),
        ("0.9941", 0.9941, "exactly", 0.00005),
        ("**14,116**", 14116, "exactly", 0),
        ("`14,116`", 14116, "exactly", 0),
        ("<b>14,116</b>", 14116, "exactly", 0),
        ("=> 99.4%", 0.994, "exactly", 0.0005),
    ],
)
def test_number(text: str, value: float, relation: str, tolerance: float) -> None:
    (number,) = find_numbers(plain(text))
    assert number.figure.value == pytest.approx(value, rel=1e-12)
    assert (number.figure.relation, number.figure.tolerance) == (relation, pytest.approx(tolerance, rel=1e-9))


def test_lists_and_versions_are_no_grouped_numbers() -> None:
    assert [number.figure.value for number in find_numbers("10, 20, 30")] == [10, 20, 30]
    assert find_numbers("torch 1.2.3") == ()
    assert [number.figure.value for number in find_numbers("conv2d and bn1")] == []


def test_a_size_is_marked() -> None:
    (number,) = find_numbers(plain("28×28"))
    assert (number.figure.value, number.dimension) == (28, True)


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("> **99.4% test**", "> 99.4% test"),
        ("> a quote of 20", "a quote of 20"),
        ("[`model.py`](https://host.example/20k/model.py) has 5", "model.py has 5"),
        ("![1,000 parameters](a.png) text", "  text"),
        ("Model_3 and __bold__ and _x_", "Model_3 and bold and x"),
        ("3 * 3 * 8", "3 * 3 * 8"),
        ("│ a │ b │", "| a | b |"),
    ],
)
def test_markup_is_taken_off(line: str, seen: str) -> None:
    assert plain(line) == seen
