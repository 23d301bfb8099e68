"""How attempts on limits are judged: a run that was stopped for the right reason is a limit that holds."""

from dataclasses import replace
from typing import Any

from grader.sandbox.base import MEBIBYTE, Result, Sandbox, Status
from grader.sandbox.conformance.bait import Bait
from grader.sandbox.conformance.guarantee import Attempt, Verdict
from grader.sandbox.conformance.trial import LIMITS, judge, run

_LATE_SECONDS = 6.0


def bounded(program: str, *stopped_as: Status, **limits: Any) -> Attempt:
    """An attempt that must be refused inside, or stopped with one of the statuses, and soon."""
    bounds = replace(LIMITS, **limits)

    def attempt(sandbox: Sandbox, bait: Bait) -> Verdict:
        trial = run(sandbox, bait, program, limits=bounds)
        result = trial.result
        if trial.found is None and result.status in stopped_as:
            if result.seconds > bounds.wall_seconds + _LATE_SECONDS:
                return Verdict(False, f"it was stopped only after {result.seconds:.1f} s")
            return Verdict(True, f"stopped after {result.seconds:.1f} s ({result.status}{_peak(result)})")
        verdict = judge(bait, trial)
        return replace(verdict, detail="refused") if verdict.held else verdict

    return attempt


def printing(sandbox: Sandbox, bait: Bait) -> Verdict:
    """What is printed is cut off while it is read, and only its end is kept."""
    trial = run(sandbox, bait, "limits.printing")
    kept = max(len(trial.result.stdout), len(trial.result.stderr))
    if kept > LIMITS.stdout_bytes:
        return Verdict(False, f"{kept} characters of it were kept")
    if trial.result.status == "output_limit":
        return Verdict(True, f"stopped after {trial.result.seconds:.1f} s, {kept} characters kept")
    return judge(bait, trial)


def _peak(result: Result) -> str:
    peak = result.peak_memory_bytes
    return f", at most {peak // MEBIBYTE} MiB" if result.status == "memory" and peak is not None else ""
