"""Following a running sandbox from outside: its time, its memory, its files, and what it prints, all bounded."""

import contextlib
import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.sandbox.base import Limits

_CHECK_SECONDS = 0.05
_DRAIN_SECONDS = 5.0
_ATTEMPTS = 8
_MEMORY = {"RssAnon", "RssShmem", "VmPTE", "VmSwap", "HugetlbPages"}  # of /proc/PID/status, proc(5)
OUTPUT_FILES = 2  # the outputs together may have the size of two of the largest

Reason = Literal["timeout", "memory", "killed", "output_limit"]


class Tail:
    """The end of a stream: `kept` bytes of it, and how many there were."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._bytes = bytearray()
        self.total = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self.total += len(chunk)
        self._bytes += chunk
        if len(self._bytes) > 2 * self._kept:
            del self._bytes[: -self._kept]

    def text(self) -> str:
        """What is kept, as text; bytes that are not UTF-8 are replaced."""
        return bytes(self._bytes[-self._kept :]).decode("utf-8", errors="replace")


@dataclass(frozen=True)
class Usage:
    """What all processes of a run hold together at one moment."""

    memory_bytes: int
    threads: int
    files: int  # in the folders that the run may write to
    file_bytes: int = 0  # of these, where no file system of its own bounds them


@dataclass(frozen=True)
class Followed:
    """Why the run must be stopped (None: it ended by itself) and the most memory that was seen."""

    reason: Reason | None
    peak_memory_bytes: int | None


def follow(ended: int, streams: dict[int, Tail], limits: Limits, usage: Callable[[], Usage]) -> Followed:
    """Read `streams` (descriptor -> tail) until the descriptor `ended` becomes readable or a limit is passed."""
    deadline = time.monotonic() + limits.wall_seconds
    next_check = time.monotonic() + _CHECK_SECONDS / 5
    peak: int | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(ended, selectors.EVENT_READ)
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while (now := time.monotonic()) < deadline:
            if now >= next_check:
                next_check = now + _CHECK_SECONDS
                used = usage()
                peak = max(peak or 0, used.memory_bytes)
                if reason := _exceeded(used, limits):
                    return Followed(reason, peak)
            for key, _ in selector.select(max(0.0, min(next_check, deadline) - now)):
                if key.fd == ended:
                    return Followed(None, peak)
                if not _read_once(key.fd, streams[key.fd]):
                    selector.unregister(key.fd)
                elif streams[key.fd].total > limits.output_bytes:
                    return Followed("output_limit", peak)
    return Followed("timeout", peak)


def _exceeded(used: Usage, limits: Limits) -> Reason | None:
    if used.memory_bytes > limits.memory_bytes:
        return "memory"
    if used.threads > 2 * limits.processes:  # where RLIMIT_NPROC does not hold, as for root
        return "killed"
    if used.files > limits.files or used.file_bytes > OUTPUT_FILES * limits.output_bytes:
        return "output_limit"
    return None


def drain(streams: dict[int, Tail]) -> None:
    """Read what is left in the pipes once the writers are gone."""
    deadline = time.monotonic() + _DRAIN_SECONDS
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if not _read_once(key.fd, streams[key.fd]):
                    selector.unregister(key.fd)


def _read_once(stream: int, tail: Tail) -> bool:
    chunk = os.read(stream, 1 << 16)
    tail.add(chunk)
    return bool(chunk)


def descendants(process: int) -> list[int]:
    """The children of a process, their children, and so on (proc(5), `task/TID/children`)."""
    found: list[int] = []
    pending = [process]
    while pending:
        folder = Path(f"/proc/{pending.pop()}/task")
        with contextlib.suppress(OSError, ValueError):
            for thread in folder.iterdir():
                children = [int(number) for number in (thread / "children").read_text().split()]
                found += children
                pending += children
    return found


def tree_usage(*processes: int) -> tuple[int, int]:
    """(bytes of memory, threads) of the descendants of processes: memory that is their own or shared, not files.

    Page tables count: one that maps a single page is as large as that. Memory may be handed from process to process
    faster than they can be read, so where one was gone before its turn, all are read again: the most that was seen.
    """
    memory = threads = 0
    for _ in range(_ATTEMPTS):
        seen = [_usage_of(member) for process in processes for member in descendants(process)]
        memory = max(memory, sum(usage[0] for usage in seen if usage))
        threads = max(threads, sum(usage[1] for usage in seen if usage))
        if None not in seen:
            break
    return memory, threads


def _usage_of(process: int) -> tuple[int, int] | None:
    """(bytes of memory, threads) of one process; None where it is gone."""
    memory = threads = 0
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in _MEMORY:
                memory += int(value.split()[0]) * 1024
            elif name == "Threads":
                threads += int(value)
    except (OSError, ValueError):
        return None
    return memory, threads


def socket_memory(process: int) -> int:
    """The most bytes that can wait in the sockets of a process's network namespace, even in those that none holds.

    What waits belongs to no process, so each socket counts with a full buffer (socket(7): `wmem_default`, which the
    filter of system calls does not let a run raise).
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        sockets = int(Path(f"/proc/{process}/net/sockstat").read_text().split()[2])  # "sockets: used N"
        return sockets * int(Path("/proc/sys/net/core/wmem_default").read_text())
    return 0
