"""The suite can fail: a sandbox with one hole fails the guarantees that the hole breaks, and no other."""

import dataclasses
import os
import struct
import subprocess
from pathlib import Path

import conformance_runs
import pytest
import weakened

from grader.sandbox import bubblewrap, bubblewrap_arguments, bubblewrap_namespace, interpreter, outputs, seccomp
from grader.sandbox.base import Result
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.conformance import GUARANTEES
from grader.sandbox.follow import Followed, Tail

# One or more of each kind, all quick: these must not fail with a hole that is not theirs.
OTHERS = {"internet", "netlink", "home", "grader", "environment", "descriptors", "processes", "shared-memory"}
OTHERS |= {"writes", "settings", "devices", "outputs", "user", "capabilities", "printing", "keys", "core-dumps"}
TAKING_LONG = {"memory", "process-count", "cpu-time", "wall-time", "signals", "file-count", "daemons", "killed-grader"}
ROOT = os.geteuid() == 0

_options, _prefix = bubblewrap_arguments.options, bubblewrap_arguments.prefix


def failing(also: set[str] = frozenset()) -> set[str]:
    """The guarantees that fail in bubblewrap as it is now patched, of OTHERS and those of `also`."""
    found = conformance_runs.holdings(Bubblewrap(), OTHERS | also)
    assert {key: detail for key, (held, detail) in found.items() if held is None} == {}
    return {key for key, (held, _) in found.items() if held is False}


@pytest.fixture
def options(monkeypatch):
    """options(without=..., more=...): bubblewrap's options with some left out, and more before the root is closed."""

    def change(*, without=(), more=()):
        def changed(*arguments, **named):
            kept = [option for option in _options(*arguments, **named) if option not in without]
            end = len(kept) - 2 if kept[-2:] == ["--remount-ro", "/"] else len(kept)
            return [*kept[:end], *more, *kept[end:]]

        monkeypatch.setattr(bubblewrap_arguments, "options", changed)

    return change


@pytest.fixture
def prefix(monkeypatch):
    """prefix(*starts): the commands that drop rights and set limits, without words that begin so."""

    def change(*without):
        def changed(*arguments, **named):
            return [word for word in _prefix(*arguments, **named) if not word.startswith(without)]

        monkeypatch.setattr(bubblewrap_arguments, "prefix", changed)

    return change


def test_without_a_hole_nothing_fails():
    assert failing() == set()


def test_a_shared_network(options):
    options(without=("--unshare-net",))
    assert failing() == {"internet"}


def test_no_filter_of_system_calls(monkeypatch):
    allow_all = struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000)
    monkeypatch.setattr(seccomp, "program", lambda: allow_all)
    failed = failing({guarantee.key for guarantee in GUARANTEES} - TAKING_LONG)
    assert {"netlink", "keys", "tracing", "memory-elsewhere", "administration"} <= failed
    # Nothing but what a filter is for; which of these a kernel has, and lets anybody use, differs.
    doors = {"vsock", "namespaces", "io-uring", "bpf", "performance-events", "userfaultfd", "mounts", "other-tables"}
    assert failed - doors - {"memory-sockets"} == {"netlink", "keys", "tracing", "memory-elsewhere", "administration"}


def test_what_waits_in_sockets_is_not_counted(monkeypatch):
    monkeypatch.setattr(bubblewrap, "socket_memory", lambda _: 0)
    assert failing({"memory-sockets"}) == {"memory-sockets"}


@pytest.mark.parametrize(("allowed", "broken"), [("keyctl", "keys"), ("ptrace", "tracing")])
def test_one_call_too_many(monkeypatch, allowed, broken):
    from grader.sandbox import syscalls

    refused, passed = syscalls.refused, syscalls.allowed
    monkeypatch.setattr(syscalls, "refused", lambda m: {n: c for n, c in refused(m).items() if n != allowed})
    monkeypatch.setattr(syscalls, "allowed", lambda m: {**passed(m), allowed: refused(m)[allowed]})
    assert failing({"keys", "tracing", "io-uring"}) == {broken}


def test_shared_pages_that_nobody_has_mapped(monkeypatch):
    monkeypatch.setattr(seccomp, "SHARED_ANONYMOUS", 0x100021)  # and MAP_FIXED_NOREPLACE, which nobody asked for
    assert failing({"memory-elsewhere"}) == {"memory-elsewhere"}


def test_an_inherited_descriptor(monkeypatch):
    popen = subprocess.Popen

    def careless(*words, pass_fds=(), **named):
        opened = [int(place.name) for place in Path("/proc/self/fd").iterdir() if place.exists()]
        return popen(*words, pass_fds=(*pass_fds, *filter(os.get_inheritable, opened)), **named)

    monkeypatch.setattr(bubblewrap_namespace.subprocess, "Popen", careless)
    assert failing() == {"descriptors"}


