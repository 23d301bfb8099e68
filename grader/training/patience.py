"""How long a training process is waited for: a bound for each of its epochs, told early where it can be told."""

import time

from grader.training.events import Advanced, EpochEnded, Event, Refused, Started

_SECONDS_TO_START = 600.0  # loading torch and the data
_SECONDS_TO_WAIT = 86_400.0  # for a place beside others, which train first
_SECONDS_TO_TELL = 60.0  # of an epoch, before its length is reckoned from its share
_FAR_BEYOND = 1.5  # what is reckoned has to exceed the bound by this factor: the first steps are slow


class Patience:
    """The clock of one process. An epoch, its evaluation included, may take `seconds`.

    `queues`: it may have to wait for others before it starts.
    """

    def __init__(self, seconds: float, now: float | None = None, *, queues: bool = False) -> None:
        self._seconds = seconds
        self._began = time.monotonic() if now is None else now
        self._allowed = max(seconds, _SECONDS_TO_WAIT if queues else _SECONDS_TO_START)
        self._epoch = 0  # 1-based; 0 before the first
        self._reckoned: float | None = None

    def note(self, event: Event, now: float | None = None) -> None:
        """An event came. What only tells that an epoch goes on does not prolong it."""
        now = time.monotonic() if now is None else now
        if isinstance(event, Started | EpochEnded):
            self._began, self._allowed, self._reckoned = now, self._seconds, None
            self._epoch = 1 if isinstance(event, Started) else self._epoch + 1
        elif isinstance(event, Advanced) and event.share > 0:
            took = now - self._began
            if took >= min(_SECONDS_TO_TELL, self._seconds / 4):
                self._reckoned = took / event.share

    def left(self, now: float | None = None) -> float:
        """Seconds until the process has to say something that counts; 0 when it is too late."""
        now = time.monotonic() if now is None else now
        return max(0.0, self._began + self._allowed - now)

    def lost(self, now: float | None = None) -> Refused | None:
        """Why the process is not waited for any longer; None while it is."""
        bound = f"at most {in_words(self._seconds)} are allowed (--epoch-timeout)"
        if self._reckoned is not None and self._reckoned > _FAR_BEYOND * self._seconds:
            return _refused(f"One epoch would take about {in_words(self._reckoned)}; {bound}.")
        if self.left(now) > 0:
            return None
        if self._epoch == 0:
            return _refused(f"The training did not begin within {in_words(self._allowed)}.")
        return _refused(f"Epoch {self._epoch} did not end in time: {bound}.")


def in_words(seconds: float) -> str:
    """ "5 h", "30 min", "12 s": a duration in its largest fitting unit."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _refused(message: str) -> Refused:
    mend = "Make the model cheaper, or allow more time with --epoch-timeout."
    return Refused(kind="time", message=message, mend=mend)
