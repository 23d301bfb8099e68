"""The whole way of a run up to the engine's door, and what comes back through it: the engine is a stand-in."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.sandbox import container
from grader.sandbox.base import Job, Limits
from grader.sandbox.container import Container
from grader.sandbox.container_arguments import OWNER_LABEL
from grader.sandbox.container_dialogue import last_words
from grader.sandbox.container_leftovers import this_grader

WRITES = "import os; open(os.environ['OUTPUT_FOLDER'] + '/a', 'w').write(open(os.environ['REQUEST_FILE']).read())"


@pytest.fixture
def engine(monkeypatch, tmp_path):
    """The stand-in's folder."""
    script = tmp_path / "podman"
    source = Path(__file__).with_name("fake_podman.py").read_text()
    script.write_text(source.replace("#!/usr/bin/env python3", f"#!{Path(sys.executable).resolve()} -IS", 1))
    script.chmod(0o755)
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    monkeypatch.setenv("CONTAINERS_FAKE", str(state))
    monkeypatch.setenv("GRADER_CONTAINER_ENGINE", str(script))
    monkeypatch.setenv("GRADER_SANDBOX_IMAGE", "fake:1")
    # What a stand-in runs in has no control groups of its own, and no packages.
    monkeypatch.setattr(container, "judged", lambda *_: container.Availability(True))
    container._tried.cache_clear()
    yield state
    container._tried.cache_clear()


def remains(state: Path) -> list[str]:
    return sorted(place.name for place in state.iterdir() if place.name not in ("calls.log", "refuse"))


def calls(state: Path) -> list[list[str]]:
    return [json.loads(line) for line in (state / "calls.log").read_text().splitlines()]


def eventually(condition) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_request_goes_in_an_output_comes_out_and_nothing_remains(engine, run):
    result = run(Container(), WRITES, outputs=("a", "absent"), request=b"asked" * 50_000)
    assert (result.status, result.exit_code, result.stderr, result.refused) == ("exited", 0, "", ())
    assert result.files == {"a": b"asked" * 50_000}
    assert remains(engine) == []


def test_the_probe_is_sent_along_and_the_requests_folder_cannot_be_written(engine, run):
    result = Container().run(Job(b"{}", limits=Limits(wall_seconds=20)))
    assert json.loads(result.files["result.json"])["status"] == "failed"  # it started, and was asked for nothing
    sent = run(Container(), "import os; print(os.listdir('/in')); open('/in/request.json', 'w')")
    assert sent.stdout == "['request.json']\n"
    assert "Read-only file system" in sent.stderr


def test_both_containers_of_a_run_have_one_user_another_for_each_run(engine, run):
    for _ in range(2):
        run(Container(), "")
    users = [call[call.index("--user") + 1] for call in calls(engine) if call[0] == "run"]
    pairs = list(zip(users[::2], users[1::2], strict=True))
    assert len(pairs) == 3  # and the trial
    assert all(keeper == job for keeper, job in pairs)
    assert len(set(users)) == 3
    assert all(0x70000000 <= int(user.partition(":")[0]) < 0x7FFFFFFE for user in users)


def test_outputs_are_read_by_the_rules_of_all_sandboxes(engine, run):
    source = """
    import os
    out = os.environ["OUTPUT_FOLDER"]
    os.symlink("/etc/passwd", out + "/link")
    os.mkfifo(out + "/fifo")
    open(out + "/large", "wb").write(bytes(3000))
    open(out + "/small", "wb").write(b"1")
    """
    result = run(Container(), source, outputs=("link", "fifo", "large", "small"), output_bytes=3000)
    assert result.files == {"large": bytes(3000), "small": b"1"}
    assert result.refused == (
        "link was not read: it is not a regular file.",
        "fifo was not read: it is not a regular file.",
    )


@pytest.mark.parametrize("source", ["while True: pass  # {}", "import os, time; os.fork(); time.sleep(60)  # {}"])
def test_a_late_run_is_killed_and_removed(engine, run, running, source):
    token = f"token_{os.getpid()}"
    result = run(Container(), source.format(token), wall_seconds=0.5)
    assert (result.status, result.exit_code) == ("timeout", None)
    assert result.seconds < 10
    assert running(token) == []
    assert remains(engine) == []


def test_what_a_late_run_wrote_is_read_when_it_is_dead(engine, run):
    result = run(Container(), f"{WRITES}\nimport time; time.sleep(60)", outputs=("a",), request=b"1", wall_seconds=1)
    assert (result.status, result.files) == ("timeout", {"a": b"1"})


