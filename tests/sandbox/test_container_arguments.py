"""What the engine is asked for: everything taken away, nothing of this machine shown."""

import json
import os
import sys
from pathlib import Path

import pytest

from grader.sandbox import container_arguments as arguments
from grader.sandbox.base import Job, Limits
from grader.sandbox.container_arguments import Settings
from grader.sandbox.container_engine import Engine

PODMAN, DOCKER = Engine("/usr/bin/podman", "podman", (4, 3)), Engine("/usr/bin/docker", "docker", (28, 2))
LIMITS = Limits(wall_seconds=30, cpu_seconds=7, memory_bytes=300 << 20, processes=20, output_bytes=4 << 20, files=500)
NAMES = arguments.new_names("owner")


def told(engine=PODMAN, command=None, settings=None):
    job = Job(b"request", command, limits=LIMITS)
    return arguments.job(engine, NAMES, job, settings or Settings("image:1"), 1879048200, "/dev/fd/9")


def keeper(engine=PODMAN):
    return arguments.keeper(engine, NAMES, LIMITS, Settings("image:1"), 1879048200, "/dev/fd/9")


def values(words, option):
    """What follows an option, each time that it stands there."""
    return [words[at + 1] for at, word in enumerate(words) if word == option]


@pytest.mark.parametrize("engine", [PODMAN, DOCKER])
@pytest.mark.parametrize("make", [told, keeper])
def test_both_containers_are_confined(engine, make):
    words = make(engine)
    assert words[0] == "run"
    assert {"--pull=never", "--read-only", "--no-healthcheck"} <= set(words)
    expected = {
        "--network": ["none"],
        "--cap-drop": ["ALL"],
        "--security-opt": ["no-new-privileges", "seccomp=/dev/fd/9"],
        "--user": ["1879048200:1879048200"],
        "--ipc": ["private"],
        "--cgroupns": ["private"],
        "--cpus": ["1.0"],
        "--shm-size": [str(64 << 20)],
        "--log-driver": ["none"],
        "--stop-signal": ["KILL"],
        "--label": ["graph-grader.owner=owner"],
        "--env": ["PATH=/usr/local/bin:/usr/bin:/bin"],
        "--entrypoint": ["python3"],
    }
    assert {option: values(words, option) for option in expected} == expected
    given = {"--cap-add", "--privileged", "--device", "--gpus", "--env-file", "--mount", "--volumes-from", "--publish"}
    assert not given & {word.partition("=")[0] for word in words}


@pytest.mark.parametrize("make", [told, keeper])
def test_podman_is_asked_for_what_docker_does_anyway(make):
    words = make(PODMAN)
    assert {"--unsetenv-all", "--env-host=false", "--http-proxy=false", "--read-only-tmpfs=false"} <= set(words)
    assert (values(words, "--pid"), values(words, "--uts")) == (["private"], ["private"])
    assert "--pid" not in make(DOCKER)


def test_limits_are_the_engines_and_no_swap_is_added():
    words = told()
    assert values(words, "--memory") == values(words, "--memory-swap") == [str(300 << 20)]
    assert values(words, "--pids-limit") == ["21"]  # and the first process
    assert set(values(words, "--ulimit")) == {
        *("nproc=22:22", "nofile=256:256", "core=0:0", "msgqueue=0:0", "memlock=65536:65536")
    }
    inside = json.loads(words[-1])
    assert inside["limits"] == {
        "RLIMIT_AS": [300 << 20] * 2,
        "RLIMIT_CPU": [7, 12],
        "RLIMIT_FSIZE": [4 << 20] * 2,
    }
    assert inside["seconds"] == 40


def test_the_run_sees_its_inputs_read_only_and_folders_in_memory():
    words = told()
    assert values(words, "--volume") == [
        f"{NAMES.input}:/in:ro",
        f"{NAMES.output}:/out",
        f"{NAMES.temporary}:/tmp",
    ]
    made = {command[-1]: values(list(command), "--opt") for command in arguments.volumes(NAMES, LIMITS)}
    pages = {NAMES.input: 64, NAMES.output: 8, NAMES.temporary: 256}  # MiB
    page = os.sysconf("SC_PAGE_SIZE")
    for name, size in pages.items():
        options = f"o=nr_blocks={(size << 20) // page},nr_inodes=501,mode=1777,nosuid,nodev"
        assert made[name] == ["type=tmpfs", "device=tmpfs", options]


def test_no_path_and_no_variable_of_this_machine_is_told(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    import grader

    for words in (told(), keeper(), *arguments.volumes(NAMES, LIMITS)):
        text = "\n".join(words)
        places = (Path(grader.__file__).parent, Path.home(), Path(sys.prefix) / "lib", sys.executable)
        for secret in (*map(str, places), "ghp_"):
            assert secret not in text
    assert set(json.loads(told()[-1])["environment"]) == {
        *("PATH", "HOME", "TMPDIR", "USER", "REQUEST_FILE", "OUTPUT_FOLDER", "LANG", "OMP_NUM_THREADS"),
        *("MKL_NUM_THREADS", "MALLOC_ARENA_MAX", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
    }


def test_this_python_becomes_the_images(tmp_path):
    assert json.loads(told(command=(sys.executable, "-c", "1"))[-1])["command"] == [None, "-c", "1"]
    assert json.loads(told(command=("/bin/true",))[-1])["command"] == ["/bin/true"]
    probe = json.loads(told()[-1])["command"]
    assert probe[0] is None
    assert probe[-3:] == ["/in/probe", "/in/request.json", "/out"]


def test_gpus_only_when_asked_for():
    words = told(settings=Settings("image:1", gpus="all"))
    assert values(words, "--gpus") == ["all"]
    assert "RLIMIT_AS" not in json.loads(words[-1])["limits"]  # a driver maps more addresses than there is memory
    assert "--gpus" not in told()


def test_each_run_has_names_of_its_own():
    assert len({name for _ in range(50) for name in arguments.new_names("owner").containers}) == 100
