"""What a submission needs to see of this Python: the interpreter, its libraries and the probe, and nothing else.

Whole prefixes are never shown: a prefix may be a home or a project folder. Of each only `lib`, `lib64` and
`pyvenv.cfg` are, plus the real executable; the name it was started by becomes a link.
"""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

import grader
from grader import assets

PROBE_FOLDER = "/probe"
REQUEST = "/in/request.json"
OUTPUT_FOLDER = "/out"

_SYSTEM = Path("/usr")
_ASSETS = ("rubrics", "templates", "reference_models")
_NEEDED = ("torch", "safetensors", "numpy")

# The probe comes first on the path, whatever .pth files or finders a site-packages holds.
_BOOTSTRAP = """\
import runpy, sys
probe, request, output, *more = sys.argv[1:]
sys.path[:0] = [probe]
sys.path += more
sys.argv = ["grader.probe", request, output]
runpy.run_module("grader.probe", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class View:
    """Host paths to show read-only at the same place, what to hide below them, and links to make."""

    shown: tuple[Path, ...]
    hidden: tuple[Path, ...]
    links: tuple[tuple[str, Path], ...]  # (target, place)
    import_folders: tuple[Path, ...]  # to append to sys.path: where packages lie outside the prefixes


def view() -> View:
    """The view for the running interpreter."""
    real = Path(sys.executable).resolve()
    started_as = Path(sys.executable).absolute()
    folders = tuple(_package_folders())
    shown = {_SYSTEM, real, *_libraries(), *folders}
    shown = {path for path in shown if not any(other != path and path.is_relative_to(other) for other in shown)}
    links = () if started_as == real or started_as.is_relative_to(_SYSTEM) else ((str(real), started_as),)
    hidden = tuple(path for path in _secrets() if any(path.is_relative_to(place) for place in shown))
    return View(tuple(sorted(shown)), hidden, links, folders)


def _libraries() -> set[Path]:
    prefixes = {Path(prefix) for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)}
    prefixes |= {prefix.resolve() for prefix in prefixes}
    places = (prefix / name for prefix in prefixes for name in ("lib", "lib64", "pyvenv.cfg"))
    return {place for place in places if place.exists() and not place.is_relative_to(_SYSTEM)}


def _package_folders() -> set[Path]:
    """Folders on sys.path that hold what the probe imports, where they are not inside a prefix (a user's site)."""
    libraries = (_SYSTEM, *_libraries())
    specs = (importlib.util.find_spec(name) for name in _NEEDED)
    folders = {Path(spec.origin).parent.parent for spec in specs if spec and spec.origin}
    return {folder for folder in folders if not any(folder.is_relative_to(place) for place in libraries)}


def _secrets() -> set[Path]:
    """This package and its assets: rubrics and reference models are not for a submission to read."""
    places = {Path(grader.__file__).resolve().parent}
    for name in _ASSETS:
        try:
            places.add(assets.folder(name).resolve())
        except FileNotFoundError:
            continue
    return {place for place in places if not any(place != other and place.is_relative_to(other) for other in places)}


def probe_sources() -> tuple[tuple[Path, str], ...]:
    """(host path, path inside PROBE_FOLDER) of all that is shown of grader itself."""
    package = Path(grader.__file__).resolve().parent
    return ((package / "__init__.py", "grader/__init__.py"), (package / "probe", "grader/probe"))


def probe_command(probe: str, request: str, output: str, import_folders: tuple[Path, ...]) -> tuple[str, ...]:
    """`python -m grader.probe REQUEST OUTPUT`, isolated from environment, user site and current folder."""
    places = (probe, request, output, *(str(folder) for folder in import_folders))
    return (sys.executable, "-I", "-B", "-c", _BOOTSTRAP, *places)


def environment(home: str, request: str, output: str) -> dict[str, str]:
    """The whole environment of a run: what Python and torch need, and nothing of ours."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "USER": "student",
        "REQUEST_FILE": request,
        "OUTPUT_FOLDER": output,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
