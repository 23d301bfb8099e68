"""What trains one job elsewhere, as the one who waits for it sees it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from grader.training.events import Event, Refused
from grader.training.job import TrainingJob


class Runner(Protocol):
    """A process of its own (`TrainingProcess`), or a place in one that trains for several (`TrainingLane`)."""

    seed: int
    queues: bool  # it may wait for others before it starts

    def fileno(self) -> int:
        """Readable when `read` has something to say."""
        ...

    def read(self) -> list[Event] | None:
        """The events that have come; None when no more will. Raises TrainingError for what is not an event."""
        ...

    def weights(self) -> bytes | None:
        """The best epoch's weights so far, where they were to be kept."""
        ...

    def want_of_memory(self) -> Refused | None:
        """What to say where it ended, without a last event, for want of memory."""
        ...

    def last_words(self) -> str:
        """Why it ended without a last event, in one clause."""
        ...


Way = Callable[[TrainingJob], AbstractContextManager[Runner]]  # to a runner, which ends with the context
