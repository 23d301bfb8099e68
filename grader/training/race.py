"""Several runs in order, a few at a time; the outcome is as if they had run one after the other."""

import selectors
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from grader.errors import TrainingError
from grader.training.events import Ended, Event, Refused
from grader.training.job import TrainingJob
from grader.training.process import TrainingProcess


class Race:
    """Trains the jobs until one succeeds and none before it is still running.

    `news(index, event)` gets every event, `closing(index, process)` is called before a process is ended, whatever the
    reason, and `success(index)` says whether a run that has ended makes the later ones unnecessary.
    """

    def __init__(
        self,
        jobs: Sequence[TrainingJob],
        news: Callable[[int, Event], None],
        closing: Callable[[int, TrainingProcess], None],
        success: Callable[[int], bool],
    ) -> None:
        self._jobs, self._news, self._closing, self._success = jobs, news, closing, success
        self._running: dict[int, tuple[TrainingProcess, ExitStack]] = {}
        self._until = len(jobs)  # runs from here on are not needed

    def run(self, workers: int) -> int:
        """Run to the end; how many runs count, from the first on. Raises TrainingError when a process breaks off."""
        upcoming = 0
        with selectors.DefaultSelector() as selector, ExitStack() as everything:
            everything.callback(self._close_all)
            while upcoming < self._until or self._running:
                while upcoming < self._until and len(self._running) < workers:
                    process = self._start(upcoming)
                    selector.register(process, selectors.EVENT_READ, upcoming)
                    upcoming += 1
                for key, _ in selector.select():
                    index: int = key.data
                    if index in self._running and self._advance(index):
                        selector.unregister(key.fileobj)
                        self._close(index)
                        for later in [other for other in self._running if other >= self._until]:
                            selector.unregister(self._running[later][0])
                            self._close(later)
        return self._until

    def _start(self, index: int) -> TrainingProcess:
        stack = ExitStack()
        process = stack.enter_context(TrainingProcess(self._jobs[index]))
        stack.callback(self._closing, index, process)
        self._running[index] = process, stack
        return process

    def _advance(self, index: int) -> bool:
        """Take what a process says; True when it has said its last."""
        process = self._running[index][0]
        events = process.read()
        if events is None:
            raise TrainingError(f"Training with seed {process.seed} broke off: {process.last_words()}.")
        for event in events:
            self._news(index, event)
            if isinstance(event, Ended):
                if self._success(index):
                    self._until = min(self._until, index + 1)
                return True
            if isinstance(event, Refused):
                raise Refusal(event)
        return False

    def _close(self, index: int) -> None:
        self._running.pop(index)[1].close()

    def _close_all(self) -> None:
        for index in list(self._running):
            self._close(index)


class Refusal(Exception):
    """A process could not start its run; the same would happen to the others."""

    def __init__(self, event: Refused) -> None:
        super().__init__(event.message)
        self.event = event
