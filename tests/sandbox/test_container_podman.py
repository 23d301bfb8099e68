"""The container sandbox with a real podman, in a store of its own, and an image made here without any network."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.sandbox import container
from grader.sandbox.conformance import examine
from grader.sandbox.container import Container

pytestmark = [pytest.mark.system, pytest.mark.podman]

IMAGE = "grader-sandbox:test"
STORAGE = '[storage]\ndriver = "{1}"\ngraphroot = "{0}/store"\nrunroot = "{0}/run"\n'


@pytest.fixture(scope="module")
def podman(tmp_path_factory):
    """The command, with an empty store that holds the image."""
    folder = tmp_path_factory.mktemp("podman")
    with pytest.MonkeyPatch.context() as environment:
        # crun refuses a machine with control groups of both versions; runc does not.
        runtime = 'runtime = "runc"\n' if shutil.which("runc") else ""
        (folder / "containers.conf").write_text(f'[engine]\n{runtime}tmp_dir = "{folder}/tmp"\n')
        environment.setenv("CONTAINERS_STORAGE_CONF", str(folder / "storage.conf"))
        environment.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
        environment.setenv("GRADER_CONTAINER_ENGINE", "podman")
        environment.setenv("GRADER_SANDBOX_IMAGE", IMAGE)
        for driver in ("overlay", "vfs"):  # the second is slow, and works on any file system
            (folder / "storage.conf").write_text(STORAGE.format(folder, driver))
            if subprocess.run(["podman", "info"], capture_output=True, check=False).returncode == 0:
                break
        tar = folder / "image.tar"
        subprocess.run([sys.executable, Path(__file__).with_name("python_image.py"), tar], check=True)
        subprocess.run(["podman", "import", "--quiet", tar, IMAGE], check=True, capture_output=True)
        container._tried.cache_clear()
        yield "podman"
        container._tried.cache_clear()
        subprocess.run(["podman", "unshare", "rm", "-rf", folder / "store"] if os.geteuid() else ["true"], check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def sandbox(podman):
    found = Container()
    here = found.availability()
    assert here.ok, f"{here.reason} {here.mend}"
    return found


def remains() -> list[str]:
    """What podman knows of, and what is mounted."""
    listings = (["ps", "--all", "--quiet"], ["volume", "ls", "--quiet"])
    told = [subprocess.run(["podman", *words], capture_output=True, text=True, check=True).stdout for words in listings]
    store = os.environ["CONTAINERS_STORAGE_CONF"].removesuffix("/storage.conf")
    mounts = [
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"{store}/store/volumes" in line
    ]
    return [*"".join(told).split(), *mounts]


def eventually(condition) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_every_guarantee_holds(sandbox):
    broken = {one.guarantee.key: one.detail for one in examine(sandbox) if not one.held}
    assert broken == {}
    container._tried.cache_clear()  # a grader was killed: the next start removes its entries
    assert sandbox.availability().ok
    assert remains() == []


def test_the_engine_has_taken_everything_away(sandbox, answer):
    status = answer(
        sandbox, "print(json.dumps(dict(map(str.strip, l.split(':', 1)) for l in open('/proc/self/status'))))"
    )
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert answer(sandbox, "print(json.dumps([os.getuid() > 9999, os.getgroups() == [os.getgid()]]))") == [True, True]
    assert answer(sandbox, "print(json.dumps([l.split(':')[0].strip() for l in open('/proc/net/dev')][2:]))") == ["lo"]
    assert answer(sandbox, "print(json.dumps(os.uname().nodename))") == "sandbox"
    assert answer(sandbox, "print(json.dumps(len([n for n in os.listdir('/proc') if n.isdecimal()])))") == 2


def test_only_three_folders_can_be_written(sandbox, answer):
    source = """
    def attempt(place):
        try:
            open(place, "a").close()
        except OSError:
            return False
        return True
    places = ["/x", "/usr/x", "/in/x", "/in/request.json", "/dev/x", "/etc/x", "/run/x", "/var/tmp/x", "/dev/mqueue/x"]
    places += ["/proc/sys/kernel/core_pattern", "/sys/fs/cgroup/x", "/sys/fs/cgroup/memory/tasks", "/home/x"]
    print(json.dumps([place for place in [*places, "/tmp/x", "/out/x", "/dev/shm/x"] if attempt(place)]))
    """
    assert answer(sandbox, source) == ["/tmp/x", "/out/x", "/dev/shm/x"]


def test_the_environment_of_the_first_process_is_closed(sandbox, answer, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://user:password@proxy")
    source = """
    def attempt(action):
        try:
            return action() and "open"
        except OSError as error:
            return error.strerror
    print(json.dumps([attempt(lambda: open("/proc/1/environ").read()), attempt(lambda: os.listdir("/proc/1/fd"))]))
    """
    assert answer(sandbox, source) == ["Permission denied"] * 2
    assert "password" not in answer(sandbox, "print(json.dumps(str(dict(os.environ))))")


def test_the_memory_file_systems_are_bounded(sandbox, run):
    source = """
    import errno
    for folder in ("/tmp", "/dev/shm", "/out"):
        try:
            for n in range(10_000):
                open(f"{folder}/{n}", "wb").write(bytes(1 << 20))
        except OSError as error:
            print(folder, n, error.errno == errno.ENOSPC)
    """
    lines = run(sandbox, source, output_bytes=4 << 20).stdout.splitlines()
    assert lines == ["/tmp 256 True", "/dev/shm 64 True", "/out 8 True"]


def test_memory_over_all_processes_is_told_from_other_deaths(sandbox, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = """
    import os, time
    for _ in range(6):
        if os.fork() == 0:
            block = bytearray(b"x") * (100 << 20)
            time.sleep(60)
    os.wait()
    """
    result = run(sandbox, source, memory_bytes=300 << 20)
    assert result.status == "memory"
    assert 250 << 20 < result.peak_memory_bytes <= 300 << 20
    assert list(tmp_path.iterdir()) == []  # podman's monitor would leave a file where it was started
    assert run(sandbox, "import os; os.kill(os.getpid(), 9)").status == "killed"
    peak = run(sandbox, "block = bytearray(b'x') * (50 << 20)").peak_memory_bytes
    assert 50 << 20 < peak < 120 << 20


def test_a_fork_bomb_is_bounded(sandbox, run):
    source = """
    import os, time
    count = 0
    while True:
        try:
            if os.fork() == 0:
                time.sleep(60)
            count += 1
        except OSError:
            print(count)
            break
    """
    result = run(sandbox, source, processes=20)
    assert (result.status, result.stdout) == ("exited", "19\n")  # and itself


SCRIPT = """
import sys
from grader.sandbox.base import Job, Limits
from grader.sandbox.container import Container
inside = "import os, time; os.fork(); time.sleep(100)  # " + sys.argv[1]
Container().run(Job(b"", (sys.executable, "-I", "-S", "-c", inside), (), Limits(wall_seconds=60)))
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_ends_with_its_grader_and_the_next_start_removes_its_entries(sandbox, run, running, ending):
    token = f"token-{os.getpid()}-{ending}"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, token], stderr=subprocess.DEVNULL) as grader:
        assert eventually(lambda: len([one for one in running(token) if is_inside(one)]) >= 3)
        grader.send_signal(ending)
        grader.wait(20)
    assert eventually(lambda: running(token) == [])
    if ending != signal.SIGINT:  # which is an exception, after which grader cleans up itself
        assert eventually(lambda: len(remains()) == 5)  # entries only: nothing is mounted
    container._tried.cache_clear()
    run(Container(), "")
    assert remains() == []


def is_inside(process: int) -> bool:
    """Whether a process is in a container: in another pid namespace than we."""
    try:
        return Path(f"/proc/{process}/ns/pid").readlink() != Path("/proc/self/ns/pid").readlink()
    except OSError:
        return False


def test_two_runs_at_once_do_not_meet(sandbox, run):
    script = "import time; open('/tmp/x', 'x'); open('/out/a', 'w').write('1'); time.sleep(1)"
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: run(sandbox, script, outputs=("a",)), range(2)))
    assert [result.files for result in results] == [{"a": b"1"}] * 2
    assert remains() == []
