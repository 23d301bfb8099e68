"""Running git on repositories that nobody vouches for: clean configuration, bounded time, memory and output.

Nothing of a user's or a system's configuration is read, and none of the repository's where code could be named in it:
the repositories that these commands run in are made by grader. See gitprotocol and git-config(1), "protected
configuration" and `safe.bareRepository`.
"""

import contextlib
import os
import resource
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from grader.errors import GraderError, SubmissionError

_MEMORY_BYTES = 2 << 30
_CHECK_SECONDS = 0.1
_PASSED_ON = (
    *("PATH", "HOME", "SSH_AUTH_SOCK", "TMPDIR"),
    *("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"),
)
_FORGIVEN = (  # old and harmless mistakes of the tools that wrote a history
    *("badDate", "badEmail", "badName", "badTimezone", "emptyName", "fullPathname", "missingEmail"),
    *("missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "multipleAuthors"),
    *("zeroPaddedDate", "zeroPaddedFilemode", "gitmodulesMissing", "badParentSha1"),
)
_CONFIGURATION = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.symlinks": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.bigFileThreshold": "16m",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",  # one pack file, however many objects
    "gc.auto": "0",
    "maintenance.auto": "false",
    "index.threads": "1",
    "pack.threads": "1",
    "protocol.version": "2",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
    **{f"fetch.fsck.{name}": "ignore" for name in _FORGIVEN},
}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    output: bytes
    errors: str


class Interrupted(GraderError):
    """The thread was told to stop while a command ran."""


class TooMuch(SubmissionError):
    """A command passed its limit of time, output or disk."""


class TooSlow(TooMuch):
    """A command did not end in time."""


# Set for a thread whose commands end when the event is set, as after Ctrl-C, which only the main thread hears.
stopping: ContextVar[Event | None] = ContextVar("stopping", default=None)


def environment(configuration: Mapping[str, str] | None = None, **variables: str) -> dict[str, str]:
    """The whole environment of a git command; `configuration` and `variables` come on top."""
    settings = {**_CONFIGURATION, **(configuration or {})}
    told = {f"GIT_CONFIG_KEY_{index}": key for index, key in enumerate(settings)}
    told |= {f"GIT_CONFIG_VALUE_{index}": value for index, value in enumerate(settings.values())}
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        **told,
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "https:ssh:file",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=20 -oClearAllForwardings=yes",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "LC_ALL": "C",
        **variables,
    }


@contextlib.contextmanager
def started(
    arguments: tuple[str, ...], told: Mapping[str, str], given: bytes = b"", cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A git command with piped output; on leaving, it and all that it started are gone.

    Raises GraderError where git is not installed.
    """
    if shutil.which("git") is None:
        raise GraderError("git is not installed.", mend="Install it: `sudo apt-get install git`.")
    with tempfile.TemporaryFile() as standard_input:
        standard_input.write(given)
        standard_input.seek(0)
        with subprocess.Popen(
            [*_dying_with_us(), "git", *arguments],
            cwd=cwd,
            env=dict(told),
            stdin=standard_input,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _dying_with_us() -> tuple[str, ...]:
    """What a command is started through so that the kernel ends it when grader is killed; nothing where that lacks.

    What git starts itself (index-pack, a remote helper, the other side on this machine) ends with its pipe to git.
    """
    return ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


def run(
    arguments: tuple[str, ...],
    told: Mapping[str, str],
    *,
    seconds: float,
    given: bytes = b"",
    output_bytes: int = 1 << 20,
    growing: Path | None = None,
    growing_bytes: int = 0,
    cwd: Path | None = None,
) -> Done:
    """Run git to its end. `growing` is a folder that may reach `growing_bytes`.

    Raises TooMuch when a limit is passed.
    """
    output, errors = bytearray(), bytearray()
    deadline = time.monotonic() + seconds
    with started(arguments, told, given, cwd) as process, selectors.DefaultSelector() as selector:
        assert process.stdout and process.stderr
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        stop = stopping.get()
        while selector.get_map():
            if stop is not None and stop.is_set():
                raise Interrupted("The run was ended while git was at work.")
            if time.monotonic() > deadline:
                raise TooSlow(f"The repository took longer than {seconds:.0f} seconds to read.")
            if growing is not None and folder_bytes(growing) > growing_bytes:
                raise TooMuch(f"The repository is larger than {growing_bytes >> 20} MiB.")
            for key, _ in selector.select(_CHECK_SECONDS):
                chunk = os.read(key.fd, 1 << 16)
                if not chunk:
                    selector.unregister(key.fileobj)
                key.data.extend(chunk)
                if key.data is errors:
                    del errors[: -(1 << 16)]
                elif len(output) > output_bytes:
                    raise TooMuch(f"The repository's list of files is larger than {output_bytes >> 20} MiB.")
        code = process.wait()
    if growing is not None and folder_bytes(growing) > growing_bytes:
        raise TooMuch(f"The repository is larger than {growing_bytes >> 20} MiB.")
    return Done(code, bytes(output), errors.decode("utf-8", errors="replace"))


def folder_bytes(folder: Path) -> int:
    """The size of all files below a folder; files that vanish meanwhile do not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118  called very often
    return total
