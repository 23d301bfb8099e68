"""Work that pauses after each step, so that others can take theirs in between."""

from collections.abc import Generator
from typing import TypeVar

Answer = TypeVar("Answer")
InSteps = Generator[None, None, Answer]


def finish(work: InSteps[Answer]) -> Answer:
    """All steps, one after the other; what the work comes to."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
