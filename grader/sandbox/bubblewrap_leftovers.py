"""Ending what a killed grader may have left of bubblewrap.

Bubblewrap 0.8 binds itself to the life of its parent, but between starting its child and letting that go there is a
moment in which its death leaves the child waiting for ever, before any submitted code. About one SIGKILL in forty that
hits a run being started does that.
"""

import contextlib
import os
import signal
from pathlib import Path

from grader.sandbox.bubblewrap_arguments import OWNER


def remove_leftovers() -> None:
    """Kill every bubblewrap of ours whose grader is gone."""
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdecimal() and folder.stat().st_uid == os.geteuid() and _is_left_over(folder):
                os.kill(int(folder.name), signal.SIGKILL)


def _is_left_over(folder: Path) -> bool:
    words = (folder / "cmdline").read_bytes().split(b"\0")
    if words[:2] != [b"bwrap", b"--args"]:
        return False
    owners = (word.removeprefix(OWNER.encode()) for word in words[:12] if word.startswith(OWNER.encode()))
    owner = next(owners, b"").decode("ascii", errors="replace")
    return owner.isdecimal() and not Path("/proc", owner).exists()
