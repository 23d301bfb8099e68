"""The one policy of waiting for GitHub: limits, outages, lost connections.

PyGithub's own retries are off: they would repeat a comment whose answer was lost. Sources: GitHub REST API, "Rate
limits for the REST API" and "Best practices for using the REST API"; for the pauses M. Brooker, "Exponential Backoff
And Jitter" (AWS Architecture Blog, 2015), "full jitter".
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import requests
from github import BadAttributeException, GithubException, RateLimitExceededException

from grader.publish.failure import Delayed, Forbidden, Gone, Refused, Uncertain
from grader.publish.rate_limit import LEAST_WAIT, pause_of
from grader.report.escape import prose

_Answer = TypeVar("_Answer")


@dataclass
class Patience:
    """`left` is what may still be waited, in seconds, by all requests together; 0 for not at all."""

    left: float = 900.0
    attempts: int = 5  # of one request that fails for another reason than a limit
    first: float = 1.0  # seconds: the longest first pause; each further one may be twice as long
    longest: float = 30.0
    sleep: Callable[[float], object] = field(default=time.sleep, compare=False)
    draw: Callable[[float, float], float] = field(default=random.uniform, compare=False)

    def ask(self, action: Callable[[], _Answer], what: str, *, repeatable: bool = True) -> _Answer:
        """The answer of `action`. `what` says for messages what it does: "write a comment on course/mnist-ada".

        A request that is refused because of a limit was not carried out and is asked again, whatever it is. One that
        fails otherwise is asked again only if it is `repeatable`; else Uncertain is raised. Raises Delayed where the
        limit or the outage lasts too long, Forbidden, Gone or Refused where it is no matter of time.
        """
        failures, least = 0, LEAST_WAIT
        while True:
            try:
                return action()
            except GithubException as problem:
                pause = _limit(problem, least)
                if pause is not None:
                    self._wait(pause, f"GitHub's rate limit holds for another {pause:.0f} seconds.")
                    least *= 2
                    continue
                if problem.status < 500:
                    raise _refusal(problem, what) from None
                said = f"GitHub answers with error {problem.status}."
            except (requests.RequestException, OSError) as problem:
                said = f"GitHub does not answer: {type(problem).__name__}."
            except (BadAttributeException, RuntimeError):  # PyGithub: another shape, or it leads to another host
                raise Refused(f"What GitHub answers to `{what}` is not of the known form.") from None
            if not repeatable:
                raise Uncertain(said)
            failures += 1
            if failures >= self.attempts:
                raise Delayed(said)
            self._wait(self.draw(0.0, min(self.longest, self.first * 2 ** (failures - 1))), said)

    def pause(self, failures: int, said: str) -> None:
        """Wait after the `failures`-th lost answer, counted from 1. Raises Delayed where there is no time left."""
        self._wait(self.draw(0.0, min(self.longest, self.first * 2 ** (failures - 1))), said)

    def _wait(self, seconds: float, said: str) -> None:
        if seconds > self.left:
            raise Delayed(said, seconds=seconds)
        self.left -= seconds
        self.sleep(seconds)


def _limit(problem: GithubException, least: float) -> float | None:
    """How long a limit wants one to wait, in seconds; None where the answer is about something else."""
    headers = {name.lower(): str(value) for name, value in (problem.headers or {}).items()}
    spoken = any(words in _said(problem).lower() for words in ("rate limit", "abuse detection"))
    is_limit = spoken or isinstance(problem, RateLimitExceededException)
    return pause_of(problem.status, headers, least, is_limit=is_limit)


def _said(problem: GithubException) -> str:
    data = problem.data if isinstance(problem.data, dict) else {}
    return prose(str(data.get("message") or ""), 200)


def _refusal(problem: GithubException, what: str) -> Delayed | Refused:
    said = _said(problem)
    if problem.status == 401:
        message = "GitHub does not accept the token: it is wrong, or has expired."
        return Forbidden(message, mend="Renew it; then run `grader publish --pending`.", seconds=600)
    if problem.status == 403 and "locked" in said.lower():
        return Refused(f"GitHub does not let anybody {what}: the conversation is locked.")
    if problem.status == 403:
        mend = "It needs the rights pull-requests: write, and checks: write or statuses: write."
        return Forbidden(f"The token has not the right to {what} ({said}).", mend=mend, seconds=600)
    if problem.status in (404, 410):
        return Gone(f"GitHub has nothing to {what}: it is not there, or not for this token.")
    return Refused(f"GitHub refuses to {what}: status {problem.status}, {said or 'without a reason'}.")
