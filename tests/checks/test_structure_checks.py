"""Every structural check on both sides of its boundary."""

from typing import Any

import pytest

from grader.checks import batch_norm, dropout, head, parameters, receptive_field


@pytest.mark.parametrize(
    ("counted", "status"), [(19_999, "passed"), (20_000, "failed"), (20_001, "failed"), (0, "passed")]
)
def test_the_parameter_limit_is_exclusive(counted: int, status: str, ask: Any, facts: Any, context: Any) -> None:
    given = context(facts(parameters={"total": counted, "counted": counted}))
    finding = ask(parameters.CHECK, given, less_than=20_000)
    assert finding.status == status
    assert finding.expected == "fewer than 20,000"
    assert finding.observed == f"{counted:,}"


def test_too_many_parameters_name_the_largest_layers_with_their_lines(ask: Any, facts: Any, context: Any) -> None:
    finding = ask(
        parameters.CHECK, context(facts(parameters={"total": 20_500, "counted": 20_500, "unused": 7})), less_than=20_000
    )
    assert "501 too many" in finding.message
    assert "conv with 9,999 (net.py:10), fc with 9,000 (net.py:12) and bn with 1,000" in finding.fix
    assert finding.fix.startswith("7 parameters can't reach the output")
    assert [str(place) for place in finding.evidence] == ["net.py:10", "net.py:12"]


def test_what_is_counted_beside_parameters_is_said(ask: Any, facts: Any, context: Any) -> None:
    finding = ask(parameters.CHECK, context(facts(parameters={"total": 19_000, "counted": 20_000})), less_than=20_000)
    assert finding.status == "failed"
    assert finding.observed == "20,000 (19,000 parameters + 1,000 in buffers and constants)"
    assert "could hold trained weights" in finding.message


def test_numbers_in_the_arithmetic_are_said_apart(ask: Any, facts: Any, context: Any) -> None:
    given = context(facts(parameters={"total": 100, "counted": 112, "literals": 5}))
    finding = ask(parameters.CHECK, given, less_than=20_000)
    assert finding.observed == "112 (100 parameters + 7 in buffers and constants + 5 numbers in the arithmetic)"
    assert "7 values in buffers" in finding.message
    assert "5 numbers that stand in the arithmetic" in finding.message


@pytest.mark.parametrize(
    ("figures", "minimum", "status", "part"),
    [
        ({"layers": 3, "runs": True}, 1, "passed", "3 times"),
        ({"layers": 3, "runs": True, "conditional": 2}, 1, "passed", "3 times"),
        ({"layers": 3, "runs": True, "conditional": 2}, 2, "inconclusive", "2 calls on a branch"),
        ({"layers": 3, "runs": True, "conditional": 2}, 4, "failed", "3 calls only"),
        ({"layers": 3, "runs": True, "at_evaluation": 0}, 1, "inconclusive", "and in 0 at evaluation"),
        ({"layers": 3, "runs": True, "at_evaluation": 1}, 1, "passed", "3 times"),
        ({"layers": 1, "runs": True}, 1, "passed", "once"),
        ({"layers": 0, "runs": False}, 1, "failed", "only defined"),
        ({"layers": 2, "runs": False, "frozen": 2}, 1, "failed", "frozen in 2 calls"),
        ({"layers": 3, "runs": True, "frozen": 2}, 1, "passed", "2 more calls are frozen"),
        ({"layers": 3, "runs": True, "frozen": 2}, 2, "failed", "1 call only"),
        ({"layers": 3, "runs": True}, 3, "passed", "3 times"),
        ({"layers": 3, "runs": True}, 4, "failed", "3 calls only"),
        ({"layers": 3, "runs": True, "convolutions_without": ("conv7",)}, 1, "passed", "Without it: conv7."),
    ],
)
def test_batch_norm(
    figures: dict[str, Any], minimum: int, status: str, part: str, ask: Any, facts: Any, context: Any
) -> None:
    finding = ask(batch_norm.CHECK, context(facts(batch_norm=figures)), minimum=minimum)
    assert (finding.status, part in finding.message) == (status, True), finding.message


