"""What podman or docker is told: the whole of what a run in a container can see and do, as arguments."""

import inspect
import json
import mmap
import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox import container_first_process, container_keeper, interpreter, outputs
from grader.sandbox.base import MEBIBYTE, Job, Limits
from grader.sandbox.container_engine import Engine
from grader.sandbox.follow import OUTPUT_FILES

OWNER_LABEL = "graph-grader.owner"
TEMPORARY_FOLDER = "/tmp"  # noqa: S108  inside: a file system of its own
INPUT_FOLDER = str(Path(interpreter.REQUEST).parent)
PROBE_FOLDER = f"{INPUT_FOLDER}{interpreter.PROBE_FOLDER}"

_TEMPORARY_BYTES = 256 * MEBIBYTE
_SHARED_MEMORY_BYTES = 64 * MEBIBYTE
_INPUT_BYTES = 64 * MEBIBYTE
_KEEPER_BYTES = 64 * MEBIBYTE
_LATE_SECONDS = 10.0  # grader ends a run that is late; if it can't, the first process does
_PYTHON = "python3"  # of the image
_PATH = "/usr/local/bin:/usr/bin:/bin"
_ISOLATED = ("-I", "-S", "-B", "-c")


@dataclass(frozen=True)
class Settings:
    """How runs are set up on this machine: the image's name, CPUs, and GPUs as the engine's `--gpus` takes them."""

    image: str
    cpus: float = 1.0
    gpus: str | None = None


@dataclass(frozen=True)
class Names:
    """The names of all that the engine makes for one run, and whose it is."""

    job: str
    keeper: str
    input: str
    output: str
    temporary: str
    owner: str

    @property
    def containers(self) -> tuple[str, ...]:
        """The one where the job runs, and the one that reads its outputs."""
        return (self.job, self.keeper)

    @property
    def volumes(self) -> tuple[str, ...]:
        """The folders in memory."""
        return (self.input, self.output, self.temporary)


def new_names(owner: str) -> Names:
    """Names that nothing else has."""
    run = f"grader-{secrets.token_hex(8)}"
    return Names(f"{run}-job", f"{run}-keeper", f"{run}-input", f"{run}-output", f"{run}-temporary", owner)


def volumes(names: Names, limits: Limits) -> Iterable[tuple[str, ...]]:
    """The commands that make the folders, all in memory and bounded."""
    bounds = {
        names.input: (_INPUT_BYTES, limits.files),
        names.output: (OUTPUT_FILES * limits.output_bytes, limits.files),
        names.temporary: (_TEMPORARY_BYTES, limits.files),
    }
    for name, (size, files) in bounds.items():
        # In pages: podman 4 takes `size` and `inodes` for quotas of its own.
        options = f"nr_blocks={-(-size // mmap.PAGESIZE)},nr_inodes={files + 1},mode=1777,nosuid,nodev"
        memory = ("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o={options}")
        yield ("volume", "create", "--label", f"{OWNER_LABEL}={names.owner}", *memory, name)


def job(engine: Engine, names: Names, asked: Job, settings: Settings, user: int, profile: str) -> list[str]:
    """The command that runs the job. `user` is its uid inside; `profile` is where the seccomp profile can be read."""
    limits = asked.limits
    found = ["run", "--name", names.job, *_confined(engine, names, settings, user, profile)]
    # The first process counts among the processes; among those of its user, the keeper does too.
    found += _bounded(limits.memory_bytes, limits.processes + 1, limits.processes + 2)
    found += ["--volume", f"{names.input}:{INPUT_FOLDER}:ro"]
    found += ["--volume", f"{names.output}:{interpreter.OUTPUT_FOLDER}"]
    found += ["--volume", f"{names.temporary}:{TEMPORARY_FOLDER}"]
    if settings.gpus is not None:
        found += ["--gpus", settings.gpus]
    source = inspect.getsource(container_first_process)
    told = json.dumps(
        {
            "command": _command(asked),
            "environment": interpreter.environment(TEMPORARY_FOLDER, interpreter.REQUEST, interpreter.OUTPUT_FOLDER),
            "folder": TEMPORARY_FOLDER,
            "limits": _resource_limits(limits, gpu=settings.gpus is not None),
            "seconds": limits.wall_seconds + _LATE_SECONDS,
        }
    )
    return [*found, settings.image, *_ISOLATED, source, told]


