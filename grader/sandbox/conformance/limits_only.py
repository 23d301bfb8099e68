"""What "limits only" means: which guarantees the `process` sandbox does not give, as root and as anybody else.

It runs submissions with the caller's own rights, so what it cannot keep from them is what the caller can do.
"""

from typing import Literal

Expected = Literal["holds", "fails", "machine"]  # "machine": what this machine lets the caller do decides

# Guarantee -> as root, as anybody else.
_EXPECTED: dict[str, tuple[Expected, Expected]] = {
    "internet": ("fails", "fails"),
    "unix": ("fails", "fails"),
    "netlink": ("fails", "fails"),
    "packet": ("fails", "holds"),
    "vsock": ("machine", "machine"),
    "shadow": ("fails", "holds"),
    "home": ("fails", "fails"),
    "grader": ("fails", "fails"),
    "environment": ("fails", "fails"),
    "descriptors": ("holds", "holds"),
    "processes": ("fails", "fails"),
    "arguments": ("fails", "fails"),
    "signals": ("fails", "fails"),
    "shared-memory": ("fails", "fails"),
    "writes": ("fails", "fails"),
    "settings": ("fails", "machine"),
    "devices": ("fails", "machine"),
    "outputs": ("holds", "holds"),
    "user": ("fails", "holds"),
    "capabilities": ("fails", "fails"),
    "memory": ("holds", "holds"),
    "memory-elsewhere": ("fails", "fails"),
    "memory-sockets": ("fails", "fails"),
    "memory-files": ("fails", "fails"),
    "process-count": ("holds", "holds"),
    "cpu-time": ("holds", "holds"),
    "wall-time": ("holds", "holds"),
    "file-size": ("holds", "holds"),
    "file-count": ("holds", "holds"),
    "printing": ("holds", "holds"),
    "raising": ("fails", "machine"),
    "namespaces": ("fails", "machine"),
    "io-uring": ("machine", "machine"),
    "keys": ("fails", "fails"),
    "tracing": ("fails", "fails"),
    "terminal": ("fails", "machine"),
    "bpf": ("fails", "machine"),
    "performance-events": ("fails", "machine"),
    "userfaultfd": ("fails", "machine"),
    "mounts": ("fails", "holds"),
    "administration": ("fails", "fails"),
    "other-tables": ("machine", "machine"),
    "core-dumps": ("holds", "holds"),
    "daemons": ("holds", "holds"),
    "killed-grader": ("holds", "holds"),
}


def expected(key: str, *, root: bool) -> Expected:
    """What is expected of a guarantee in the `process` sandbox."""
    return _EXPECTED[key][0 if root else 1]