def test_a_missing_layer_points_at_the_class(ask: Any, facts: Any, context: Any) -> None:
    finding = ask(batch_norm.CHECK, context(facts(batch_norm={"layers": 0, "runs": False, "locations": ()})))
    assert [str(place) for place in finding.evidence] == ["net.py:5"]
    finding = ask(dropout.CHECK, context(facts(dropout={"layers": 0, "rates": (), "runs": False, "locations": ()})))
    assert [str(place) for place in finding.evidence] == ["net.py:5"]


@pytest.mark.parametrize(
    ("rates", "runs", "minimum", "status", "part"),
    [
        ((0.1, 0.1), True, 1, "passed", "runs in 2 calls, rate 0.1"),
        ((0.05, 0.1), True, 2, "passed", "rates 0.05, 0.1"),
        ((0.0, 0.1), True, 1, "passed", "runs in 1 call"),
        ((0.0, 0.1), True, 2, "failed", "runs in 1 call only"),
        ((0.0,), False, 1, "failed", "rate 0, which drops nothing"),
        ((0.5,), False, 1, "failed", "switched off while training"),
        ((), False, 1, "failed", "only defined"),
        ((0.001,), True, 1, "passed", "rate 0.001"),
    ],
)
def test_dropout(
    rates: tuple[float, ...], runs: bool, minimum: int, status: str, part: str, ask: Any, facts: Any, context: Any
) -> None:
    figures = {"layers": len(rates), "rates": rates, "runs": runs}
    finding = ask(dropout.CHECK, context(facts(dropout=figures)), minimum=minimum)
    assert (finding.status, part in finding.message) == (status, True), finding.message


@pytest.mark.parametrize(
    ("figures", "status", "part"),
    [
        ({"rates": (1e-9,)}, "inconclusive", "rate 1e-09, which drops next to nothing"),
        ({"rates": (1e-9, 0.1)}, "passed", "runs in 2 calls"),
        ({"rates": (1e-9, 0.5), "switched_off": (1,)}, "inconclusive", "next to nothing"),
        ({"rates": (0.1, 0.5), "switched_off": (1,)}, "passed", "runs in 1 call"),
        ({"rates": (0.1,), "conditional": 1}, "inconclusive", "1 call on a branch"),
        ({"rates": (0.1, 0.2), "conditional": 1}, "passed", "runs in 2 calls"),
    ],
)
def test_dropout_that_a_person_decides(
    figures: dict[str, Any], status: str, part: str, ask: Any, facts: Any, context: Any
) -> None:
    given = {"layers": len(figures["rates"]), "runs": True, **figures}
    finding = ask(dropout.CHECK, context(facts(dropout=given)), minimum=1)
    assert (finding.status, part in finding.message) == (status, True), finding.message


@pytest.mark.parametrize(
    ("figures", "status", "part"),
    [
        ({"conditional": True}, "inconclusive", "a condition on the image"),
        ({"at_evaluation": "global max pool"}, "inconclusive", "global max pool at evaluation"),
        ({"at_evaluation": "flatten+fc"}, "passed", "The head is gap"),
    ],
)
def test_head_that_a_person_decides(
    figures: dict[str, Any], status: str, part: str, ask: Any, facts: Any, context: Any
) -> None:
    finding = ask(head.CHECK, context(facts(head={"gap": True, "fc": False, "kind": "gap", **figures})))
    assert (finding.status, part in finding.message) == (status, True), finding.message


@pytest.mark.parametrize(
    ("figures", "status", "part"),
    [
        ({"certain": 19}, "inconclusive", "at least 19×19"),
        ({"certain": (28, 20)}, "passed", "28×28"),
        ({"on_image": (3, 28)}, "inconclusive", "only 3×28 are of the image"),
        ({"at_evaluation": 3}, "inconclusive", "3×3 at evaluation"),
        ({"at_evaluation": 24}, "passed", "28×28"),
        ({"before_head": 19, "certain": 3}, "failed", "19×19"),
    ],
)
def test_receptive_field_that_a_person_decides(
    figures: dict[str, Any], status: str, part: str, ask: Any, facts: Any, context: Any
) -> None:
    given = context(facts(receptive_field={"before_head": 28, **figures}))
    finding = ask(receptive_field.CHECK, given, at_least=20)
    assert (finding.status, part in finding.message) == (status, True), finding.message


