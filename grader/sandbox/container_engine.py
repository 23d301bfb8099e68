"""The container engine of this machine, podman or docker: finding it, and calling its command."""

import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from grader.errors import SandboxError

ENGINE_VARIABLE = "GRADER_CONTAINER_ENGINE"
IMAGE_VARIABLE = "GRADER_SANDBOX_IMAGE"

Kind = Literal["podman", "docker"]
KINDS: tuple[Kind, ...] = ("podman", "docker")  # the preferred one first

_CALL_SECONDS = 60.0
# What the engines' own commands read of the environment; a token that grader was given is not among it.
_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|LANG|XDG_.*|DBUS_SESSION_BUS_ADDRESS|CONTAINERS?_.*|DOCKER_.*|STORAGE_.*"
)


@dataclass(frozen=True)
class Engine:
    """A command that speaks like podman or docker."""

    command: str
    kind: Kind
    version: tuple[int, ...]

    def call(self, *arguments: str, seconds: float = _CALL_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run the command to its end. Raises SandboxError where it can't be started or does not answer in time."""
        return _call((self.command, *arguments), seconds)

    def must(self, *arguments: str) -> str:
        """What the command printed. Raises SandboxError with its words where it fails."""
        answer = self.call(*arguments)
        if answer.returncode != 0:
            raise SandboxError(f"{self.kind} {arguments[0]} failed ({last_line(answer.stderr)}).")
        return answer.stdout

    def start(self, arguments: list[str], profile: IO[bytes], folder: Path) -> subprocess.Popen[bytes]:
        """Start a container that is spoken with through pipes; `profile` stays open for the command.

        It is started in `folder`: podman's monitor leaves a file there when a container runs out of memory.
        """
        return subprocess.Popen(
            [str(Path(self.command).absolute()), *arguments],
            env=environment(),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(profile.fileno(),),
            start_new_session=True,  # Ctrl-C reaches grader, which ends it
            bufsize=0,
        )

    @functools.cached_property
    def shares_users(self) -> bool:
        """Whether a uid inside is another outside, so that only those of its range can be had.

        Raises SandboxError where the engine does not run.
        """
        if self.kind == "podman":
            return self.must("info", "--format", "{{.Host.Security.Rootless}}").strip() == "true"
        options = json.loads(self.must("info", "--format", "{{json .SecurityOptions}}"))
        return any(option.startswith(("name=rootless", "name=userns")) for option in options or ())


def find_engine(named: str | None) -> Engine | None:
    """The engine that is `named` (a word or a path), else the first that is installed; None where there is none.

    Raises SandboxError where what is named is neither podman nor docker.
    """
    for candidate in [named] if named else KINDS:
        command = shutil.which(candidate)
        if command is not None:
            return _asked(command)
    return None


def _asked(command: str) -> Engine:
    # A command called docker may be podman.
    told = _call((command, "--version"), _CALL_SECONDS).stdout
    for kind in KINDS:
        if told.lower().startswith(kind):
            return Engine(command, kind, tuple(int(number) for number in re.findall(r"\d+", told)[:2]))
    raise SandboxError(f"{command} is neither podman nor docker (it says {last_line(told)!r}).")


def environment() -> dict[str, str]:
    """What of our environment the engine's own command gets; nothing of it is passed on to a container."""
    return {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}


def last_line(text: str) -> str:
    """The last line that was printed, where engines put the cause."""
    lines = text.strip().splitlines()
    return lines[-1].removeprefix("Error: ") if lines else "it said nothing"


def _call(command: tuple[str, ...], seconds: float) -> subprocess.CompletedProcess[str]:
    name = Path(command[0]).name
    try:
        return subprocess.run(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(f"{name} {command[1]} did not answer within {seconds:.0f} s.") from None
    except OSError as error:
        raise SandboxError(f"{name} cannot be started: {error.strerror}.") from None
