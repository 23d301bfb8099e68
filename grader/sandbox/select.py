"""Choosing a sandbox by name. Nothing weaker than what was asked for is ever chosen."""

from grader.errors import SandboxError, UsageError
from grader.sandbox.base import Sandbox
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.process import Process

NAMES = ("auto", "bubblewrap", "process")


def backends() -> tuple[Sandbox, ...]:
    """All backends, the default first; whether one works here is for its `availability` to say."""
    return (Bubblewrap(), Process())


def select(name: str = "auto") -> Sandbox:
    """The sandbox called `name`; "auto" is bubblewrap, never the weaker `process`.

    Raises SandboxError with the mend when it does not work on this machine, UsageError for an unknown name.
    """
    backend: Sandbox
    match name:
        case "auto" | "bubblewrap":
            backend = Bubblewrap()
        case "process":
            backend = Process()
        case "container":
            raise SandboxError(
                "The container sandbox is not part of this version.",
                mend="Use --sandbox bubblewrap on Linux, or run grader inside a Linux container or virtual machine.",
            )
        case _:
            raise UsageError(f"There is no sandbox called {name!r}; there are {', '.join(NAMES)}.")
    here = backend.availability()
    if not here.ok:
        raise SandboxError(here.reason, mend=here.mend)
    return backend
