"""Pipes and files without names, between grader and what it starts."""

import contextlib
import os
import select
import time
from typing import IO


def pipe(stack: contextlib.ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """The two ends of a pipe, to read and to write, unbuffered; `stack` closes them."""
    ends = os.pipe()
    read, write = os.fdopen(ends[0], "rb", buffering=0), os.fdopen(ends[1], "wb", buffering=0)
    return stack.enter_context(read), stack.enter_context(write)


def memory_file(stack: contextlib.ExitStack, content: bytes) -> int:
    """A descriptor to read `content` from; it has no name anywhere."""
    file = stack.enter_context(os.fdopen(os.memfd_create("grader"), "w+b"))
    file.write(content)
    file.flush()
    file.seek(0)
    return file.fileno()


def readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read, or the end, before the time is over."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def line(stream: IO[bytes], deadline: float) -> bytes:
    """The next line; what there is of it at the deadline (of the monotonic clock) or the end."""
    found = b""
    while not found.endswith(b"\n") and readable(stream.fileno(), max(0.0, deadline - time.monotonic())):
        byte = stream.read(1)
        if not byte:
            break
        found += byte
    return found