def test_children_end_with_the_command_and_limits_hold(engine, run, running):
    token = f"token_{os.getpid()}"
    source = f"""
    import os, sys, time
    if os.fork() == 0:
        os.setsid()
        {token} = time.sleep(60)
    sys.exit(3)
    """
    assert (run(Container(), source).exit_code, running(token)) == (3, [])
    assert run(Container(), "import os; os.kill(os.getpid(), 11)").exit_code == 139
    assert run(Container(), "import os; os.kill(os.getpid(), 9)").status == "killed"
    assert run(Container(), "while True: pass", cpu_seconds=1).status == "timeout"
    assert "MemoryError" in run(Container(), "bytearray(100 << 30)").stderr
    printing = run(Container(), "import os\nwhile True: os.write(2, b'x' * 65536)", output_bytes=8 << 20)
    assert (printing.status, len(printing.stderr)) == ("output_limit", 64 * 1024)
    assert remains(engine) == []


def test_the_first_process_is_closed_to_the_command(engine, run):
    source = """
    import os, resource
    for attempt in (
        lambda: open("/proc/1/mem", "r+b"),
        lambda: open("/proc/1/environ").read(),
        lambda: os.listdir("/proc/1/fd"),
    ):
        try:
            attempt()
            print("open")
        except OSError:
            print("closed")
    for number in (9, 19, 15):
        os.kill(1, number)
    print(os.getppid(), os.readlink("/proc/self/fd/0"), len(os.listdir("/proc/self/fd")))
    """
    lines = run(Container(), source).stdout.splitlines()
    closed = "open" if os.geteuid() == 0 else "closed"  # the stand-in lets root be root; podman does not
    assert lines == [closed] * 3 + ["1 /dev/null 4"]


def test_an_image_that_is_gone_or_an_engine_that_refuses_is_ours_to_say(engine, run):
    sandbox = Container()
    assert sandbox.availability().ok
    for command, words in (("run", "The container did not start: this run is refused."), ("volume", "podman volume")):
        (engine / "refuse").write_text(command)
        with pytest.raises(SandboxError, match=words):
            run(sandbox, "")
        (engine / "refuse").unlink()
        assert [name for name in remains(engine) if name.endswith(".container")] == []
        shutil.rmtree(engine)
        engine.mkdir()


def test_no_word_for_the_end_is_no_end(engine, run):
    sandbox = Container()
    assert sandbox.availability().ok
    (engine / "refuse").write_text("container")
    with pytest.raises(SandboxError, match="The container did not start"):
        run(sandbox, WRITES, outputs=("a",))
    (engine / "refuse").unlink()
    assert remains(engine) == []


SCRIPT = """
import sys
from grader.sandbox import container
from grader.sandbox.base import Availability, Job, Limits
container.judged = lambda *_: Availability(True)
inside = "import os, time; os.fork(); time.sleep(100)  # " + sys.argv[1]
container.Container().run(Job(b"", (sys.executable, "-I", "-S", "-c", inside), (), Limits(wall_seconds=60)))
"""


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_all_of_a_run_ends_with_its_grader_and_the_next_start_removes_its_entries(engine, run, running, ending):
    token = f"token-{os.getpid()}-{ending}"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, token], stderr=subprocess.DEVNULL) as grader:
        # Grader, engine, bubblewrap, the first process, and the two of the run.
        assert eventually(lambda: len(running(token)) >= 6)
        grader.send_signal(ending)
        grader.wait(10)
    assert eventually(lambda: running(token) == [])
    assert eventually(lambda: running(str(engine)) == [])
    left = remains(engine)
    assert len([name for name in left if name.endswith(".container")]) == 2
    assert len([name for name in left if name.endswith(".volume")]) == 3
    living = engine / "other.container"
    living.write_text(json.dumps({"owner": this_grader().label(), "pid": 0, "state": ""}))
    run(Container(), "")
    assert remains(engine) == ["other.container"]
    assert ["ps", "--all", "--no-trunc", "--quiet", "--filter", f"label={OWNER_LABEL}"] in calls(engine)


@pytest.mark.parametrize(
    ("printed", "said", "peak", "killed"),
    [
        ("text\n\nfirst process: memory 1024 0\n", "text\n", 1024, False),
        ("\nfirst process: memory 1024 2\n", "", 1024, True),
        ("\nfirst process: memory 0 0\n", "", None, False),  # where control groups can't be read
        ("\nfirst process: memory 5 5\nafter", "\nfirst process: memory 5 5\nafter", None, False),
        ("\nfirst process: memory 5 5\n\nfirst process: memory 7 0\n", "\nfirst process: memory 5 5\n", 7, False),
        ("x" * 200, "x" * 100, None, False),
    ],
)
def test_only_the_last_words_are_the_first_processes(printed, said, peak, killed):
    text, memory = last_words(printed, 100)
    assert (text, memory.peak_bytes, memory.killed) == (said, peak, killed)
