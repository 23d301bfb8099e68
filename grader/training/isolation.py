"""What a training process gives up before it loads anything: its network, outliving its parent, precedence.

The code that trains is ours, but it runs a student's graph through kernels that may have bugs.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # CLONE_NEWNET, CLONE_NEWUSER of linux/sched.h
_LARGEST_FILE = 2**31  # the weights of the largest graph that is read are 0.4 GB
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent ends; ends it at once if that has already happened."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def be_expendable() -> None:
    """Let the kernel end this process before any other where memory runs out; no huge files, no core dump."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    for limit, bound in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, _LARGEST_FILE)):
        with contextlib.suppress(OSError, ValueError):  # a lower limit is in force
            resource.setrlimit(limit, (bound, bound))


def leave_network() -> bool:
    """Move this process to a network namespace of its own, without interfaces; False where that is not possible.

    Must be called while the process has one thread.
    """
    if not sys.platform.startswith("linux"):
        return False
    user, group = os.getuid(), os.getgid()
    library = ctypes.CDLL(None, use_errno=True)
    if user == 0:
        return bool(library.unshare(_NEW_NETWORK) == 0)
    if library.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return False
    try:  # the same user inside as outside; without this, files seem to belong to nobody
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    except OSError:
        pass  # access rights do not change either way
    return True
