"""A script: examines sandboxes as whoever runs it, and prints what held as JSON; standard library only, like a child.

`sandbox -> key -> [held, detail]`; `machine` is what the guarantees that the machine decides give without a sandbox.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.sandbox.base import Availability, Job, Result
from grader.sandbox.conformance import GUARANTEES, examine
from grader.sandbox.conformance.limits_only import expected
from grader.sandbox.select import backends


class Bare:
    """No sandbox at all: what the caller itself can do."""

    name = "machine"
    strength = "limits only"

    def availability(self) -> Availability:
        return Availability(True)

    def run(self, job: Job) -> Result:
        with tempfile.TemporaryDirectory() as folder:
            request = Path(folder, "request.json")
            request.write_bytes(job.request)
            environment = {"REQUEST_FILE": str(request), "OUTPUT_FOLDER": folder, "TMPDIR": folder}
            ended = subprocess.run(job.command, env=environment, capture_output=True, timeout=60, check=False)
        return Result("exited", ended.returncode, {}, ended.stdout.decode(), ended.stderr.decode(), 0.0)


def holdings(sandbox, keys=None) -> dict[str, tuple[bool | None, str]]:
    """Key -> whether it held, and what was seen; of all guarantees unless told."""
    wanted = [guarantee for guarantee in GUARANTEES if keys is None or guarantee.key in keys]
    return {holding.guarantee.key: (holding.held, holding.detail) for holding in examine(sandbox, wanted)}


def decided_by_the_machine() -> set[str]:
    root = os.geteuid() == 0
    return {guarantee.key for guarantee in GUARANTEES if expected(guarantee.key, root=root) == "machine"}


if __name__ == "__main__":
    sandboxes = {sandbox.name: sandbox for sandbox in backends()}
    found = {name: holdings(sandboxes[name]) for name in sys.argv[1:]}
    print(json.dumps({**found, "machine": holdings(Bare(), decided_by_the_machine())}))
