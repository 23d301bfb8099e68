"""Run as a script in a container of its own, beside the one of a run: fills the input folder, reads the output folder.

The two containers share these folders, which lie in memory as long as one of both lives. No submitted code runs here.
Standard library only; started with -I -S, `outputs.read_outputs` in front of it. It is spoken with through standard
input and output, in lines of JSON, each followed by the content of the files that it announces: [[name, bytes], ...].
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

READY = b"ready\n"


def main(read_outputs: Callable[..., Any]) -> None:
    """Write what comes first, say so, and answer the next line with the outputs; end with the input."""
    reading, writing = sys.stdin.buffer, sys.stdout.buffer
    told = json.loads(reading.readline())
    for name, size in told["files"]:
        place = os.path.join(told["input"], name)  # noqa: PTH118  a script that starts fast
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        with open(place, "wb") as file:  # noqa: PTH123
            file.write(reading.read(size))
    writing.write(READY)
    writing.flush()
    if not reading.readline():
        return
    folder = os.open(told["output"], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    files, refused = read_outputs(folder, told["outputs"], limit=told["limit"], owner=os.getuid())
    sizes = [(name, len(content)) for name, content in files.items()]
    writing.write(json.dumps({"files": sizes, "refused": refused}).encode() + b"\n")
    for content in files.values():
        writing.write(content)
    writing.flush()
