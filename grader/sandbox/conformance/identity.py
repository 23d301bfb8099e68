"""Whose rights a run has, judged over two runs."""

import os

from grader.sandbox.base import Sandbox
from grader.sandbox.conformance.bait import Bait
from grader.sandbox.conformance.guarantee import Verdict
from grader.sandbox.conformance.trial import judge, run


def user(sandbox: Sandbox, bait: Bait) -> Verdict:
    """Never root; where grader is root, which can hand out uids, another for each run and never one in use."""
    trials = [run(sandbox, bait, "identity.user", outputs=("user",)) for _ in range(2)]
    verdict = judge(bait, trials[0])
    if not verdict.held:
        return verdict
    seen = [int(trial.result.files.get("user", b"-1")) for trial in trials]
    if os.geteuid() != 0:
        return Verdict(True, f"uid {seen[0]}; only a grader that is root can give each run one of its own")
    if -1 in seen:
        return Verdict(None, "the run did not say who it is")
    if seen[0] == seen[1]:
        return Verdict(False, f"both of two runs had the uid {seen[0]} of this machine")
    return Verdict(True, f"uids {seen[0]} and {seen[1]}")
