"""The `container` backend: podman or docker, with everything taken away that they can take.

A run is two containers of one image, which share folders in memory. In one the job runs, as a user of its own, below a
first process of ours that ends, and everything with it, when grader does. In the other our keeper fills the input
folder before, and reads the output folder when the first container is dead. So nothing of this machine is mounted, no
path of it can be told from inside, nothing is written to its disk, and it works with an engine on the far side of a
virtual machine or a socket too. The image holds Python and its packages only: the probe is sent along with each run,
so that it is always the one of this grader.
"""

import contextlib
import functools
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from grader.errors import SandboxError
from grader.sandbox import container_arguments as arguments
from grader.sandbox import container_dialogue as dialogue
from grader.sandbox import container_seccomp
from grader.sandbox.base import MEBIBYTE, Availability, Job, Limits, Result, Status
from grader.sandbox.container_arguments import Names, Settings
from grader.sandbox.container_availability import DEFAULT_IMAGE, TRIAL_SOURCE, engine_here, judged
from grader.sandbox.container_engine import ENGINE_VARIABLE, IMAGE_VARIABLE, Engine, last_line
from grader.sandbox.container_leftovers import remove, remove_leftovers, this_grader
from grader.sandbox.follow import Followed, Tail, Usage, drain, follow
from grader.temporary_folder import temporary_folder

# systemd leaves this range unused (systemd.io/UIDS-GIDS); where users are mapped, a range that any map holds.
_USERS, _MAPPED_USERS = range(0x70000000, 0x7FFFFFFE), range(10_000, 60_000)
_END_SECONDS = 20.0
_ENDED = ("exited", "stopped", "dead")


class Container:
    """Runs a job in a container of podman or docker; see the module.

    `cpus` bounds the processors of a run. `gpus` gives it GPUs, as the engine's own `--gpus` does ("all"); never
    without being asked for.
    """

    name = "container"
    strength: Literal["isolated"] = "isolated"

    def __init__(self, *, cpus: float = 1.0, gpus: str | None = None) -> None:
        self._cpus = cpus
        self._gpus = gpus

    def availability(self) -> Availability:
        """Whether an engine is there and runs, has the image, and holds the limits: a run is tried."""
        found = self._found()
        return found if isinstance(found, Availability) else Availability(True)

    def run(self, job: Job) -> Result:
        """Run one job; see `Sandbox.run`. A command that begins with this Python begins with the image's there.

        Raises SandboxError with the mend when the container cannot start.
        """
        found = self._found()
        if isinstance(found, Availability):
            raise SandboxError(found.reason, mend=found.mend)
        return _run(found, self._settings(), job)

    def _settings(self) -> Settings:
        return Settings(os.environ.get(IMAGE_VARIABLE) or DEFAULT_IMAGE, self._cpus, self._gpus)

    def _found(self) -> Engine | Availability:
        return _tried(os.environ.get(ENGINE_VARIABLE), self._settings())


@functools.cache
def _tried(named: str | None, settings: Settings) -> Engine | Availability:
    engine = engine_here(named, settings.image)
    if isinstance(engine, Availability):
        return engine
    limits = Limits(wall_seconds=20, memory_bytes=512 * MEBIBYTE, processes=16, output_bytes=MEBIBYTE)
    command = (sys.executable, "-I", "-c", TRIAL_SOURCE)
    try:
        remove_leftovers(engine)
        result = _run(engine, settings, Job(b"", command, (), limits))
    except SandboxError as error:
        return Availability(False, error.message, error.mend or f"See that `{engine.command} run` works.")
    if result.exit_code != 0:
        return Availability(
            False,
            f"Python does not start in the image {settings.image!r} ({last_line(result.stderr)}).",
            "Build the image anew.",
        )
    here = judged(result.stdout, limits, settings.image)
    return engine if here.ok else here


