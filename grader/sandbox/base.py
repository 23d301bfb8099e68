"""What every sandbox answers: a job in, bytes out. Nothing here trusts what comes back."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

MEBIBYTE = 1 << 20

Status = Literal["exited", "timeout", "memory", "killed", "output_limit"]
Strength = Literal["isolated", "limits only"]

DEFAULT_OUTPUTS = ("result.json", "graphs.json", "tensors.safetensors")


@dataclass(frozen=True)
class Limits:
    """Bounds of one run. Memory is the sum over all processes, and the address space of each."""

    wall_seconds: float = 90
    cpu_seconds: int = 120  # per process
    memory_bytes: int = 4096 * MEBIBYTE
    processes: int = 64  # threads count, as they do for the kernel
    output_bytes: int = 64 * MEBIBYTE  # per file, and for what is printed to each stream
    stdout_bytes: int = 64 * 1024  # kept of each stream: the end of it
    files: int = 10_000  # in the writable folders


@dataclass(frozen=True)
class Job:
    """One run: the probe, or another `command`; `outputs` are the names of the files that are read afterwards.

    Inside, the environment says where the request lies (REQUEST_FILE) and where outputs belong (OUTPUT_FOLDER).
    """

    request: bytes
    command: tuple[str, ...] | None = None
    outputs: tuple[str, ...] = DEFAULT_OUTPUTS
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Result:
    """What came back: claims, not facts. An exit code proves nothing.

    `exit_code` is 128 + signal for a process that died by a signal, None where it did not end by itself. `files` holds
    the outputs that were there and readable; `refused` says in a sentence each which were there and not read.
    """

    status: Status
    exit_code: int | None
    files: dict[str, bytes]
    stdout: str
    stderr: str
    seconds: float
    peak_memory_bytes: int | None = None
    refused: tuple[str, ...] = ()
    cpu_seconds: float | None = None  # of all processes, as far as the sandbox can tell


@dataclass(frozen=True)
class Availability:
    """Whether a sandbox works on this machine; `reason` says why not, `mend` what to do about it."""

    ok: bool
    reason: str = ""
    mend: str = ""


class Sandbox(Protocol):
    """A place where submitted code may run."""

    @property
    def name(self) -> str:
        """The word that `--sandbox` takes."""
        ...

    @property
    def strength(self) -> Strength:
        """What the report is stamped with."""
        ...

    def availability(self) -> Availability:
        """Try it; cheap after the first call."""
        ...

    def run(self, job: Job) -> Result:
        """Run one job to its end; afterwards no process and no file of it is left.

        Raises SandboxError when the sandbox itself cannot start.
        """
        ...
