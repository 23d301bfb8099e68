"""What comes of one claim."""

from dataclasses import dataclass

from grader.model.claims import Verdict


@dataclass(frozen=True)
class Answer:
    """A verdict with what was measured, and why; the fields are those of `CheckedClaim`."""

    verdict: Verdict
    measured: str = ""
    explanation: str = ""
    value: float | None = None


def not_checkable(why: str) -> Answer:
    """Nothing was measured that the claim could be held against."""
    return Answer("not_checkable", explanation=why)
