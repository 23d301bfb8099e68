"""Whether bubblewrap works on this machine, and if not, why and what to do: it is tried, not guessed."""

import functools
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from grader.sandbox import seccomp
from grader.sandbox.base import Availability

_VERSION = ("bwrap", "--version")
_NEEDED_VERSION = (0, 8)  # --disable-userns
_NEEDED_KERNEL = (5, 3)  # pidfd_open
OTHERWISE = "or use --sandbox process (limits only, for submissions that you trust)"

# Files that say no, what they say, and the mend.
_SWITCHES = (
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor forbids user namespaces to unprivileged programs (the default of Ubuntu 23.10 and later)",
        "allow them with `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` or a profile for bwrap",
    ),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "the kernel forbids user namespaces to unprivileged users",
        "allow them with `sudo sysctl -w kernel.unprivileged_userns_clone=1`",
    ),
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "the kernel allows no user namespaces",
        "allow them with `sudo sysctl -w user.max_user_namespaces=10000`",
    ),
)


@functools.cache
def availability(uid: int) -> Availability:
    """Try an empty namespace as the effective `uid` of this process; the answer is kept."""
    if sys.platform != "linux":
        return Availability(
            False,
            f"The bubblewrap sandbox needs Linux, and this is {platform.system()}.",
            "Grade in a Linux container or virtual machine (the container backend).",
        )
    needed = ["bwrap", "prlimit", *(["setpriv"] if uid == 0 else [])]
    missing = [name for name in needed if shutil.which(name) is None]
    if "bwrap" in missing:
        return Availability(
            False, "bubblewrap is not installed.", f"Install it (`sudo apt-get install bubblewrap`), {OTHERWISE}."
        )
    if missing:
        return Availability(
            False, f"{missing[0]} is not installed.", f"Install it (`sudo apt-get install util-linux`), {OTHERWISE}."
        )
    return _kernel_and_version() or _attempt(uid)


def _kernel_and_version() -> Availability | None:
    if platform.machine() not in seccomp.MACHINES:
        known = " and ".join(seccomp.MACHINES)
        return Availability(
            False,
            f"The sandbox's system-call filter knows {known}, not {platform.machine()}.",
            f"Use one, {OTHERWISE}.",
        )
    if _version(platform.release()) < _NEEDED_KERNEL:
        return Availability(False, f"Linux {platform.release()} is too old.", f"Use 5.3 or later, {OTHERWISE}.")
    told = subprocess.run(_VERSION, capture_output=True, text=True, check=False).stdout
    if _version(told) < _NEEDED_VERSION:
        return Availability(False, f"{told.strip()} is too old.", f"Install bubblewrap 0.8 or later, {OTHERWISE}.")
    return None


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def _attempt(uid: int) -> Availability:
    options = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--die-with-parent"]
    options += [] if uid == 0 else ["--unshare-user", "--disable-userns"]
    try:
        attempt = subprocess.run(
            [*options, "--ro-bind", "/", "/", "--proc", "/proc", "--", "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Availability(False, "bubblewrap does not answer.", f"Try `bwrap --version`, {OTHERWISE}.")
    if attempt.returncode == 0:
        return Availability(True)
    return refused(uid, attempt.stderr)


def refused(uid: int, said: str, switches: tuple[tuple[str, str, str, str], ...] = _SWITCHES) -> Availability:
    """Why the kernel refused bubblewrap, which `said` so, in words."""
    lines = said.strip().splitlines()
    detail = lines[-1].removeprefix("bwrap: ") if lines else "no reason given"
    for file, value, reason, mend in [] if uid == 0 else switches:
        if Path(file).is_file() and Path(file).read_text().strip() == value:
            return Availability(
                False, f"bubblewrap cannot start: {reason} ({detail}).", f"{mend.capitalize()}, {OTHERWISE}."
            )
    return Availability(
        False,
        f"bubblewrap cannot start: this machine does not let it make namespaces ({detail}).",
        "Inside a container, start that with --cap-add SYS_ADMIN and without its seccomp and AppArmor profiles,"
        f" {OTHERWISE}.",
    )