def test_dropout_that_stays_active_at_evaluation_passes_with_a_warning(ask: Any, facts: Any, context: Any) -> None:
    finding = ask(dropout.CHECK, context(facts(dropout={"active_in_eval": True})))
    assert finding.status == "passed"
    assert "active at evaluation" in finding.message
    assert "self.training" in finding.fix


@pytest.mark.parametrize(
    ("gap", "fc", "kind", "accept", "status"),
    [
        (True, False, "gap", ["gap", "fc"], "passed"),
        (False, True, "flatten+fc", ["gap", "fc"], "passed"),
        (True, True, "gap+fc", ["gap"], "passed"),
        (True, False, "gap+1x1 convolution", ["fc"], "failed"),
        (False, True, "flatten+fc", ["gap"], "failed"),
        (False, False, "global max pool", ["gap", "fc", "full_size_convolution"], "failed"),
        (False, False, "full-size convolution", ["gap", "fc", "full_size_convolution"], "passed"),
        (False, False, "full-size convolution", ["gap", "fc"], "failed"),
        (False, False, "none", ["gap", "fc"], "failed"),
    ],
)
def test_head(
    gap: bool, fc: bool, kind: str, accept: list[str], status: str, ask: Any, facts: Any, context: Any
) -> None:
    given = context(facts(head={"gap": gap, "fc": fc, "kind": kind}))
    finding = head.CHECK.run(given, head.AcceptedHeads.model_validate({"accept": accept}))
    assert finding.status == status
    assert (kind in finding.message) == (kind != "none")


def test_the_kind_is_spelled_as_the_analysis_spells_it() -> None:
    from grader.analysis.head import FULL_SIZE

    assert FULL_SIZE == "full-size convolution"


def test_a_full_size_convolution_is_accepted_by_default_and_named(ask: Any, facts: Any, context: Any) -> None:
    finding = ask(head.CHECK, context(facts(head={"gap": False, "fc": False, "kind": "full-size convolution"})))
    assert finding.status == "passed"
    assert finding.observed == "full-size convolution"


@pytest.mark.parametrize(
    ("value", "status"),
    [(20, "passed"), (19, "failed"), ((28, 20), "passed"), ((28, 19), "failed"), ((19, 28), "failed"), (40, "passed")],
)
def test_the_smaller_axis_of_the_receptive_field_decides(
    value: Any, status: str, ask: Any, facts: Any, context: Any
) -> None:
    given = context(facts(receptive_field={"before_head": value}))
    finding = ask(receptive_field.CHECK, given, at_least=20)
    assert finding.status == status
    assert finding.expected == "at least 20×20 pixels"


def test_a_receptive_field_that_is_too_small_says_how_many_convolutions_are_missing(
    ask: Any, facts: Any, context: Any
) -> None:
    # At jump 4 a 3×3 convolution adds 8: 10 + 2 × 8 = 26 reaches 20, 10 + 8 = 18 does not.
    given = context(facts(receptive_field={"before_head": 10, "jump": 4, "gated": True}))
    finding = ask(receptive_field.CHECK, given, at_least=20)
    assert "Add 2 convolutions of 3×3 before the head (each adds 8 pixels there)" in finding.fix
    assert "squeeze-and-excitation" in finding.message


def test_no_spatial_path_is_inconclusive_with_the_reason(ask: Any, facts: Any, context: Any) -> None:
    given = context(facts(receptive_field={"before_head": None, "jump": None}))
    finding = ask(receptive_field.CHECK, given, at_least=20)
    assert finding.status == "inconclusive"
    assert "no spatial path" in finding.message
