"""Removing what a killed grader left with the container engine.

Each container ends by itself when its grader does. Its entry with the engine and its folders' entries remain: each is
labelled with the machine, its start, the pid namespace, and the pid and start of its grader, which tell whether that
still lives. What another machine or another namespace made with the same engine is not ours to judge.
"""

import contextlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox.container_arguments import OWNER_LABEL, Names
from grader.sandbox.container_engine import Engine


@dataclass(frozen=True)
class Owner:
    """A grader: which machine, since when that runs, in which pid namespace, its pid and when it started."""

    machine: str
    boot: str
    namespace: str
    process: int
    start: str

    def label(self) -> str:
        """As one word."""
        return "/".join((self.machine, self.boot, self.namespace, str(self.process), self.start))


def this_grader() -> Owner:
    """This process."""
    boot = namespace = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    machine = platform.node().replace("/", "-")
    return Owner(machine, boot, namespace, os.getpid(), start_of(os.getpid()) or "")


def start_of(process: int) -> str | None:
    """When a process started, in ticks since the machine's start (proc(5)); None where there is none.

    Where there is no /proc, the empty string for any that lives.
    """
    try:
        # The name, in parentheses, may hold anything.
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        if Path("/proc/self").exists():
            return None
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""


def is_left_over(label: str, here: Owner, start: str | None) -> bool:
    """Whether what bears `label` has lost its grader; `start` is the start of the process with its pid, if any."""
    parts = label.split("/")
    if len(parts) != 5 or not parts[3].isdecimal() or parts[0] != here.machine:
        return False
    if parts[1] != here.boot:
        return True  # the machine was started anew since
    return parts[2] == here.namespace and start != parts[4]


def remove_leftovers(engine: Engine) -> None:
    """Remove every container and folder whose grader is gone. Raises SandboxError where the engine does not answer."""
    here = this_grader()
    containers = _labelled(engine, "container", ("ps", "--all", "--no-trunc"), ".Id", ".Config.Labels")
    _remove(engine, [name for name, label in containers if _is_left_over(label, here)], "rm", "--force", "--volumes")
    volumes = _labelled(engine, "volume", ("volume", "ls"), ".Name", ".Labels")
    _remove(engine, [name for name, label in volumes if _is_left_over(label, here)], "volume", "rm", "--force")


def remove(engine: Engine, names: Names) -> None:
    """Remove all that was made for one run, whatever of it there is; what runs is killed."""
    with contextlib.suppress(SandboxError):
        _remove(engine, list(names.containers), "rm", "--force", "--volumes")
        _remove(engine, list(names.volumes), "volume", "rm", "--force")


def _is_left_over(label: str, here: Owner) -> bool:
    process = label.split("/")[3:4]
    return is_left_over(label, here, start_of(int(process[0])) if process and process[0].isdecimal() else None)


def _labelled(engine: Engine, kind: str, listing: tuple[str, ...], name: str, labels: str) -> list[tuple[str, str]]:
    """(name, owner) of what bears our label."""
    found = engine.must(*listing, "--quiet", "--filter", f"label={OWNER_LABEL}").split()
    if not found:
        return []
    shown = f'{{{{{name}}}}} {{{{index {labels} "{OWNER_LABEL}"}}}}'
    # What another grader removed meanwhile makes it fail, and still tells of the rest.
    lines = engine.call(kind, "inspect", "--format", shown, *found).stdout.splitlines()
    return [(words[0], words[1]) for line in lines if len(words := line.split(" ", 1)) == 2]


def _remove(engine: Engine, names: list[str], *command: str) -> None:
    if names:
        engine.call(*command, *names)
