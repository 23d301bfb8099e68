"""Running Python inside a real sandbox."""

import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox.base import Job, Limits, Result, Sandbox
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.process import Process

# Modules of the tests that are also run by, or imported in, other processes.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def bubblewrap() -> Bubblewrap:
    sandbox = Bubblewrap()
    here = sandbox.availability()
    assert here.ok, f"{here.reason} {here.mend}"
    return sandbox


@pytest.fixture(scope="session")
def process() -> Process:
    return Process()


@pytest.fixture(scope="session")
def run() -> Callable[..., Result]:
    """run(sandbox, source, outputs=(...), **limits): the source as a script of its own."""

    def run(
        sandbox: Sandbox, source: str, *, outputs: tuple[str, ...] = (), request: bytes = b"", **limits: Any
    ) -> Result:
        command = (sys.executable, "-I", "-S", "-B", "-c", textwrap.dedent(source))
        return sandbox.run(Job(request, command, outputs, Limits(**{"wall_seconds": 20, **limits})))

    return run


@pytest.fixture(scope="session")
def answer(run: Callable[..., Result]) -> Callable[..., Any]:
    """answer(sandbox, source): what the source printed, as JSON; it must have ended well."""

    def answer(sandbox: Sandbox, source: str) -> Any:
        result = run(sandbox, "import json, os, sys\n" + textwrap.dedent(source))
        assert (result.status, result.exit_code) == ("exited", 0), result.stderr
        return json.loads(result.stdout)

    return answer


@pytest.fixture
def running() -> Callable[[str], list[int]]:
    """The processes of this machine whose command line holds a text."""

    def running(text: str) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdecimal() and text.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    return running
