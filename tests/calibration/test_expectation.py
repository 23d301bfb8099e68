"""What a reference model should do, by what was published."""

import pytest
from calibration_factory import published

from grader.calibration.expectation import expect
from grader.model.published import Published
from grader.rubric.load import load_rubric


@pytest.mark.parametrize(
    ("said", "expected", "why"),
    [
        (published(meets=True), "pass", "Its published result meets the rubric's target."),
        (published(meets=False), "fail", "Its published result misses the rubric's target."),
        (
            published(rubric="mnist-8k", accuracy=0.9944, epoch=19),
            "pass",
            "It was published with 99.44 % within the epochs allowed.",
        ),
        (
            published(rubric="mnist-8k", accuracy=0.9922),
            "fail",
            "It was published with 99.22 %, less than the target.",
        ),
        (
            published(rubric="mnist-8k", accuracy=0.9944, epoch=21),
            "unknown",
            "It was published with 99.44 %, but not within 20 epochs.",
        ),
        (
            published(rubric="mnist-25k-one-epoch", accuracy=0.95, at_least=True),
            "unknown",
            "It was published for another rubric, with at least 95.00 %, which decides nothing.",
        ),
        (published(rubric="demo"), "unknown", "Its published result is on another data set."),
        (published(rubric="mnist-8k", accuracy=None), "unknown", "No accuracy was published for it."),
    ],
)
def test_what_should_come_out(said: Published, expected: str, why: str) -> None:
    found = expect(said, load_rubric("mnist-20k"), 0.994)
    assert (found.expected, found.why) == (expected, why)
