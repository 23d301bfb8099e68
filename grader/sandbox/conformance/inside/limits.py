"""Taking more than is given. Each stops by itself at a few times the limit, so that a weak sandbox does no harm."""

# What is tried is the calls themselves, and it must start fast.
# ruff: noqa: PTH108, PTH118, PTH123, PTH211, S108, S606

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from grader.sandbox.conformance.inside.attempts import Told, Untried, in_a_child, succeeds, system_call

_MEBIBYTE = 1 << 20
_PIECE = 16 * _MEBIBYTE
_SEEN_SECONDS = 1.0  # a limit that is polled has taken effect by then


def memory(told: Told) -> Iterator[str]:
    """Memory of several processes, each within the limit of one."""
    each, children = told["memory_bytes"] // 3, 5
    reading, writing = os.pipe()
    for _ in range(children):
        if os.fork() == 0:
            block = bytearray(b"x") * each
            os.write(writing, b"x")
            os.close(writing)
            time.sleep(60 + 0 * len(block))
    os.close(writing)
    for _ in range(children):
        os.read(reading, 1)  # nothing, once those that have not written are dead
    time.sleep(_SEEN_SECONDS)
    alive = children
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            alive -= 1
    if alive * each > told["memory_bytes"]:
        yield f"{alive} processes held {alive * each // _MEBIBYTE} MiB together"


def uncounted_memory(told: Told) -> Iterator[str]:
    """Memory that belongs to no process: anonymous files, System V segments, shared pages that nobody has mapped."""
    enough = told["memory_bytes"] * 5 // 4
    ways: dict[str, Callable[[int], int]] = {
        "memfd_create": partial(_files_without_name, _anonymous_file),
        "memfd_secret": partial(_files_without_name, _secret_file),
        "shared pages that nobody has mapped": partial(_dropped_pages, None),
        "shared pages of /dev/zero that nobody has mapped": partial(_dropped_pages, "/dev/zero"),
        "System V segments": _system_v,
    }
    for name, fill in ways.items():
        if (held := fill(enough)) >= enough:
            yield f"{held // _MEBIBYTE} MiB were held in {name}"
            return  # one is enough, and each takes its time
    if succeeds(system_call, "mq_open", f"{told['token']}\0".encode(), os.O_RDWR | os.O_CREAT, 0o600, 0):
        succeeds(system_call, "mq_unlink", f"{told['token']}\0".encode())
        yield "message queues can be made"


def _wait_if(much: bool) -> None:
    if much:
        time.sleep(_SEEN_SECONDS)


