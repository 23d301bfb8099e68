"""Which engine is taken, and in a sentence what is missing: engines here are scripts that answer as real ones do."""

import os
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.sandbox import container
from grader.sandbox.base import Availability, Limits
from grader.sandbox.container_availability import DEFAULT_IMAGE, build_command, engine_here, judged
from grader.sandbox.container_engine import environment, find_engine
from grader.sandbox.select import select

PODMAN, DOCKER = "podman version 4.9.3", "Docker version 28.2.2, build e6534b4"


@pytest.fixture
def engines(monkeypatch, tmp_path):
    """Put a script on an otherwise empty path; `cases` says what it does, by its first word."""

    def put(name, version, cases="", mode=0o755):
        script = tmp_path / name
        script.write_text(f'#!/bin/sh\ncase "$1" in\n--version) echo "{version}" ;;\n{cases}\nesac\n')
        script.chmod(mode)
        return str(script)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("GRADER_CONTAINER_ENGINE", raising=False)
    monkeypatch.delenv("GRADER_SANDBOX_IMAGE", raising=False)
    container._tried.cache_clear()
    yield put
    container._tried.cache_clear()


def test_podman_is_preferred_and_docker_is_found(engines):
    docker = engines("docker", DOCKER)
    assert (find_engine(None).command, find_engine(None).kind, find_engine(None).version) == (docker, "docker", (28, 2))
    podman = engines("podman", PODMAN)
    assert (find_engine(None).command, find_engine(None).kind, find_engine(None).version) == (podman, "podman", (4, 9))
    assert find_engine("docker").command == docker


def test_an_engine_can_be_named_by_its_path_and_is_asked_what_it_is(engines, tmp_path):
    named = engines("podman-in-disguise", PODMAN)
    assert find_engine(named).kind == "podman"
    engines("docker", PODMAN)  # what podman-docker installs
    assert find_engine("docker").kind == "podman"
    other = engines("nerdctl", "nerdctl version 1.7")
    with pytest.raises(SandboxError, match="neither podman nor docker"):
        find_engine(other)


def test_no_engine_is_a_sentence_with_a_mend(engines):
    here = engine_here(None, DEFAULT_IMAGE)
    assert here == Availability(
        False,
        "No container engine is installed, neither podman nor docker.",
        "Install one (`sudo apt-get install podman`), or use --sandbox bubblewrap.",
    )
    with pytest.raises(SandboxError, match="No container engine is installed"):
        select("container")


def test_a_named_engine_that_is_not_there_is_not_replaced_by_another(engines, monkeypatch):
    engines("docker", DOCKER)
    monkeypatch.setenv("GRADER_CONTAINER_ENGINE", "podman")
    with pytest.raises(SandboxError) as caught:
        select("container")
    assert caught.value.message == "The container engine 'podman' that GRADER_CONTAINER_ENGINE names is not installed."
    assert "unset GRADER_CONTAINER_ENGINE" in caught.value.mend


@pytest.mark.parametrize(
    ("name", "version", "reason"),
    [
        ("podman", "podman version 3.4.4", "podman 3.4 is too old."),
        ("docker", "Docker version 19.03.15, build 99e3ed8919", "docker 19.3 is too old."),
    ],
)
def test_an_old_engine_is_named(engines, name, version, reason):
    engines(name, version)
    here = engine_here(None, DEFAULT_IMAGE)
    assert (here.ok, here.reason) == (False, reason)
    assert f"Install {name}" in here.mend


def test_a_daemon_that_does_not_run_is_said_with_its_own_words(engines):
    said = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    engines("docker", DOCKER, f'*) echo "{said}" >&2; exit 1 ;;')
    here = engine_here(None, DEFAULT_IMAGE)
    assert here.reason == f"docker info failed ({said})."
    assert "systemctl start docker" in here.mend
    assert "group `docker`" in here.mend


@pytest.mark.parametrize(("name", "version"), [("podman", PODMAN), ("docker", DOCKER)])
def test_a_missing_image_comes_with_the_command_that_builds_it(engines, name, version):
    engines(name, version, "info) echo null ;;\nimage) exit 1 ;;")
    here = engine_here(None, DEFAULT_IMAGE)
    assert here.reason == f"{name} has no image {DEFAULT_IMAGE!r}, and grader never fetches one."
    command = f"{name} build --tag {DEFAULT_IMAGE} --file docs/sandbox.Containerfile ."
    assert here.mend.startswith(f"Build it in a checkout of grader with `{command}`")
    assert build_command(name, DEFAULT_IMAGE) == command


def test_the_build_command_names_a_file_that_is_there(pytestconfig):
    words = build_command("podman", DEFAULT_IMAGE).split()
    definition = pytestconfig.rootpath / words[words.index("--file") + 1]
    assert f"podman build --tag {DEFAULT_IMAGE} --file" in definition.read_text()


def test_an_engine_that_cannot_be_started_or_hangs_is_an_answer_too(engines, monkeypatch):
    engines("podman", "garbage")
    assert "neither podman nor docker" in engine_here(None, DEFAULT_IMAGE).reason
    Path(engines("podman", PODMAN)).write_text("#!/no/such/interpreter\n")
    assert engine_here(None, DEFAULT_IMAGE).reason.startswith("podman cannot be started")
    engines("podman", PODMAN, "info) while :; do :; done ;;")
    monkeypatch.setattr("grader.sandbox.container_engine._CALL_SECONDS", 0.3)
    found = find_engine(None)
    with pytest.raises(SandboxError, match="podman info did not answer within"):
        found.call("info", seconds=0.3)


def test_another_machine_type_is_said(engines, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert "riscv64" in engine_here(None, DEFAULT_IMAGE).reason


LIMITS = Limits(memory_bytes=512 << 20, processes=16)


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ('{"missing": [], "memory": "536870912", "processes": "17"}', ""),
        ('{"missing": [], "memory": "max", "processes": "17"}', "The container engine does not limit memory."),
        ('{"missing": [], "memory": "", "processes": ""}', "The container engine does not limit memory and processes."),
        (
            '{"missing": ["torch", "numpy"], "memory": "536870912", "processes": "17"}',
            "The image 'image:1' lacks torch, numpy.",
        ),
        ("", "The image 'image:1' gives no answer."),
        ("[]", "The image 'image:1' gives no answer."),
    ],
)
def test_a_trial_that_shows_less_than_it_was_given_is_refused(printed, reason):
    here = judged(printed, LIMITS, "image:1")
    assert (here.ok, here.reason) == (not reason, reason)
    assert bool(here.mend) is bool(reason)


def test_the_engines_command_gets_what_it_needs_of_our_environment_and_no_token(monkeypatch):
    monkeypatch.setattr(
        os, "environ", dict.fromkeys(("PATH", "HOME", "DOCKER_HOST", "XDG_RUNTIME_DIR", "A", "X_TOKEN"), "1")
    )
    assert set(environment()) == {"PATH", "HOME", "DOCKER_HOST", "XDG_RUNTIME_DIR"}


@pytest.mark.parametrize(
    ("kind", "told", "shared"),
    [
        ("podman", "true", True),
        ("podman", "false", False),
        ("docker", '["name=seccomp,profile=builtin","name=cgroupns"]', False),
        ("docker", '["name=seccomp,profile=builtin","name=rootless","name=cgroupns"]', True),
        ("docker", '["name=userns"]', True),
        ("docker", "null", False),
    ],
)
def test_whether_uids_are_mapped_is_asked(engines, kind, told, shared):
    engines(kind, {"podman": PODMAN, "docker": DOCKER}[kind], f"info) echo '{told}' ;;")
    assert find_engine(None).shares_users is shared
