"""How much memory this machine, or the container we are in, has left; and whether the kernel ended somebody for it."""

import re
from pathlib import Path

_SHARE = 0.9  # of what is left: the rest of the machine goes on
_SYSTEM = Path("/")


def available_memory(system: Path = _SYSTEM) -> int | None:
    """Bytes that a new process can have without harm to others; None where the system does not say.

    Of the machine (proc(5), MemAvailable) and of each control group above us (cgroups(7), both versions), the least.
    `system` is the root folder.
    """
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _text(system / "proc/meminfo"), re.MULTILINE)
    free = [int(found[1]) * 1024] if found else []
    for line in _text(system / "proc/self/cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers == "":
            root, names = system / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = system / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = root / place.lstrip("/")
        for folder in (group, *group.parents):
            if folder.is_relative_to(root):
                free += _free(folder, *names)
    return int(_SHARE * min(free)) if free else None


def _free(group: Path, limit: str, used: str, reclaimable: str) -> list[int]:
    """What a control group has left, if it has a limit. Files that nobody reads any more give way."""
    most, now = _text(group / limit).strip(), _text(group / used).strip()
    if not most.isdecimal() or not now.isdecimal():
        return []
    cached = re.search(rf"^{reclaimable} (\d+)$", _text(group / "memory.stat"), re.MULTILINE)
    return [max(0, int(most) - int(now) + (int(cached[1]) if cached else 0))]


def killed_for_memory() -> int:
    """How often the kernel has ended a process for want of memory since it started; 0 where it does not say."""
    found = re.search(r"^oom_kill (\d+)$", _text(Path("/proc/vmstat")), re.MULTILINE)
    return int(found[1]) if found else 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