def _files_without_name(make: Callable[[], int], enough: int) -> int:
    held, kept = 0, []
    with contextlib.suppress(OSError, Untried, ValueError):
        while held < enough:
            kept.append(make())
            held += _PIECE
    _wait_if(held > enough // 2)
    for descriptor in kept:
        os.close(descriptor)
    return held


def _anonymous_file() -> int:
    descriptor = system_call("memfd_create", b"x\0", 0)
    os.posix_fallocate(descriptor, 0, _PIECE)
    return descriptor


def _secret_file() -> int:
    descriptor = system_call("memfd_secret", 0)
    os.ftruncate(descriptor, _PIECE)
    with mmap.mmap(descriptor, _PIECE) as mapped:
        for page in range(0, _PIECE, mmap.PAGESIZE):
            mapped[page] = 1
    return descriptor


def _dropped_pages(place: str | None, enough: int) -> int:
    """Bytes of shared pages that three children touched and let go of: they stay, and count for none of them."""
    reading, writing = os.pipe()
    children = []
    for _ in range(3):
        children.append(os.fork())
        if children[-1] == 0:
            held = 0
            with contextlib.suppress(OSError):
                source = -1 if place is None else os.open(place, os.O_RDWR)
                mapped = mmap.mmap(source, enough // 3 + mmap.PAGESIZE)
                for page in range(0, len(mapped), mmap.PAGESIZE):
                    mapped[page] = 1
                    if page % _MEBIBYTE == 0:
                        mapped.madvise(mmap.MADV_DONTNEED)
                mapped.madvise(mmap.MADV_DONTNEED)
                held = len(mapped)
            os.write(writing, held.to_bytes(8, "little"))
            time.sleep(60)
    held = sum(int.from_bytes(os.read(reading, 8), "little") for _ in children)
    _wait_if(held > enough // 2)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return held


def _system_v(enough: int) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    library.shmat.restype = ctypes.c_void_p
    segments: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while len(segments) * _PIECE < enough:
                segments.append(system_call("shmget", 0, _PIECE, 0o1600))
                address = library.shmat(segments[-1], None, 0)
                if address in (None, ctypes.c_void_p(-1).value):
                    return 0
                ctypes.memset(address, 1, _PIECE)
                library.shmdt(ctypes.c_void_p(address))
        _wait_if(len(segments) * _PIECE > enough // 2)
    finally:
        for segment in segments:
            succeeds(system_call, "shmctl", segment, 0, 0)  # IPC_RMID
    return len(segments) * _PIECE


def sockets(told: Told) -> Iterator[str]:
    """What waits in sockets, over several processes."""
    reading, writing = os.pipe()
    for _ in range(8):
        if os.fork() == 0:
            held = _fill_sockets(told["memory_bytes"] // 4)
            os.write(writing, held.to_bytes(8, "little"))
            time.sleep(60)
    held = sum(int.from_bytes(os.read(reading, 8), "little") for _ in range(8))
    time.sleep(_SEEN_SECONDS)
    if held > told["memory_bytes"]:
        yield f"{held // _MEBIBYTE} MiB waited in sockets"


def _fill_sockets(enough: int) -> int:
    held, pairs = 0, []
    with contextlib.suppress(OSError):
        while held < enough:
            pairs.append(socket.socketpair())
            for end in pairs[-1]:
                end.setblocking(False)
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        held += end.send(bytes(1 << 14))
    _KEPT.extend(pairs)
    return held


_KEPT: list[object] = []


def memory_files(told: Told) -> Iterator[str]:
    """Files in file systems that are memory: every folder that can be written."""
    enough, held, places = told["memory_bytes"] * 5 // 4, 0, []
    try:
        for folder in dict.fromkeys(("/dev/shm", "/tmp", os.environ["TMPDIR"], os.environ["OUTPUT_FOLDER"])):
            with contextlib.suppress(OSError):
                while held < enough:
                    place = f"{folder}/{told['token']}-{held}"
                    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                    places.append(place)
                    os.posix_fallocate(descriptor, 0, 4 * _MEBIBYTE)
                    os.close(descriptor)
                    held += 4 * _MEBIBYTE
        _wait_if(held > told["memory_bytes"] // 2)
    finally:
        for place in places:
            os.unlink(place)
    if held > told["memory_bytes"]:
        yield f"{held // _MEBIBYTE} MiB were written to file systems in memory"


def processes(told: Told) -> Iterator[str]:
    """Processes and threads."""
    wanted, children, threads = 3 * told["processes"], 0, 0
    try:
        for _ in range(wanted):
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            children += 1
    except OSError:
        pass
    with contextlib.suppress(RuntimeError):
        for _ in range(wanted - children):
            threading.Thread(target=time.sleep, args=(_SEEN_SECONDS,), daemon=True).start()
            threads += 1
    time.sleep(_SEEN_SECONDS)
    if children + threads >= 2 * told["processes"]:
        yield f"{children} processes and {threads} threads were started"


def file_size(told: Told) -> Iterator[str]:
    """One file over the limit: written, with a hole, truncated up, allocated."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    place, size = os.path.join(os.environ["OUTPUT_FOLDER"], "large"), told["output_bytes"] + 1
    ways: dict[str, Callable[[int], Any]] = {
        "written": lambda file: _write_all(file, size),
        "written behind a hole": lambda file: os.pwrite(file, b"xx", size - 1),
        "truncated up": lambda file: os.ftruncate(file, size),
        "allocated": lambda file: os.posix_fallocate(file, 0, size),
    }
    for title, way in ways.items():
        file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        with contextlib.suppress(OSError):
            way(file)
        if os.fstat(file).st_size >= size:
            yield f"a file of {size} bytes was {title}"
        os.close(file)


def _write_all(file: int, size: int) -> None:
    while size > 0:
        size -= os.write(file, bytes(min(size, 1 << 20)))


def files(told: Told) -> Iterator[str]:
    """Many files, folders and links, none with anything in it."""
    folder, made = os.environ["OUTPUT_FOLDER"], 0
    kinds: tuple[Callable[[str], Any], ...] = (
        lambda place: os.close(os.open(place, os.O_WRONLY | os.O_CREAT)),
        os.mkdir,
        lambda place: os.symlink("x", place),
    )
    with contextlib.suppress(OSError):
        for number in range(4 * told["files"]):
            kinds[number % 3](f"{folder}/{number}")
            made += 1
    time.sleep(_SEEN_SECONDS)
    if made >= 2 * told["files"]:
        yield f"{made} files were made"


def printing(told: Told) -> Iterator[str]:
    """Much on stdout and stderr."""
    printed = 0
    while printed < 4 * told["output_bytes"]:
        printed += os.write(2, b"x" * 65536)
    time.sleep(_SEEN_SECONDS)
    yield f"{printed} bytes were printed"


def wall_time(_told: Told) -> Iterator[str]:
    """Staying, deaf to every signal, with a child that does so too."""
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
    os.fork()
    time.sleep(5)
    yield "it stayed"


def cpu_time(told: Told) -> Iterator[str]:
    """Computing without end."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or hard > 10 * told["cpu_seconds"]:
        yield "the limit on CPU time can be lifted"
    while time.process_time() < 3 * told["cpu_seconds"]:
        pass
    yield f"it computed for {time.process_time():.1f} s"


def raising(_told: Told) -> Iterator[str]:
    """Lifting the limits, or a place before others."""
    for name in ("AS", "CPU", "FSIZE", "NPROC", "NOFILE", "CORE", "MSGQUEUE", "MEMLOCK", "SIGPENDING", "RTPRIO"):
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        raised = (hard + 1, hard + 1)
        if hard != resource.RLIM_INFINITY and in_a_child(partial(resource.setrlimit, kind, raised)):
            yield f"RLIMIT_{name} can be raised"
    ways = {
        "nice": lambda: os.nice(-5),
        "a real-time schedule": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
        "real-time input and output": lambda: system_call("ioprio_set", 1, 0, 1 << 13 | 4),
        "safety from the out-of-memory killer": _never_killed,
    }
    for title, way in ways.items():
        if in_a_child(way):
            yield f"it can have {title}"


def _never_killed() -> None:
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-900")


def starts(told: Told) -> Iterator[str]:
    """Daemons: children that detached themselves twice, deaf to polite signals; then it ends, or waits."""
    for number in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for deaf in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                    signal.signal(deaf, signal.SIG_IGN)
                text = f"import time; time.sleep({told['seconds']})  # {told['token']}-{number}"
                os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", text])
            os._exit(0)
    time.sleep(told["stays"])
    yield from ()
