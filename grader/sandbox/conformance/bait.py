"""What is laid out on this machine for attempts to find: secrets, listeners, a process; random, and removed again."""

import contextlib
import ctypes
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grader
from grader import assets

_VARIABLE = "GRADER_CONFORMANCE_SECRET"
_ASSETS = ("rubrics", "templates", "reference_models")
_BYSTANDER = """\
import ctypes, sys
kept = ctypes.create_string_buffer(64)
print(ctypes.addressof(kept), flush=True)
sys.stdin.read()
"""


@dataclass
class Bait:
    """The lures of one examination; `told` is what programs are told of them, so that they need not search."""

    secret: str
    files: dict[str, Path]  # where it lies, in words -> a file that holds the secret
    token: str  # what programs name things like that stay if they are stopped
    temporary: Path  # a temporary folder of ours: the TMPDIR of graders that are started for an attempt
    shared_file: Path | None = None
    shared_segment: int = -1
    tcp: list[socket.socket] = field(default_factory=list)
    udp: list[socket.socket] = field(default_factory=list)
    unix: dict[str, socket.socket] = field(default_factory=dict)
    _bystander: tuple[subprocess.Popen[bytes], int] | None = None

    def told(self) -> dict[str, Any]:
        """Plain data for the programs."""
        process, address = self.bystander()
        return {
            "secret": self.secret,
            "token": self.token,
            "lures": [(title, str(place)) for title, place in self.files.items()],
            "folders": sorted({str(place.parent) for place in self.files.values()}),
            "grader": _grader_files(),
            "network": str(Path("/proc/self/ns/net").readlink()),
            "tcp": [(one.family, *one.getsockname()[:2]) for one in self.tcp],
            "udp": [(one.family, *one.getsockname()[:2]) for one in self.udp],
            "unix": [(title, os.fsdecode(one.getsockname())) for title, one in self.unix.items()],
            "posix_shared": str(self.shared_file or ""),
            "system_v_shared": self.shared_segment,
            "bystander": process.pid,
            "bystander_address": address,
            "core_pattern": Path("/proc/sys/kernel/core_pattern").read_text().strip(),
            "grader_is_root": os.geteuid() == 0,
        }

    def bystander(self) -> tuple[subprocess.Popen[bytes], int]:
        """A process of this user with the secret in its arguments and environment, and an address in its memory."""
        if self._bystander is None or self._bystander[0].poll() is not None:
            self.end_bystander()
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BYSTANDER, self.secret],
                stdin=subprocess.PIPE,  # it ends with us
                stdout=subprocess.PIPE,
            )
            assert process.stdout
            self._bystander = process, int(process.stdout.readline())
        return self._bystander

    def bystander_lives(self) -> bool:
        """Whether the process that was told of still runs; a signal may take a moment."""
        if self._bystander is None:
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._bystander[0].wait(0.2)
        return self._bystander[0].poll() is None

    def end_bystander(self) -> None:
        """End the process, if it runs."""
        if self._bystander is not None:
            process, _ = self._bystander
            process.kill()
            with process:
                self._bystander = None

    def calls(self) -> list[str]:
        """Which listeners were called since the last time."""
        called = []
        for title, listener in [*(("TCP", one) for one in self.tcp), *self.unix.items()]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    called.append(title)
        for listener in self.udp:
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.recv(64)
                    called.append("UDP")
        return called


def token() -> str:
    """A name that nothing else has."""
    return f"grader-conformance-{secrets.token_hex(8)}"


@contextlib.contextmanager
def laid_out() -> Iterator[Bait]:
    """Lay the bait, and remove it."""
    secret = token()
    with contextlib.ExitStack() as stack:
        files = dict(_files(stack, secret))
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-conformance-")))
        bait = Bait(secret, files, token(), temporary)
        stack.callback(_remove, bait.token)
        stack.callback(bait.end_bystander)
        stack.callback(os.environ.pop, _VARIABLE, None)
        os.environ[_VARIABLE] = secret
        left_open = stack.enter_context(next(iter(files.values())).open("rb"))
        os.set_inheritable(left_open.fileno(), True)
        bait.tcp += _listening(stack, socket.SOCK_STREAM)
        bait.udp += _listening(stack, socket.SOCK_DGRAM)
        bait.unix |= _unix(stack, {"abstract": f"\0{token()}", "named": str(temporary / "socket")})
        bait.shared_file = _shared_file(stack, secret)
        bait.shared_segment = _shared_segment(stack)
        yield bait


def _remove(name: str) -> None:
    """What programs left on this machine, where their sandbox let them."""
    for folder in (Path("/dev/shm"), Path("/tmp"), Path(tempfile.gettempdir())):  # noqa: S108
        for place in folder.glob(f"{name}*"):
            place.unlink(missing_ok=True)


def _files(stack: contextlib.ExitStack, secret: str) -> Iterator[tuple[str, Path]]:
    places = {"the home folder": Path.home(), "the temporary folder": Path(tempfile.gettempdir())}
    for title, folder in places.items():
        made = tempfile.TemporaryDirectory(prefix=".grader-conformance-", dir=folder)
        place = Path(stack.enter_context(made)) / "secret"
        place.write_text(secret)
        place.parent.chmod(0o755)  # open to all: what hides it must be the sandbox
        place.chmod(0o644)
        yield title, place


def _listening(stack: contextlib.ExitStack, kind: socket.SocketKind) -> Iterator[socket.socket]:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError):  # a machine may lack one of them
            listener = stack.enter_context(socket.socket(family, kind))
            listener.bind((host, 0))
            listener.setblocking(False)
            if kind == socket.SOCK_STREAM:
                listener.listen()
            yield listener


def _unix(stack: contextlib.ExitStack, addresses: dict[str, str]) -> Iterator[tuple[str, socket.socket]]:
    for title, address in addresses.items():
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(address)
        listener.setblocking(False)
        listener.listen()
        yield title, listener


def _shared_file(stack: contextlib.ExitStack, secret: str) -> Path | None:
    place = Path("/dev/shm") / token()  # noqa: S108  where POSIX shared memory lies (shm_overview(7))
    try:
        place.write_text(secret)
    except OSError:
        return None
    stack.callback(place.unlink, missing_ok=True)
    return place


def _shared_segment(stack: contextlib.ExitStack) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    segment = int(library.shmget(0, 4096, 0o1666))
    if segment >= 0:
        stack.callback(library.shmctl, segment, 0, None)  # IPC_RMID
    return segment


def _grader_files() -> list[str]:
    package = Path(grader.__file__).resolve().parent
    places = [package / "errors.py", package / "sandbox" / "bubblewrap.py"]
    for name in _ASSETS:
        with contextlib.suppress(FileNotFoundError):
            places += sorted(assets.folder(name).resolve().iterdir())[:1]
    return [str(place) for place in places]
