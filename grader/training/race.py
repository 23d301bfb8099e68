"""Several runs in order, a few at a time; the outcome is as if they had run one after the other."""

import selectors
from bisect import insort
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from grader.errors import TrainingError
from grader.training.events import Ended, Event, Refused
from grader.training.job import TrainingJob
from grader.training.patience import Patience
from grader.training.runner import Runner, Way


class Race:
    """Trains the jobs until those that have ended are enough and none before them is still running.

    `news(index, event)` gets every event, `closing(index, runner)` is called before a runner is ended, whatever the
    reason, and `enough(indices)` says whether these runs, which have ended, make all later ones unnecessary. What is
    enough must stay so when a run is added. `epoch_seconds` is the longest that an epoch may take. A run that breaks
    off is begun again in the next of the `ways`, if there is one.
    """

    def __init__(
        self,
        jobs: Sequence[TrainingJob],
        news: Callable[[int, Event], None],
        closing: Callable[[int, Runner], None],
        enough: Callable[[Sequence[int]], bool],
        epoch_seconds: float,
        ways: Sequence[Way],
    ) -> None:
        self._jobs, self._news, self._closing, self._enough = jobs, news, closing, enough
        self._epoch_seconds, self._ways = epoch_seconds, ways
        self._patience: dict[int, Patience] = {}
        self._running: dict[int, tuple[Runner, ExitStack]] = {}
        self._tried: dict[int, int] = {}  # how many of the ways
        self._selector = selectors.DefaultSelector()
        self._ended: list[int] = []  # in order of their index
        self._until = len(jobs)  # runs from here on are not needed

    def run(self, workers: int) -> int:
        """Run to the end; how many runs count, from the first on.

        Raises TrainingError when a process breaks off, Refusal when a run can't be done.
        """
        upcoming = 0
        with self._selector, ExitStack() as everything:
            everything.callback(self._close_all)
            while upcoming < self._until or self._running:
                while upcoming < self._until and len(self._running) < workers:
                    self._start(upcoming)
                    upcoming += 1
                for key, _ in self._selector.select(min(patience.left() for patience in self._patience.values())):
                    index: int = key.data
                    if index in self._running and self._advance(index):
                        self._close(index)
                        for later in [other for other in self._running if other >= self._until]:
                            self._close(later)
                self._give_up()
        return self._until

    def _start(self, index: int) -> None:
        """Begin a run in the next way that has not been tried. Raises TrainingError where the last one fails."""
        tried = self._tried[index] = self._tried.get(index, 0) + 1
        stack = ExitStack()
        try:
            runner = stack.enter_context(self._ways[tried - 1](self._jobs[index]))
        except TrainingError:
            if tried == len(self._ways):
                raise
            self._start(index)
            return
        stack.callback(self._closing, index, runner)
        self._running[index] = runner, stack
        self._patience[index] = Patience(self._epoch_seconds, queues=runner.queues)
        self._selector.register(runner, selectors.EVENT_READ, index)

    def _give_up(self) -> None:
        """Wait no longer where it has been too long."""
        for patience in self._patience.values():
            if lost := patience.lost():
                raise Refusal(lost)

    def _advance(self, index: int) -> bool:
        """Take what a runner says; True when it has said its last."""
        runner = self._running[index][0]
        events = runner.read()
        if events is None:
            self._broke_off(index, runner)
            return False
        for event in events:
            self._news(index, event)
            self._patience[index].note(event)
            if isinstance(event, Ended):
                self._end(index)
                return True
            if isinstance(event, Refused):
                raise Refusal(event)
        return False

    def _broke_off(self, index: int, runner: Runner) -> None:
        """Begin again in another way. Raises TrainingError, Refusal where there is none."""
        if self._tried[index] < len(self._ways):
            self._close(index)
            self._start(index)
            return
        if refused := runner.want_of_memory():
            raise Refusal(refused)
        raise TrainingError(f"Training with seed {runner.seed} broke off: {runner.last_words()}.")

    def _end(self, index: int) -> None:
        """Note that a run has ended, and which runs are not needed any more."""
        insort(self._ended, index)
        for count, last in enumerate(self._ended, 1):
            if last >= index and self._enough(self._ended[:count]):
                self._until = min(self._until, last + 1)
                return

    def _close(self, index: int) -> None:
        del self._patience[index]
        runner, stack = self._running.pop(index)
        self._selector.unregister(runner)
        stack.close()

    def _close_all(self) -> None:
        for index in list(self._running):
            self._close(index)


class Refusal(Exception):
    """A run can't be done; the same would happen to the others."""

    def __init__(self, event: Refused) -> None:
        super().__init__(event.message)
        self.event = event
