"""The suite: every guarantee tried in one sandbox, on this machine, as this user."""

from collections.abc import Callable, Iterator, Sequence

from grader.sandbox.base import Sandbox
from grader.sandbox.conformance.bait import laid_out
from grader.sandbox.conformance.guarantee import Guarantee, Holding
from grader.sandbox.conformance.guarantees import GUARANTEES
from grader.sandbox.conformance.trial import tried


def examine(
    sandbox: Sandbox,
    guarantees: Sequence[Guarantee] = GUARANTEES,
    beginning: Callable[[Guarantee], None] = lambda _: None,
) -> Iterator[Holding]:
    """Try each guarantee, one after the other; `beginning` is called before each.

    Raises nothing for a sandbox that is weak or absent: that is what the answers say.
    """
    with laid_out() as bait:
        for guarantee in guarantees:
            beginning(guarantee)
            bait.calls()  # of an attempt before
            verdict = tried(guarantee.attempt, sandbox, bait)
            yield Holding(guarantee, verdict.held, verdict.detail)
