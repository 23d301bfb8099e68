"""Work that pauses after each step, so that others can take theirs in between."""

from collections.abc import Generator
from typing import Any, TypeVar

import torch

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


def drained(device: torch.device) -> InSteps[None]:
    """Pause until the current stream of a GPU has done all that it was given: reading a result then keeps nobody up."""
    if device.type != "cuda":
        return
    reached: Any = torch.cuda.Event()  # type: ignore[no-untyped-call]
    reached.record(torch.cuda.current_stream(device))
    while not reached.query():
        yield
