"""Several slices in one start of the probe: torch is imported once, each slice then runs in a fork of its own."""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

_RESULT_LIMIT = 2**16


def run_several(request: dict[str, Any], folder: Path) -> int:
    """Write shapes.json: one result object per slice of a "shapes" request, in order."""
    import grader.probe.run  # noqa: F401 - before forking, so that no fork imports torch again

    seconds = float(request.get("seconds_each", 20))
    results = [_in_a_fork({**request, "slice": piece}, folder, seconds) for piece in request["slices"]]
    data = {"schema": "grader/probe-shapes/v1", "results": results}
    (folder / "shapes.json").write_text(json.dumps(data, allow_nan=False), encoding="utf-8")
    return 0


def _in_a_fork(request: dict[str, Any], folder: Path, seconds: float) -> dict[str, Any]:
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(request, folder, writer)
    os.close(writer)
    data = _read(reader, time.monotonic() + seconds)
    os.close(reader)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        result = json.loads(data)
    except ValueError:
        return _lost(timed_out=data == b"timeout", seconds=seconds)
    return result if isinstance(result, dict) else _lost(timed_out=False, seconds=seconds)


def _answer(request: dict[str, Any], folder: Path, writer: int) -> None:
    from grader.probe.single import result_of

    try:
        os.write(writer, json.dumps(result_of(request, folder), allow_nan=False).encode()[:_RESULT_LIMIT])
    finally:
        os._exit(0)


def _read(reader: int, deadline: float) -> bytes:
    """What the fork wrote in one piece, or b"timeout"; b"" where it died."""
    ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
    return os.read(reader, _RESULT_LIMIT) if ready else b"timeout"


def _lost(*, timed_out: bool, seconds: float) -> dict[str, Any]:
    message = (
        f"The model took more than {seconds:.0f} s to build." if timed_out else "The model's code ended the process."
    )
    error = {"type": "Timeout" if timed_out else "Died", "message": message, "label": None, "line": None, "hint": ""}
    return {
        "schema": "grader/probe-result/v1",
        "status": "failed",
        "stage": "build",
        "error": error,
        "notes": [],
        "output_shape": None,
    }
