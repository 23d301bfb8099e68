"""Whether the container sandbox works on this machine, and if not, why and what to do about it."""

import json
import platform

from grader import __version__
from grader.errors import SandboxError
from grader.sandbox import seccomp
from grader.sandbox.base import Availability, Limits
from grader.sandbox.container_engine import ENGINE_VARIABLE, IMAGE_VARIABLE, Engine, Kind, find_engine

DEFAULT_IMAGE = f"grader-sandbox:{__version__}"
CONTAINERFILE = "docs/sandbox.Containerfile"

_NEEDED: dict[Kind, tuple[int, int]] = {
    "podman": (4, 3),  # --unsetenv-all, --passwd
    "docker": (20, 10),  # --cgroupns, --pull
}
_PACKAGES = ("torch", "numpy", "safetensors")
# Printed from inside: the limits that hold, as control groups v2 and v1 tell them, and what the image lacks.
TRIAL_SOURCE = f"""\
import importlib.metadata, json
places = {{
    "memory": ("memory.max", "memory/memory.limit_in_bytes"),
    "processes": ("pids.max", "pids/pids.max"),
}}
found = {{"missing": [], "memory": "", "processes": ""}}
for name, files in places.items():
    for file in files:
        try:
            with open("/sys/fs/cgroup/" + file) as opened:
                found[name] = opened.read().strip()
        except OSError:
            pass
for name in {_PACKAGES}:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found["missing"].append(name)
print(json.dumps(found))
"""


def build_command(kind: Kind, image: str) -> str:
    """The command that builds the image, in a checkout of grader."""
    return f"{kind} build --tag {image} --file {CONTAINERFILE} ."


def engine_here(named: str | None, image: str) -> Engine | Availability:
    """The engine, if it is there, new enough and running, and has the image; else what is missing."""
    if platform.machine() not in (*seccomp.MACHINES, "arm64"):
        return Availability(False, f"The sandbox's system-call filter does not know {platform.machine()}.")
    try:
        engine = find_engine(named)
        if engine is None:
            return _no_engine(named)
        if engine.version < _NEEDED[engine.kind]:
            needed = ".".join(map(str, _NEEDED[engine.kind]))
            had = ".".join(map(str, engine.version))
            return Availability(
                False,
                f"{engine.kind} {had} is too old.",
                f"Install {engine.kind} {needed} or later, or use bubblewrap.",
            )
        return _running(engine) or _with_image(engine, image) or engine
    except SandboxError as error:
        return Availability(False, error.message, error.mend or f"See that `{named or 'podman'} info` works.")


def _no_engine(named: str | None) -> Availability:
    if named:
        return Availability(
            False,
            f"The container engine {named!r} that {ENGINE_VARIABLE} names is not installed.",
            f"Install it, or unset {ENGINE_VARIABLE}: then podman or docker is used.",
        )
    return Availability(
        False,
        "No container engine is installed, neither podman nor docker.",
        "Install one (`sudo apt-get install podman`), or use --sandbox bubblewrap.",
    )


def _running(engine: Engine) -> Availability | None:
    try:
        engine.shares_users  # noqa: B018  asked for here first, and kept
    except SandboxError as error:
        reason = error.message
    else:
        return None
    if engine.kind == "docker":
        mend = "Start its daemon (`sudo systemctl start docker`), and see that you may use it (group `docker`)."
    else:
        mend = "See what `podman info` says."
    return Availability(False, reason, mend)


def _with_image(engine: Engine, image: str) -> Availability | None:
    if engine.call("image", "inspect", image).returncode == 0:
        return None
    return Availability(
        False,
        f"{engine.kind} has no image {image!r}, and grader never fetches one.",
        f"Build it in a checkout of grader with `{build_command(engine.kind, image)}`,"
        f" or name another with {IMAGE_VARIABLE}.",
    )


def judged(printed: str, limits: Limits, image: str) -> Availability:
    """What follows from what the trial run printed, which was given `limits`."""
    try:
        found = json.loads(printed)
        missing = [str(name) for name in found["missing"]]
        # The first process counts among the processes.
        held = {"memory": str(limits.memory_bytes), "processes": str(limits.processes + 1)}
        unlimited = [name for name, value in held.items() if found[name] != value]
    except (ValueError, KeyError, TypeError):
        return Availability(False, f"The image {image!r} gives no answer.", "Build the image anew.")
    if unlimited:
        return Availability(
            False,
            f"The container engine does not limit {' and '.join(unlimited)}.",
            "Without root, that needs control groups v2 with the controllers memory, pids and cpu delegated to the"
            " user; or run the engine as root.",
        )
    if missing:
        return Availability(False, f"The image {image!r} lacks {', '.join(missing)}.", "Build the image anew.")
    return Availability(True)
