"""What bubblewrap is told: the whole of what a run can see and do, as arguments."""

import os
from collections.abc import Iterable
from pathlib import Path

from grader.sandbox.base import MEBIBYTE, Limits
from grader.sandbox.follow import OUTPUT_FILES
from grader.sandbox.interpreter import OUTPUT_FOLDER, PROBE_FOLDER, REQUEST, View, environment, probe_sources

TEMPORARY_FOLDER = "/tmp"  # noqa: S108  inside: a file system of its own
SHARED_MEMORY_FOLDER = "/dev/shm"  # noqa: S108  inside: a file system of its own

OWNER = "grader-"  # and the pid of the grader: tells whose a process is, if that was killed

# Not zero: what is mapped of it and shared stays in memory when no process has it mapped any more.
_DEVICES = ("null", "full", "random", "urandom")
_ROOT_LINKS = ("bin", "sbin", "lib", "lib64")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives")
_TEMPORARY_BYTES = 256 * MEBIBYTE
_SHARED_MEMORY_BYTES = 64 * MEBIBYTE


def options(limits: Limits, view: View, *, request: int, marker: str, root: bool) -> list[str]:
    """All options. `request` is the descriptor of the request's text; `marker` a folder made at the very end."""
    found = ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"]
    # A user namespace only where it is needed: in one, root could not become a uid of its own.
    found += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if root:
        found += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
    else:
        found += ["--unshare-user", "--disable-userns"]
    for name, value in environment(TEMPORARY_FOLDER, REQUEST, OUTPUT_FOLDER).items():
        found += ["--setenv", name, value]
    found += [*_system(), *_interpreter(view), *_devices()]
    found += ["--perms", "0444", "--ro-bind-data", str(request), REQUEST]
    found += _writable(TEMPORARY_FOLDER, _TEMPORARY_BYTES)
    found += _writable(SHARED_MEMORY_FOLDER, _SHARED_MEMORY_BYTES)
    found += _writable(OUTPUT_FOLDER, OUTPUT_FILES * limits.output_bytes)
    found += ["--chdir", TEMPORARY_FOLDER, "--dir", marker, "--remount-ro", "/proc", "--remount-ro", "/"]
    return found


def prefix(limits: Limits, uid: int, *, root: bool) -> list[str]:
    """The commands that a run is started through: they wait for a line, take the last privileges, set the limits."""
    return [*_owned('read -r word && exec "$@" </dev/null'), *_confined(limits, uid, root=root)]


def keeper(limits: Limits, uid: int, *, root: bool) -> list[str]:
    """The command that keeps a namespace for a run that joins it: it has the run's rights, and ends with its input.

    It prints a line when it runs, which is when nothing of the namespace changes any more.
    """
    return [*_owned('exec "$@"'), *_confined(limits, uid, root=root), "sh", "-c", "echo ready; read -r word"]


def bounds(limits: Limits) -> dict[str, tuple[int, int]]:
    """(soft, hard) of each limit of prlimit(1)."""
    return {
        "as": (limits.memory_bytes, limits.memory_bytes),
        "cpu": (limits.cpu_seconds, limits.cpu_seconds + 5),  # SIGXCPU first, which tells why
        "fsize": (limits.output_bytes, limits.output_bytes),
        "nproc": (limits.processes, limits.processes),
        "nofile": (256, 256),
        "core": (
            1,
            1,
        ),  # not 0: where dumps are piped to a handler, only this keeps the kernel from starting it (core(5))
        "msgqueue": (0, 0),
    }


def _owned(script: str) -> list[str]:
    return ["sh", "-c", script, f"{OWNER}{os.getpid()}"]


def _confined(limits: Limits, uid: int, *, root: bool) -> list[str]:
    become = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--no-new-privs"]
    become += ["--inh-caps=-all", "--bounding-set=-all", "--"]
    limit = ["prlimit", *(f"--{name}={soft}:{hard}" for name, (soft, hard) in bounds(limits).items()), "--"]
    return [*(become if root else []), *limit]


def _system() -> Iterable[str]:
    for name in _ROOT_LINKS:
        place = Path("/") / name
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), str(place))
        elif place.is_dir():
            yield from ("--ro-bind", str(place), str(place))
    yield from _folder("/etc")
    for name in _ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    yield from ("--proc", "/proc")


def _interpreter(view: View) -> Iterable[str]:
    folders: set[str] = set()
    binds: list[str] = []
    for path in view.shown:
        folders |= _parents(path)
        binds += ["--ro-bind", str(path), str(path)]
    for target, place in view.links:
        folders |= _parents(place)
        binds += ["--symlink", target, str(place)]
    for path, place_inside in probe_sources():
        place = Path(PROBE_FOLDER) / place_inside
        folders |= _parents(place)
        binds += ["--ro-bind", str(path), str(place)]
    for folder in sorted(folders):
        yield from _folder(folder)
    yield from binds
    for path in view.hidden:
        yield from ("--size", str(1 << 16), "--perms", "0755", "--tmpfs", str(path), "--remount-ro", str(path))


def _folder(place: str) -> tuple[str, ...]:
    # Made by name: the parents that bubblewrap makes by itself are closed to anybody but the caller.
    return ("--perms", "0755", "--dir", place)


def _parents(path: Path) -> set[str]:
    return {str(parent) for parent in path.parents} - {"/"}


def _devices() -> Iterable[str]:
    yield from ("--size", str(1 << 16), "--perms", "0755", "--tmpfs", "/dev")
    for name in _DEVICES:
        yield from ("--dev-bind", f"/dev/{name}", f"/dev/{name}")
    yield from ("--dir", SHARED_MEMORY_FOLDER, "--symlink", "/proc/self/fd", "/dev/fd", "--remount-ro", "/dev")


def _writable(place: str, size: int) -> list[str]:
    return ["--size", str(size), "--perms", "1777", "--tmpfs", place]
