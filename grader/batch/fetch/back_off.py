"""Trying again what may pass, ever less often, never at the same moment as everybody else.

Source: M. Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), the variant "full jitter".
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from grader.errors import FetchError

_T = TypeVar("_T")


@dataclass(frozen=True)
class BackOff:
    """How patient a fetch is. All times in seconds; `stop` ends every waiting, as Ctrl-C does."""

    attempts: int = 5
    first: float = 1.0  # the longest first pause; each further one may be twice as long
    longest: float = 30.0  # no pause is longer
    altogether: float = 600.0  # no attempt begins later than this
    stop: threading.Event = field(default_factory=threading.Event, compare=False)
    draw: Callable[[float, float], float] = field(default=random.uniform, compare=False)

    def pause(self, attempt: int) -> float:
        """How long to wait after the `attempt`-th failure, counted from 1: anything up to the bound that doubles."""
        return self.draw(0.0, min(self.longest, self.first * 2 ** (attempt - 1)))

    def wait(self, seconds: float) -> None:
        """Wait, or raise FetchError because the run is to end."""
        if self.stop.wait(seconds):
            raise FetchError("The run was ended before the repository could be fetched.", fault="ours")


def persist(action: Callable[[], _T], passing: tuple[type[Exception], ...], back_off: BackOff) -> _T:
    """The value of `action`, tried again after errors in `passing`.

    Raises the last error where none of the attempts that `back_off` allows succeeds, and every other error at once.
    """
    began = time.monotonic()
    attempt = 1
    while True:
        back_off.wait(0)
        try:
            return action()
        except passing:
            pause = back_off.pause(attempt)
            late = time.monotonic() - began + pause > back_off.altogether
            if attempt >= back_off.attempts or late:
                raise
            back_off.wait(pause)
            attempt += 1
