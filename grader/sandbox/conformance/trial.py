"""Running a program of `inside` in a sandbox, and reading its answer."""

import functools
import importlib.resources
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.errors import SandboxError
from grader.sandbox.base import MEBIBYTE, Job, Limits, Result, Sandbox
from grader.sandbox.conformance.bait import Bait
from grader.sandbox.conformance.guarantee import Attempt, Verdict

_PACKAGE = "grader.sandbox.conformance.inside"
LIMITS = Limits(
    wall_seconds=30, cpu_seconds=8, memory_bytes=512 * MEBIBYTE, processes=40, output_bytes=8 * MEBIBYTE, files=2000
)

# Inside there is no grader: its modules are made from the request.
_LAUNCH = """\
import json, os, sys, types
with open(os.environ["REQUEST_FILE"], encoding="utf-8") as file:
    told = json.load(file)
for name, source in told["modules"]:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
program = getattr(module, told["program"])
sys.modules[told["modules"][0][0]].answer(program, told["told"])
"""


@dataclass(frozen=True)
class Trial:
    """What a run gave: what came back, and what the program says is open (None: it gave no answer)."""

    result: Result
    found: tuple[str, ...] | None
    untried: str = ""


def run(
    sandbox: Sandbox,
    bait: Bait,
    program: str,
    *,
    limits: Limits = LIMITS,
    outputs: tuple[str, ...] = (),
    told: dict[str, Any] | None = None,
) -> Trial:
    """Run `program` ("module.function" of `inside`) once. Raises SandboxError where the sandbox does not start."""
    result = sandbox.run(job(bait, program, limits=limits, outputs=outputs, told=told))
    try:
        answer = json.loads(result.stdout.strip().splitlines()[-1])
        return Trial(result, tuple(map(str, answer["open"])), str(answer["untried"]))
    except (IndexError, KeyError, TypeError, ValueError):
        return Trial(result, None)


def job(
    bait: Bait,
    program: str,
    *,
    limits: Limits = LIMITS,
    outputs: tuple[str, ...] = (),
    told: dict[str, Any] | None = None,
) -> Job:
    """The job that runs `program`."""
    module, _, function = program.partition(".")
    request = {
        "modules": [(f"{_PACKAGE}.{name}", _source(name)) for name in ("attempts", module)],
        "program": function,
        "told": {**bait.told(), **_bounds(limits), **(told or {})},
    }
    command = (sys.executable, "-I", "-S", "-B", "-c", _LAUNCH)
    return Job(json.dumps(request).encode(), command, outputs, limits)


def _bounds(limits: Limits) -> dict[str, int]:
    names = ("cpu_seconds", "memory_bytes", "processes", "output_bytes", "files")
    return {name: getattr(limits, name) for name in names}


@functools.cache
def _source(module: str) -> str:
    return importlib.resources.files(_PACKAGE).joinpath(f"{module}.py").read_text(encoding="utf-8")


def inside(program: str, *outside: Callable[[Bait, Trial], str], **options: Any) -> Attempt:
    """An attempt that asks `program` whether anything is open; each of `outside` adds a sentence if it saw more."""

    def attempt(sandbox: Sandbox, bait: Bait) -> Verdict:
        return judge(bait, run(sandbox, bait, program, **options), *outside)

    return attempt


def judge(bait: Bait, trial: Trial, *outside: Callable[[Bait, Trial], str]) -> Verdict:
    """What follows from a trial: no answer is no proof of anything."""
    seen = [sentence for look in outside if (sentence := look(bait, trial))]
    if found := [*(trial.found or ()), *seen]:
        return Verdict(False, "; ".join(found))
    if trial.found is None:
        return Verdict(None, f"the attempt gave no answer ({trial.result.status}: {_last_line(trial.result.stderr)})")
    return Verdict(None, trial.untried) if trial.untried else Verdict(True)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "it printed nothing"


def tried(attempt: Attempt, sandbox: Sandbox, bait: Bait) -> Verdict:
    """An attempt's verdict; a sandbox that does not start, or a machine that lacks something, is no verdict."""
    try:
        return attempt(sandbox, bait)
    except SandboxError as error:
        return Verdict(None, str(error))
    except OSError as error:
        return Verdict(None, f"it could not be tried: {error}")
