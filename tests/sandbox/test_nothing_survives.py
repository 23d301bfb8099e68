"""However grader itself ends in the middle of a run, no process and no folder of the run remains."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from grader.sandbox.bubblewrap_leftovers import remove_leftovers

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


def test_a_run_that_was_never_let_go_ends_with_the_grader(bubblewrap, running):
    token = f"token-{os.getpid()}-held"
    script = f"""
import os
from grader.sandbox.base import Job
from grader.sandbox.bubblewrap_namespace import set_up_namespace
uid = 0x70000001 if os.geteuid() == 0 else os.geteuid()
with set_up_namespace(Job(b"", ("sleep", "60", "{token}"), ()), uid, hold=False):
    os.kill(os.getpid(), 9)
"""
    ended = subprocess.run([sys.executable, "-c", script], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert eventually(lambda: running(token) == [])


def test_a_bubblewrap_whose_grader_is_gone_is_ended(running):
    ended = subprocess.Popen(["true"])
    ended.wait()
    reading, writing = os.pipe()  # bubblewrap waits for arguments that never come
    words = ["bwrap", "--args", str(reading), "--", "sh", "-c", "read -r word", "grader-{}"]
    commands = [[word.format(owner) for word in words] for owner in (ended.pid, os.getpid())]
    with (
        subprocess.Popen(commands[0], pass_fds=[reading]) as orphan,
        subprocess.Popen(commands[1], pass_fds=[reading]) as owned,
    ):
        assert eventually(lambda: len(running("read -r word")) >= 2)
        remove_leftovers()
        assert orphan.wait(5) == -signal.SIGKILL
        assert owned.poll() is None
        owned.kill()
    os.close(reading)
    os.close(writing)


def test_leftovers_of_a_killed_grader_are_removed_at_the_next_start(process, run, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "grader-process-abcdefgh" / "out").mkdir(parents=True)
    (tmp_path / "grader-process-abcdefgh" / ".grader-owns-this-folder").touch()
    (tmp_path / "grader-process-mine").mkdir()
    run(process, "")
    assert [path.name for path in tmp_path.iterdir()] == ["grader-process-mine"]


@pytest.mark.parametrize("backend", ["bubblewrap", "process"])
def test_descriptors_are_closed_again(backend, request, run):
    sandbox = request.getfixturevalue(backend)
    run(sandbox, "")
    before = open_descriptors()
    run(sandbox, "")
    run(sandbox, "import time; time.sleep(9)", wall_seconds=0.2)
    assert open_descriptors() == before
