"""What a guarantee is, and what is said of it after it was tried."""

from collections.abc import Callable
from dataclasses import dataclass

from grader.sandbox.base import Sandbox
from grader.sandbox.conformance.bait import Bait


@dataclass(frozen=True)
class Verdict:
    """Whether it held (None: it could not be tried) and in a sentence what was seen."""

    held: bool | None
    detail: str = ""


Attempt = Callable[[Sandbox, Bait], Verdict]


@dataclass(frozen=True)
class Guarantee:
    """One thing that a sandbox promises. `attempt` does what it can to break it, and says how that went."""

    key: str
    title: str
    attempt: Attempt


@dataclass(frozen=True)
class Holding:
    """Whether a guarantee holds in a sandbox on this machine; `held` is None where it could not be tried."""

    guarantee: Guarantee
    held: bool | None
    detail: str