def _run(engine: Engine, settings: Settings, job: Job) -> Result:
    stdout, stderr = Tail(job.limits.stdout_bytes), Tail(job.limits.stdout_bytes + dialogue.LAST_WORDS_BYTES)
    with _containers(engine, settings, job) as (names, run, keeper):
        assert run.stdout and run.stderr
        streams = {run.stdout.fileno(): stdout, run.stderr.fileno(): stderr}
        dialogue.let_go(run)
        started = time.monotonic()
        with _end_of(run) as ended:
            # Memory and processes are for the engine to bound, files for the folders' own sizes.
            followed = follow(ended, streams, job.limits, lambda: Usage(0, 0, 0))
        with ThreadPoolExecutor(1) as beside:  # an engine may not end what still prints while nobody reads
            if followed.reason is not None:
                beside.submit(engine.call, "kill", names.job)
            drain(streams)
        state = _state(engine, names, run, stderr)
        files, refused = dialogue.read(keeper, job.limits.output_bytes)
    said, memory = dialogue.last_words(stderr.text(), job.limits.stdout_bytes)
    return Result(
        status=_status(followed, state, memory),
        exit_code=state.exit_code if followed.reason is None else None,
        files=files,
        stdout=stdout.text(),
        stderr=said,
        seconds=time.monotonic() - started,
        peak_memory_bytes=memory.peak_bytes,
        refused=refused,
    )


@dataclass(frozen=True)
class _State:
    """How a container ended."""

    exit_code: int
    out_of_memory: bool


def _state(engine: Engine, names: Names, run: subprocess.Popen[bytes], stderr: Tail) -> _State:
    """The engine's word for it that the job's container is dead. Raises SandboxError where it does not give that."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(_END_SECONDS)
    shown = "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}"
    told = engine.call("container", "inspect", "--format", shown, names.job).stdout.split()
    if len(told) != 3:
        raise SandboxError(f"The container did not start: {last_line(stderr.text())}")
    if told[0] not in _ENDED:
        raise SandboxError(f"The container did not end: {engine.kind} says that it is {told[0]}.")
    return _State(int(told[1]), told[2] == "true")


def _status(followed: Followed, state: _State, memory: dialogue.Memory) -> Status:
    if followed.reason is not None:
        return followed.reason
    if state.out_of_memory or memory.killed:  # not every engine notices, with control groups v1
        return "memory"
    if state.exit_code == 128 + signal.SIGXCPU:
        return "timeout"
    return "killed" if state.exit_code == 128 + signal.SIGKILL else "exited"


@contextlib.contextmanager
def _containers(
    engine: Engine, settings: Settings, job: Job
) -> Iterator[tuple[Names, subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    """The job's container, waiting, and its keeper, with all inputs in place; on leaving, all of it is gone."""
    names = arguments.new_names(this_grader().label())
    users = _MAPPED_USERS if engine.shares_users else _USERS
    user = users[secrets.randbelow(len(users))]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("container"))
        stack.callback(remove, engine, names)
        for command in arguments.volumes(names, job.limits):
            engine.must(*command)
        profiles = [_profile(stack, gpu=gpu) for gpu in (False, settings.gpus is not None)]
        places = [f"/dev/fd/{profile.fileno()}" for profile in profiles]
        told = arguments.keeper(engine, names, job.limits, settings, user, places[0])
        keeper = stack.enter_context(_started(engine, told, profiles[0], folder))
        told = arguments.job(engine, names, job, settings, user, places[1])
        run = stack.enter_context(_started(engine, told, profiles[1], folder))
        dialogue.fill(keeper, job)
        yield names, run, keeper


def _profile(stack: contextlib.ExitStack, *, gpu: bool) -> IO[bytes]:
    """The seccomp profile in a file without a name, for one reader."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  the stack closes it
    stack.enter_context(file)
    file.write(container_seccomp.profile(gpu=gpu).encode())
    file.flush()
    file.seek(0)
    return file


@contextlib.contextmanager
def _started(engine: Engine, told: list[str], profile: IO[bytes], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = engine.start(told, profile, folder)
    try:
        yield process
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream
            stream.close()
        process.wait()


@contextlib.contextmanager
def _end_of(process: subprocess.Popen[bytes]) -> Iterator[int]:
    """A descriptor that becomes readable when the process ends; a pidfd would need Linux."""
    reading, writing = os.pipe()

    def wait() -> None:
        process.wait()
        os.close(writing)

    threading.Thread(target=wait, daemon=True).start()
    try:
        yield reading
    finally:
        os.close(reading)
