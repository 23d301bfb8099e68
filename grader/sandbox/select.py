"""Choosing a sandbox by name. Nothing weaker than what was asked for is ever chosen.

`container` isolates too, and still "auto" never falls back to it: what it shows a submission is an image that somebody
built, with its own torch, and a report should not depend on which of two happened to be installed.
"""

from grader.errors import SandboxError, UsageError
from grader.sandbox.base import Sandbox
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.container import Container
from grader.sandbox.process import Process

NAMES = ("auto", "bubblewrap", "container", "process")


def backends() -> tuple[Sandbox, ...]:
    """All backends, the default first; whether one works here is for its `availability` to say."""
    return (Bubblewrap(), Container(), Process())


def select(name: str = "auto", *, warm: bool = False) -> Sandbox:
    """The sandbox called `name`; "auto" is bubblewrap, and nothing else.

    `warm` is for many runs one after the other: a sandbox that can keeps a process with everything imported for them.

    Raises SandboxError with the mend when it does not work on this machine, UsageError for an unknown name.
    """
    backend: Sandbox
    match name:
        case "auto" | "bubblewrap":
            backend = Bubblewrap(warm=warm)
        case "process":
            backend = Process()
        case "container":
            backend = Container()
        case _:
            raise UsageError(f"There is no sandbox called {name!r}; there are {', '.join(NAMES)}.")
    here = backend.availability()
    if not here.ok:
        raise SandboxError(here.reason, mend=here.mend)
    return backend
