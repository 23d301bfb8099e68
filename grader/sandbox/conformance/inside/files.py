"""Writing where nothing should be writable; devices; what stands in place of an output."""

# What is tried is the calls themselves, and it must start fast.
# ruff: noqa: PTH106, PTH108, PTH118, PTH123, S108

import contextlib
import os
import stat
from collections.abc import Iterator

from grader.sandbox.conformance.inside.attempts import Told, in_a_child, succeeds

_FOLDERS = ("/", "/etc", "/usr", "/usr/lib", "/usr/bin", "/bin", "/dev", "/var/tmp", "/run", "/opt", "/home", "/root")
# Opened for writing and closed again, never written to.
_SETTINGS = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/fs/binfmt_misc/register",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sysrq-trigger",
    "/proc/irq/default_smp_affinity",
    "/proc/1/oom_score_adj",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/uevent_helper",
    "/sys/power/state",
    "/sys/module/printk/parameters/time",
)
_CONTROL_GROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified")
_HARMLESS = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}


def outside(told: Told) -> Iterator[str]:
    """Folders that are not its own: a new file in each, removed at once."""
    for folder in (*_FOLDERS, *told["folders"]):
        place = f"{folder}/{told['token']}"
        if succeeds(os.open, place, os.O_WRONLY | os.O_CREAT | os.O_EXCL):
            with contextlib.suppress(OSError):
                os.unlink(place)
            yield f"a file was made in {folder}"
    for place in (os.environ["REQUEST_FILE"], os.__file__):
        if succeeds(os.open, place, os.O_WRONLY):
            yield f"{place} can be written"
    for _, place in told["lures"]:
        if succeeds(os.link, place, os.path.join(os.environ["OUTPUT_FOLDER"], "linked")):
            yield "a file outside was linked into the output folder"
            os.unlink(os.path.join(os.environ["OUTPUT_FOLDER"], "linked"))


def settings(_told: Told) -> Iterator[str]:
    """The kernel's settings and control groups."""
    for place in _SETTINGS:
        if succeeds(os.open, place, os.O_WRONLY):
            yield f"{place} can be written"
    for folder in _CONTROL_GROUPS:
        made = f"{folder}/grader-conformance-{os.getpid()}"
        if succeeds(os.mkdir, made):
            with contextlib.suppress(OSError):
                os.rmdir(made)
            yield f"a control group was made in {folder}"


def devices(told: Told) -> Iterator[str]:
    """Device nodes: those in /dev beyond the harmless ones, and new ones. None is opened: that alone can do harm."""
    for place, _, names in os.walk("/dev"):
        for name in names:
            node = os.path.join(place, name)
            with contextlib.suppress(OSError):
                kind = os.lstat(node).st_mode
                device = stat.S_ISCHR(kind) or stat.S_ISBLK(kind)
                if not device or name in _HARMLESS or "/pts" in place:
                    continue
                if os.access(node, os.R_OK) or os.access(node, os.W_OK):
                    yield f"{node} can be opened"
    made = os.path.join(os.environ["TMPDIR"], told["token"])
    if succeeds(os.mknod, made, stat.S_IFCHR | 0o600, os.makedev(1, 3)):
        os.unlink(made)
        yield "a device can be made"


def outputs(told: Told) -> Iterator[str]:
    """In place of outputs: links to secrets, FIFOs, devices, a huge hole; outside is looked at what was read."""
    folder = os.environ["OUTPUT_FOLDER"]
    secret = told["lures"][0][1]
    succeeds(os.symlink, secret, f"{folder}/symbolic")
    succeeds(os.link, secret, f"{folder}/hard")
    succeeds(os.mkfifo, f"{folder}/fifo")
    succeeds(os.mkdir, f"{folder}/folder")
    succeeds(os.mknod, f"{folder}/device", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    in_a_child(lambda: os.truncate(os.open(f"{folder}/hole", os.O_WRONLY | os.O_CREAT), told["output_bytes"]))
    with open(f"{folder}/plain", "w") as file:
        file.write("plain")
    yield from ()
