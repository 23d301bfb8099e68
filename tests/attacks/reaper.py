"""Run as a script, SECONDS WORDS COMMAND...: kills the command with SIGKILL and tells what of it goes on.

The seconds count from the line on its stderr that holds the words, with "" from the start.

Whatever the command started, detached or not, becomes this process's child when its parent is gone (prctl(2),
PR_SET_CHILD_SUBREAPER), so nothing can hide. Prints JSON: {"seconds": it ran, "code": exit code, "left": [pid, ...],
"said": [line of stderr, ...]}.
"""

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

_SUBREAPER = 36
_SECONDS_TO_END = 5.0


def main() -> None:
    seconds, words, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    began = time.monotonic()
    grader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    heard = threading.Event()
    threading.Thread(target=listen, args=(grader.stderr, words, lines, heard), daemon=True).start()
    heard.wait()
    try:
        grader.wait(seconds)
    except subprocess.TimeoutExpired:
        grader.kill()
    ran = time.monotonic() - began
    code = grader.wait()
    deadline = time.monotonic() + _SECONDS_TO_END
    while children() and time.monotonic() < deadline:
        bury()
        time.sleep(0.01)
    print(json.dumps({"seconds": ran, "code": code, "left": children(), "said": lines}))


def listen(stream: IO[str], words: str, lines: list[str], heard: threading.Event) -> None:
    """Take down what is said; `heard` is set with the words, or at the end."""
    if not words:
        heard.set()
    for line in stream:
        lines.append(line.rstrip())
        if words and words in line:
            heard.set()
    heard.set()


def bury() -> None:
    """Reap what has ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def children() -> list[int]:
    """Direct children: what was orphaned below us is one of them."""
    texts = (task.read_text() for task in Path("/proc/self/task").glob("*/children"))
    return [int(pid) for text in texts for pid in text.split()]


if __name__ == "__main__":
    main()
