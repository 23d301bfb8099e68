"""A statement with the characters of the line that it was read from."""

from dataclasses import dataclass

from grader.model.claims import Statement


@dataclass(frozen=True)
class Found:
    """`start` and `end` are offsets in the text without markup; what stands around them tells a wish from a claim."""

    statement: Statement
    start: int
    end: int
