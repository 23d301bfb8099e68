"""One part of gpu_training.py in a process of its own: what compiles, captures or allocates there disturbs nobody else.

The process is told what is asked as JSON on its command line, and prints one JSON object per line; each says all that
is known by then, so that the last one counts where the process had to be stopped.
"""

import contextlib
import dataclasses
import importlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Answer = dict[str, Any]
_MODULES = {"floors": "gpu_floors", "profile": "gpu_profile", "precision": "gpu_precision"}  # others: gpu_contenders
_SPAWNED = "BENCHMARK_SPAWNED"


@dataclass(frozen=True)
class Asked:
    """What is measured. `folder` holds the job; `images` cuts the training set to so many, None leaves it whole."""

    variant: str
    device: str
    data_dir: str
    quick: bool
    images: int | None
    precision_seeds: int
    folder: str


class PartFailed(Exception):
    """In one sentence."""


def run_part(name: str, asked: Asked, environment: dict[str, str], seconds: float) -> tuple[Answer, str]:
    """What the part found, and why it did not come to its end; empty where it did.

    Raises PartFailed where it found nothing.
    """
    command = [sys.executable, str(Path(__file__).resolve()), name, json.dumps(dataclasses.asdict(asked))]
    environment = {**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), _SPAWNED: str(time.time())}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True, start_new_session=True)
    reason, said = "", None
    try:
        said, _ = process.communicate(timeout=max(1.0, seconds))
    except subprocess.TimeoutExpired:
        reason = f"{name} was stopped after {seconds:.0f} s."
    finally:
        with contextlib.suppress(ProcessLookupError):  # with its DataLoader's workers, compilers and the like
            os.killpg(process.pid, signal.SIGKILL)
    if said is None:
        said, _ = process.communicate()
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{") and line.endswith("}")]
    failures = [line["failed"] for line in lines if "failed" in line]
    found = [line for line in lines if "failed" not in line]
    if failures:
        reason = f"{name} failed: {failures[-1]}"
    elif not reason and process.returncode:
        reason = f"{name} ended with code {process.returncode}."
    if not found:
        raise PartFailed(reason or f"{name} said nothing.")
    return found[-1], reason


def since_spawned() -> float:
    """Seconds since this process was asked for."""
    return time.time() - float(os.environ[_SPAWNED])


def tell(answer: Answer) -> None:
    """All that is known by now."""
    print(json.dumps(answer), flush=True)


def main() -> None:
    """Play one part, then end at once: worker processes and captured graphs need no farewell."""
    sys.stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print, and programs that they start, must not end up among the answers
    name, asked = sys.argv[1], Asked(**json.loads(sys.argv[2]))
    try:
        module = importlib.import_module(_MODULES.get(name, "gpu_contenders"))
        measure: Callable[[str, Asked], None] = module.measure
        measure(name, asked)
    except Exception as problem:
        traceback.print_exc()
        first = str(problem).strip().partition("\n")[0]
        tell({"failed": f"{type(problem).__name__}: {first}"})
    for worker in multiprocessing.active_children():  # they would hold the answers' pipe open
        worker.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
