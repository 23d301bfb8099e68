"""Speaking with the two containers of a run: letting it go, and what is sent into and read from their folders."""

import contextlib
import json
import re
import select
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grader.errors import SandboxError
from grader.sandbox import container_first_process, container_keeper, interpreter
from grader.sandbox.base import Job
from grader.sandbox.container_arguments import INPUT_FOLDER, PROBE_FOLDER
from grader.sandbox.container_engine import last_line

LAST_WORDS_BYTES = 128

_LAST_WORDS = re.compile(rf"\n{container_first_process.LAST_WORDS} (\d{{1,18}}) (\d{{1,18}})\n\Z")
_SECONDS = 30.0
_LINE_BYTES = 1 << 16


def fill(keeper: subprocess.Popen[bytes], job: Job) -> None:
    """Send request and probe, and wait until they are there. Raises SandboxError when the keeper does not start."""
    files = dict(_inputs(job))
    told = {
        "input": INPUT_FOLDER,
        "files": [(name, len(content)) for name, content in files.items()],
        "output": interpreter.OUTPUT_FOLDER,
        "outputs": job.outputs,
        "limit": job.limits.output_bytes,
    }
    assert keeper.stdin
    with contextlib.suppress(BrokenPipeError):  # it ended before its time, which what it says tells
        for part in (json.dumps(told).encode() + b"\n", *files.values()):
            _write(keeper.stdin, part)
    expect(keeper, container_keeper.READY)


def let_go(run: subprocess.Popen[bytes]) -> None:
    """Wait until the first process of a run is there, and let it start its command."""
    expect(run, container_first_process.READY)
    assert run.stdin
    with contextlib.suppress(BrokenPipeError):
        run.stdin.write(b"go\n")


@dataclass(frozen=True)
class Memory:
    """What the first process said of the memory of its container: the most in bytes, and whether it was too much."""

    peak_bytes: int | None
    killed: bool


def last_words(stderr: str, kept: int) -> tuple[str, Memory]:
    """What the job said (at most `kept` bytes), and what the first process added, if it could."""
    found = _LAST_WORDS.search(stderr)
    said = (stderr[: found.start()] if found else stderr).encode()[-kept:].decode(errors="replace")
    return said, Memory(int(found[1]) or None, found[2] != "0") if found else Memory(None, False)


def read(keeper: subprocess.Popen[bytes], limit: int) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """What `outputs.read_outputs` says inside; `limit` is in bytes per file. The keeper ends with that.

    Raises SandboxError when it gives no answer.
    """
    assert keeper.stdin and keeper.stdout
    with contextlib.suppress(BrokenPipeError):
        keeper.stdin.write(b"read\n")
    deadline = time.monotonic() + _SECONDS
    try:
        told = json.loads(_line(keeper.stdout, deadline))
        if any(size > limit for _, size in told["files"]):
            raise ValueError("it holds more than may be read")
        files = {name: _exactly(keeper.stdout, size, deadline) for name, size in told["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxError(f"The outputs of the run could not be read: {error}.") from None
    return files, tuple(told["refused"])


def expect(process: subprocess.Popen[bytes], word: bytes) -> None:
    """Read the line that says that a container has started. Raises SandboxError with the engine's words otherwise."""
    assert process.stdout and process.stderr
    if _line(process.stdout, time.monotonic() + _SECONDS) == word:
        return
    process.kill()
    said = process.stderr.read().decode(errors="replace")
    raise SandboxError(f"The container did not start: {last_line(said).rstrip('.')}.")


def _inputs(job: Job) -> Iterator[tuple[str, bytes]]:
    """Names in the input folder, and content."""
    yield Path(interpreter.REQUEST).name, job.request
    if job.command is not None:
        return
    probe = Path(PROBE_FOLDER).relative_to(INPUT_FOLDER)
    for source, inside in interpreter.probe_sources():
        for file in sorted(source.rglob("*.py")) if source.is_dir() else [source]:
            yield str(probe / inside / file.relative_to(source)), file.read_bytes()


def _write(stream: IO[bytes], content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[stream.write(left) :]


def _line(stream: IO[bytes], deadline: float) -> bytes:
    """The next line; what there is of it at the deadline or the end."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LINE_BYTES and _readable(stream, deadline):
        byte = stream.read(1)
        if not byte:
            break
        line += byte
    return line


def _exactly(stream: IO[bytes], size: int, deadline: float) -> bytes:
    content = bytearray()
    while len(content) < size and _readable(stream, deadline):
        chunk = stream.read(size - len(content))
        if not chunk:
            break
        content += chunk
    if len(content) != size:
        raise ValueError("it ended in the middle of a file")
    return bytes(content)


def _readable(stream: IO[bytes], deadline: float) -> bool:
    return bool(select.select([stream], [], [], max(0.0, deadline - time.monotonic()))[0])
