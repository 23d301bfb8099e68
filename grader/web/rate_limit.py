"""How often somebody may do something: a token bucket for each, in the memory of this process.

Source: J. Turner, "New directions in communications (or which way to the information age?)" (IEEE Communications
Magazine 24, 1986), the leaky bucket as a meter.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

_MOST_BUCKETS = 20_000  # the one that was used longest ago goes first


@dataclass
class RateLimit:
    """`per_minute` times each, and as many at once after a minute's rest."""

    per_minute: float
    clock: Callable[[], float] = time.monotonic
    _buckets: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)  # what is left, since when
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, who: str) -> bool:
        """Count one; whether it was allowed."""
        with self._lock:
            left = self._left(who)
            allowed = left >= 1
            self._buckets[who] = (left - 1 if allowed else left, self.clock())
            self._buckets.move_to_end(who)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
            return allowed

    def pause(self, who: str) -> float:
        """Seconds until the next is allowed; 0 where it is now."""
        with self._lock:
            missing = 1 - self._left(who)
        return max(0.0, missing * 60 / self.per_minute)

    def _left(self, who: str) -> float:
        left, since = self._buckets.get(who, (self.per_minute, self.clock()))
        return min(self.per_minute, left + (self.clock() - since) * self.per_minute / 60)
