"""How many trainings a device makes the most of: found by counting the steps of all of them together."""

import time
from dataclasses import dataclass, field

_ENOUGH_SECONDS = 5.0  # to know a number of trainings
_FORGOTTEN_SECONDS = 120.0  # those that come later may be of another kind
_GAIN = 1.02  # what one more has to bring


@dataclass
class _Pace:
    """What has been seen of so many trainings at a time."""

    steps: int = 0
    seconds: float = 0.0
    last: float = 0.0


@dataclass
class Occupancy:
    """Counts how fast the steps of all trainings follow each other, by how many train at the time.

    What is decided from it is when a training begins, never how: no result hangs on it.
    """

    most: int
    _paces: dict[int, _Pace] = field(default_factory=dict)

    def note(self, lanes: int, steps: int, seconds: float, now: float | None = None) -> None:
        """While so many trained, they took so many steps together."""
        pace = self._paces.setdefault(lanes, _Pace())
        pace.steps, pace.seconds = pace.steps + steps, pace.seconds + seconds
        pace.last = time.monotonic() if now is None else now

    def has_place(self, lanes: int, now: float | None = None) -> bool:
        """Whether one more beside so many is worth it, as far as is known; the first always is."""
        more, fewer = self._known(lanes + 1, now), self._known(lanes, now)
        return lanes < self.most and (more is None or fewer is None or more >= _GAIN * fewer)

    def _known(self, lanes: int, now: float | None) -> float | None:
        """Steps per second of so many together; None where it is not known, or too long ago."""
        pace = self._paces.get(lanes)
        if pace is None or pace.seconds < _ENOUGH_SECONDS:
            return None
        if (time.monotonic() if now is None else now) - pace.last > _FORGOTTEN_SECONDS:
            del self._paces[lanes]
            return None
        return pace.steps / pace.seconds
