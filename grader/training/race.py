"""Several runs in order, a few at a time; the outcome is as if they had run one after the other."""

import selectors
from bisect import insort
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from grader.errors import TrainingError
from grader.training.events import Ended, Event, Refused
from grader.training.job import TrainingJob
from grader.training.patience import Patience
from grader.training.process import TrainingProcess


class Race:
    """Trains the jobs until those that have ended are enough and none before them is still running.

    `news(index, event)` gets every event, `closing(index, process)` is called before a process is ended, whatever the
    reason, and `enough(indices)` says whether these runs, which have ended, make all later ones unnecessary. What is
    enough must stay so when a run is added. `epoch_seconds` is the longest that an epoch may take.
    """

    def __init__(
        self,
        jobs: Sequence[TrainingJob],
        news: Callable[[int, Event], None],
        closing: Callable[[int, TrainingProcess], None],
        enough: Callable[[Sequence[int]], bool],
        epoch_seconds: float,
    ) -> None:
        self._jobs, self._news, self._closing, self._enough = jobs, news, closing, enough
        self._epoch_seconds = epoch_seconds
        self._patience: dict[int, Patience] = {}
        self._running: dict[int, tuple[TrainingProcess, ExitStack]] = {}
        self._ended: list[int] = []  # in order of their index
        self._until = len(jobs)  # runs from here on are not needed

    def run(self, workers: int) -> int:
        """Run to the end; how many runs count, from the first on.

        Raises TrainingError when a process breaks off, Refusal when a run can't be done.
        """
        upcoming = 0
        with selectors.DefaultSelector() as selector, ExitStack() as everything:
            everything.callback(self._close_all)
            while upcoming < self._until or self._running:
                while upcoming < self._until and len(self._running) < workers:
                    process = self._start(upcoming)
                    selector.register(process, selectors.EVENT_READ, upcoming)
                    upcoming += 1
                for key, _ in selector.select(min(patience.left() for patience in self._patience.values())):
                    index: int = key.data
                    if index in self._running and self._advance(index):
                        selector.unregister(key.fileobj)
                        self._close(index)
                        for later in [other for other in self._running if other >= self._until]:
                            selector.unregister(self._running[later][0])
                            self._close(later)
                self._give_up()
        return self._until

    def _start(self, index: int) -> TrainingProcess:
        stack = ExitStack()
        process = stack.enter_context(TrainingProcess(self._jobs[index]))
        stack.callback(self._closing, index, process)
        self._running[index] = process, stack
        self._patience[index] = Patience(self._epoch_seconds)
        return process

    def _give_up(self) -> None:
        """Wait no longer where it has been too long."""
        for patience in self._patience.values():
            if lost := patience.lost():
                raise Refusal(lost)

    def _advance(self, index: int) -> bool:
        """Take what a process says; True when it has said its last."""
        process = self._running[index][0]
        events = process.read()
        if events is None:
            if refused := process.want_of_memory():
                raise Refusal(refused)
            raise TrainingError(f"Training with seed {process.seed} broke off: {process.last_words()}.")
        for event in events:
            self._news(index, event)
            self._patience[index].note(event)
            if isinstance(event, Ended):
                self._end(index)
                return True
            if isinstance(event, Refused):
                raise Refusal(event)
        return False

    def _end(self, index: int) -> None:
        """Note that a run has ended, and which runs are not needed any more."""
        insort(self._ended, index)
        for count, last in enumerate(self._ended, 1):
            if last >= index and self._enough(self._ended[:count]):
                self._until = min(self._until, last + 1)
                return

    def _close(self, index: int) -> None:
        del self._patience[index]
        self._running.pop(index)[1].close()

    def _close_all(self) -> None:
        for index in list(self._running):
            self._close(index)


class Refusal(Exception):
    """A run can't be done; the same would happen to the others."""

    def __init__(self, event: Refused) -> None:
        super().__init__(event.message)
        self.event = event