def keeper(engine: Engine, names: Names, limits: Limits, settings: Settings, user: int, profile: str) -> list[str]:
    """The command that runs the keeper of the folders; see `job`."""
    found = ["run", "--name", names.keeper, *_confined(engine, names, settings, user, profile)]
    found += _bounded(_KEEPER_BYTES + _INPUT_BYTES + 2 * OUTPUT_FILES * limits.output_bytes, 16, limits.processes + 2)
    found += ["--volume", f"{names.input}:{INPUT_FOLDER}", "--volume", f"{names.output}:{interpreter.OUTPUT_FOLDER}"]
    source = f"{inspect.getsource(outputs)}\n{inspect.getsource(container_keeper)}\nmain(read_outputs)\n"
    return [*found, settings.image, *_ISOLATED, source]


def _confined(engine: Engine, names: Names, settings: Settings, user: int, profile: str) -> list[str]:
    """What both containers of a run have in common."""
    found = ["--interactive", "--pull=never", "--label", f"{OWNER_LABEL}={names.owner}", "--log-driver", "none"]
    found += ["--entrypoint", _PYTHON, "--env", f"PATH={_PATH}", "--workdir", "/", "--stop-signal", "KILL"]
    found += ["--network", "none", "--read-only", "--user", f"{user}:{user}", "--hostname", "sandbox"]
    found += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--security-opt", f"seccomp={profile}"]
    found += ["--ipc", "private", "--cgroupns", "private", "--shm-size", str(_SHARED_MEMORY_BYTES)]
    found += ["--cpus", str(settings.cpus), "--sig-proxy=false", "--no-healthcheck"]
    if engine.kind == "podman":
        # Docker has no words for these: what is asked for here is all that it does.
        found += ["--pid", "private", "--uts", "private", "--read-only-tmpfs=false", "--unsetenv-all"]
        found += ["--env-host=false", "--http-proxy=false", "--no-hosts", "--passwd=false", "--image-volume", "ignore"]
        found += ["--systemd=false", "--sdnotify", "ignore"]
    return found


def _bounded(memory_bytes: int, processes: int, processes_of_user: int) -> list[str]:
    found = ["--memory", str(memory_bytes), "--memory-swap", str(memory_bytes), "--pids-limit", str(processes)]
    found += ["--ulimit", f"nproc={processes_of_user}:{processes_of_user}", "--ulimit", "nofile=256:256"]
    return [*found, "--ulimit", "core=0:0", "--ulimit", "msgqueue=0:0", "--ulimit", "memlock=65536:65536"]


def _command(asked: Job) -> list[str | None]:
    """The command inside; where it is this Python, the image's own takes its place (None)."""
    command = asked.command or interpreter.probe_command(
        PROBE_FOLDER, interpreter.REQUEST, interpreter.OUTPUT_FOLDER, ()
    )
    program, *arguments = command
    return [None if program == sys.executable else program, *arguments]


def _resource_limits(limits: Limits, *, gpu: bool) -> dict[str, tuple[int, int]]:
    """Name of a resource -> (soft, hard); a GPU's driver maps more addresses than there is memory."""
    found = {
        "RLIMIT_CPU": (limits.cpu_seconds, limits.cpu_seconds + 5),  # SIGXCPU first, which tells why
        "RLIMIT_FSIZE": (limits.output_bytes, limits.output_bytes),
    }
    return found if gpu else {**found, "RLIMIT_AS": (limits.memory_bytes, limits.memory_bytes)}
