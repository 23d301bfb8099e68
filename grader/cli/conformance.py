"""`grader doctor --sandbox`: which guarantees of which sandbox hold on this machine."""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from grader.cli.progress import bar
from grader.errors import SandboxError, UsageError
from grader.report.escape import visible
from grader.sandbox.base import Sandbox
from grader.sandbox.conformance import GUARANTEES, Guarantee, Holding, examine
from grader.sandbox.conformance.limits_only import expected
from grader.sandbox.select import backends

if TYPE_CHECKING:
    from rich.progress import TaskID

_DETAIL = 160  # characters; the whole of it is in the JSON


@dataclass(frozen=True)
class Examined:
    """A sandbox and what holds in it here."""

    sandbox: Sandbox
    holdings: tuple[Holding, ...]

    @property
    def conforms(self) -> bool:
        """Whether it isolates, and every guarantee was tried and held."""
        return self.sandbox.strength == "isolated" and all(holding.held for holding in self.holdings)


def conformance(name: str | None, *, as_json: bool, quiet: bool) -> None:
    """Print the tables of the sandbox called `name`, or of all that this machine has.

    Exits with 3 unless the one that was asked for, or any, is isolated and holds everything. Raises UsageError for an
    unknown name, SandboxError where there is nothing to examine.
    """
    with _progress(quiet) as beginning:
        examined = [_examine(sandbox, beginning) for sandbox in _wanted(name)]
    for absent in _absent() if name is None else ():
        typer.echo(absent, err=True)
    if as_json:
        typer.echo(json.dumps([_data(one) for one in examined], indent=2))
    else:
        for one in examined:
            for line in _table(one, quiet=quiet):
                typer.echo(line)
    if not any(one.conforms for one in examined):
        raise typer.Exit(3)


def _wanted(name: str | None) -> list[Sandbox]:
    known = {sandbox.name: sandbox for sandbox in backends()}
    if name is None:
        return [sandbox for sandbox in known.values() if sandbox.availability().ok]
    if name not in known:
        raise UsageError(f"There is no sandbox called {name!r}; there are {', '.join(known)}.")
    here = known[name].availability()
    if not here.ok:
        raise SandboxError(here.reason, mend=here.mend)
    return [known[name]]


def _absent() -> Iterator[str]:
    for sandbox in backends():
        if not (here := sandbox.availability()).ok:
            yield f"{sandbox.name}: not on this machine. {here.reason}"


def _examine(sandbox: Sandbox, beginning: Callable[[Sandbox, Guarantee], None]) -> Examined:
    return Examined(sandbox, tuple(examine(sandbox, beginning=lambda guarantee: beginning(sandbox, guarantee))))


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Sandbox, Guarantee], None]]:
    """A bar on a terminal, else one line for each sandbox; on stderr."""
    if quiet or not sys.stderr.isatty():
        yield (lambda _sandbox, _guarantee: None) if quiet else _announce
        return
    with bar() as display:
        tasks: dict[str, TaskID] = {}

        def draw(sandbox: Sandbox, guarantee: Guarantee) -> None:
            if sandbox.name not in tasks:
                tasks[sandbox.name] = display.add_task(sandbox.name, total=len(GUARANTEES), state="")
            display.update(tasks[sandbox.name], completed=GUARANTEES.index(guarantee), state=guarantee.title)
            if guarantee is GUARANTEES[-1]:
                display.update(tasks[sandbox.name], completed=len(GUARANTEES))

        yield draw


def _announce(sandbox: Sandbox, guarantee: Guarantee) -> None:
    if guarantee is GUARANTEES[0]:
        typer.echo(f"{sandbox.name}: trying {len(GUARANTEES)} guarantees, some seconds", err=True)


def _table(one: Examined, *, quiet: bool) -> Iterator[str]:
    held = sum(holding.held is True for holding in one.holdings)
    who = f"{'root' if os.geteuid() == 0 else f'uid {os.geteuid()}'} on Linux {platform.release()}"
    yield f"{one.sandbox.name} ({one.sandbox.strength}), as {who}: {held} of {len(one.holdings)} guarantees hold"
    if one.sandbox.strength == "limits only":
        yield "  It runs submissions with your own rights; what is marked (fails) is what that means."
    width = max(len(holding.guarantee.title) for holding in one.holdings)
    for holding in one.holdings:
        if quiet and holding.held:
            continue
        line = f"  {_state(one.sandbox, holding):<8}  {holding.guarantee.title:<{width}}"
        yield f"{line}  {visible(holding.detail, _DETAIL)}".rstrip()


def _state(sandbox: Sandbox, holding: Holding) -> str:
    if holding.held is None:
        return "untried"
    if holding.held:
        return "holds"
    is_expected = expected(holding.guarantee.key, root=os.geteuid() == 0) != "holds"
    return "(fails)" if sandbox.strength == "limits only" and is_expected else "FAILS"


def _data(one: Examined) -> dict[str, object]:
    return {
        "sandbox": one.sandbox.name,
        "strength": one.sandbox.strength,
        "uid": os.geteuid(),
        "kernel": platform.release(),
        "conforms": one.conforms,
        "guarantees": [
            {"key": h.guarantee.key, "title": h.guarantee.title, "held": h.held, "detail": h.detail}
            for h in one.holdings
        ],
    }
