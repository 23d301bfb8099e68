"""However grader itself ends in the middle of a run, no process and no folder of the run remains."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys
from grader.sandbox.base import Job, Limits
from grader.sandbox.select import select
sandbox = select(sys.argv[1])
inside = "import os, subprocess, time; print('inside', flush=True); os.fork(); time.sleep(100)  # " + sys.argv[2]
print("ready", flush=True)
sandbox.run(Job(b"", (sys.executable, "-I", "-S", "-c", inside), (), Limits(wall_seconds=60)))
"""


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def eventually(condition) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("backend", ["bubblewrap", "process"])
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_remains_when_grader_ends(backend, ending, running, tmp_path):
    token = f"token-{os.getpid()}-{backend}-{ending}"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    grader = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, backend, token],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    with grader:
        assert grader.stdout.readline() == b"ready\n"
        # Grader, what holds the run, and at least the two processes of the run itself.
        assert eventually(lambda: len(running(token)) >= 4)
        grader.send_signal(ending)
        grader.wait(10)
    assert eventually(lambda: running(token) == [])
    assert eventually(lambda: list(tmp_path.iterdir()) == [])


def test_bubblewrap_uses_no_folder_of_the_host_at_all(bubblewrap, run, monkeypatch):
    def forbidden(*_arguments, **_options):
        raise AssertionError("a temporary folder was made")

    monkeypatch.setattr(tempfile, "mkdtemp", forbidden)
    monkeypatch.setattr(tempfile, "mkstemp", forbidden)
    mounts = Path("/proc/self/mountinfo").read_text()
    source = "import os; open(os.environ['OUTPUT_FOLDER'] + '/a', 'w').write('1')"
    assert run(bubblewrap, source, outputs=("a",)).files == {"a": b"1"}
    assert Path("/proc/self/mountinfo").read_text() == mounts


@pytest.mark.parametrize("backend", ["bubblewrap", "process"])
def test_descriptors_are_closed_again(backend, request, run):
    sandbox = request.getfixturevalue(backend)
    run(sandbox, "")
    before = open_descriptors()
    run(sandbox, "")
    run(sandbox, "import time; time.sleep(9)", wall_seconds=0.2)
    assert open_descriptors() == before
