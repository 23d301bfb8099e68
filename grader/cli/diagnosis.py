"""What `grader doctor` looks at; each finding is a name, a state, a sentence and how to mend it."""

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from grader import __version__
from grader.errors import DataError


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's answer. `needed` is False for what grader can do without."""

    name: str
    ok: bool
    message: str
    mend: str = ""
    needed: bool = True


def diagnose(data_dir: Path | None) -> list[Finding]:
    """Look at versions, sandbox, git, data and GPU; raises nothing, starts no submission's code."""
    return [*_versions(), *_sandboxes(), _git(), *_data(data_dir), _gpu()]


def _versions() -> Iterator[Finding]:
    yield Finding("grader", True, f"{__version__} on Python {platform.python_version()}")
    for package in ("torch", "torchvision", "fvcore"):
        try:
            yield Finding(package, True, version(package))
        except PackageNotFoundError:
            yield Finding(package, False, "is not installed", f"pip install {package}")


def _sandboxes() -> Iterator[Finding]:
    from grader.sandbox.select import backends

    for backend in backends():
        here = backend.availability()
        state = f"{backend.strength}; {here.reason}" if here.reason else backend.strength
        yield Finding(backend.name, here.ok, state, here.mend, needed=backend.name == "bubblewrap")


def _git() -> Finding:
    found = shutil.which("git")
    return Finding("git", found is not None, "found" if found else "is not installed", "apt-get install git")


def _data(data_dir: Path | None) -> Iterator[Finding]:
    from grader.training.data import load

    try:
        dataset = load("mnist", data_dir)
        count = f"{len(dataset.train_labels):,} training and {len(dataset.test_labels):,} test images, checksums right"
        yield Finding("mnist", True, count)
    except DataError as problem:
        yield Finding("mnist", False, problem.message, problem.mend, needed=False)
    yield Finding("digits", True, "bundled with scikit-learn, for the demo rubric")


def _gpu() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("gpu", True, torch.cuda.get_device_name(0))
    return Finding("gpu", False, "none that torch can use; retraining runs on the CPU", needed=False)
