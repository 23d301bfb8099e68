"""How long a limit of GitHub's wants one to wait (GitHub REST API, "Rate limits for the REST API")."""

from collections.abc import Mapping
from datetime import UTC, datetime

LEAST_WAIT = 60.0  # seconds, after a limit that names no time; twice as long each further time


def pause_of(status: int, headers: Mapping[str, str], least: float, *, is_limit: bool) -> float | None:
    """Seconds to wait after an answer, whose headers have lower-case names; None where it is about something else.

    `is_limit` says whether its text speaks of a limit; `least` is the pause where the headers name no time.
    """
    if status not in (403, 429):
        return None
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(1.0, float(reset) - datetime.now(UTC).timestamp() + 1)
    return least if status == 429 or is_limit else None