def test_folders_of_the_user_are_shown(options, monkeypatch, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    opened = [word for parent in reversed(home.parents[:-1]) for word in ("--perms", "0755", "--dir", str(parent))]
    # Read only, and at its own place, which lies in a folder that would else be a file system of its own.
    options(more=(*opened, "--ro-bind", str(home), str(home)))
    home.chmod(0o755)
    assert failing() == {"home"}


def test_a_secret_in_the_environment(options, monkeypatch):
    def changed(*arguments, **named):
        return [*_options(*arguments, **named), "--setenv", "LEAKED", os.environ["GRADER_CONFORMANCE_SECRET"]]

    monkeypatch.setattr(bubblewrap_arguments, "options", changed)
    assert failing() == {"environment"}


def test_grader_is_shown(monkeypatch):
    view = interpreter.view
    monkeypatch.setattr(
        interpreter,
        "view",
        lambda: dataclasses.replace(
            view(), hidden=(), shown=(*view().shown, Path(bubblewrap_arguments.__file__).parents[1])
        ),
    )
    assert failing() == {"grader"}


def test_processes_of_the_machine_are_shown(options):
    options(without=("--unshare-pid",))
    failed = failing({"daemons", "arguments"})
    # Environment and memory of others stay closed to another uid, and to a user namespace below theirs.
    assert failed == {"processes", "arguments", "daemons"}


def test_shared_memory_of_the_machine(options):
    options(without=("--unshare-ipc",))
    assert failing() == {"shared-memory"}


def test_a_folder_more_that_can_be_written(options):
    options(more=("--perms", "1777", "--size", "65536", "--tmpfs", "/opt"))
    assert failing() == {"writes"}


def test_the_kernels_settings(monkeypatch):
    def changed(*arguments, **named):
        return " ".join(_options(*arguments, **named)).replace(" --remount-ro /proc", "").split(" ")

    monkeypatch.setattr(bubblewrap_arguments, "options", changed)
    if Path("/proc/sys/kernel/ns_last_pid").exists():
        assert failing() == {"settings"}


def test_a_device_more(options):
    # Under the name of a device that does harm.
    options(more=("--dev-bind", "/dev/null", "/tmp/../dev/shm/kvm"))
    assert failing() == {"devices"}


def test_outputs_that_are_followed(monkeypatch):
    def follow(folder, name, limit, _owner):
        with os.fdopen(os.open(name, os.O_RDONLY | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
            return file.read(limit)

    monkeypatch.setattr(outputs, "_read", follow)
    assert failing() == {"outputs"}


def test_one_uid_for_all_runs(monkeypatch):
    monkeypatch.setattr(bubblewrap.secrets, "randbelow", lambda _: 7)
    assert failing() == ({"user"} if ROOT else set())


def test_capabilities_that_can_be_gained(prefix):
    prefix("--bounding-set", "--inh-caps")
    assert failing() == ({"capabilities"} if ROOT else set())


def test_no_limits_on_resources(prefix):
    prefix("--fsize", "--cpu", "--core")
    assert failing({"cpu-time", "file-size"}) == {"file-size", "cpu-time", "core-dumps"}


def test_memory_is_not_followed(monkeypatch):
    monkeypatch.setattr("grader.sandbox.follow._exceeded", lambda *_: None)
    wanted = {"memory", "memory-sockets", "memory-files", "file-count"}
    assert failing(wanted) == wanted


def test_too_much_of_what_is_printed_is_kept(monkeypatch):
    monkeypatch.setattr(bubblewrap, "Tail", lambda kept: Tail(2 * kept))
    assert failing() == {"printing"}


def test_time_is_not_followed(monkeypatch):
    follow = bubblewrap.follow

    def patient(ended, streams, limits, usage) -> Followed:
        return follow(ended, streams, dataclasses.replace(limits, wall_seconds=60), usage)

    monkeypatch.setattr(bubblewrap, "follow", patient)
    found = conformance_runs.holdings(Bubblewrap(), {"wall-time"})
    assert found["wall-time"][0] is False


def test_a_sandbox_that_outlives_grader(monkeypatch):
    monkeypatch.setattr("grader.sandbox.conformance.survival._END_SECONDS", 1.0)
    found = conformance_runs.holdings(weakened.OutlivesGrader(), {"killed-grader"})
    assert found == {"killed-grader": (True, "the next start removed what was left")}


def test_a_sandbox_that_outlives_grader_and_is_not_removed(monkeypatch):
    monkeypatch.setattr("grader.sandbox.conformance.survival._END_SECONDS", 1.0)
    found = conformance_runs.holdings(weakened.NeverRemoved(), {"killed-grader"})
    held, detail = found["killed-grader"]
    assert held is False
    assert detail.startswith("left behind: process ")


def test_a_sandbox_that_answers_nothing_is_not_said_to_hold():
    class Silent(Bubblewrap):
        def run(self, job) -> Result:
            return Result("exited", 0, {}, "", "", 0.0)

    found = conformance_runs.holdings(Silent(), OTHERS - {"user"})
    assert {held for held, _ in found.values()} == {None}
    assert "the attempt gave no answer" in found["internet"][1]
