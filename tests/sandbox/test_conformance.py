"""What each sandbox of this machine promises holds: as whoever runs the tests, and as an unprivileged user."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader
from grader.sandbox.conformance import GUARANTEES
from grader.sandbox.conformance.bait import laid_out
from grader.sandbox.conformance.limits_only import _EXPECTED, expected

SCRIPT = Path(__file__).with_name("conformance_runs.py")
UNPRIVILEGED = 61617

Found = dict[str, dict[str, tuple[bool | None, str]]]


def examined(python: str, folder: Path, path: list[str], prefix: list[str]) -> Found:
    """What the script finds, started through `prefix`, with a home and a temporary folder in `folder`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("HOME", "TMPDIR"):
        environment[name] = str(folder / name.lower())
    command = [*prefix, python, str(folder / SCRIPT.name), "bubblewrap", "process"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, cwd="/", check=False)
    assert ended.returncode == 0, ended.stderr
    found: Found = json.loads(ended.stdout)
    return found


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Open to every user, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="grader-conformance-test-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(SCRIPT, folder)
        for inside in ("home", "tmpdir"):
            (folder / inside).mkdir()
        yield folder


def _as_it_is(folder: Path) -> Found:
    return examined(sys.executable, folder, sys.path, [])


def _unprivileged(folder: Path) -> Found:
    """The same as a user who owns nothing but a home and a temporary folder, with a Python that this user may run."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(grader.__file__).parent, folder / "grader", ignore=ignore)
    for place in ("home", "tmpdir"):
        os.chown(folder / place, UNPRIVILEGED, UNPRIVILEGED)
    # Through env: what setpriv itself starts is still looked up with the rights of root.
    prefix = ["setpriv", "--reuid", str(UNPRIVILEGED), "--regid", str(UNPRIVILEGED), "--clear-groups", "env"]
    recent = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        if subprocess.run([*prefix, python, "-c", recent], capture_output=True, check=False).returncode == 0:
            return examined(python, folder, [str(folder)], prefix)
    raise AssertionError(f"uid {UNPRIVILEGED} can run no Python 3.11 on this machine; install python3 for everybody")


@pytest.fixture(scope="module", params=["as it is", "unprivileged"])
def found(request: pytest.FixtureRequest, folder: Path) -> tuple[bool, Found]:
    """Whether it was as root, and what was found. Where the tests are no root's, both are the same."""
    if request.param == "as it is" or os.geteuid() != 0:
        return os.geteuid() == 0, _as_it_is(folder)
    return False, _unprivileged(folder)


def test_all_that_bubblewrap_promises_holds(found: tuple[bool, Found]) -> None:
    _, sandboxes = found
    assert {key: detail for key, (held, detail) in sandboxes["bubblewrap"].items() if not held} == {}
    assert len(sandboxes["bubblewrap"]) == len(GUARANTEES)


def test_the_process_sandbox_fails_and_holds_exactly_as_written_down(found: tuple[bool, Found]) -> None:
    root, sandboxes = found
    for key, (held, detail) in sandboxes["process"].items():
        match expected(key, root=root):
            case "machine":  # the same as without any sandbox
                assert held == sandboxes["machine"][key][0], (key, detail)
            case word:
                assert held == (word == "holds"), (key, detail)


def test_the_table_of_expectations_is_that_of_the_guarantees() -> None:
    assert list(_EXPECTED) == [guarantee.key for guarantee in GUARANTEES]


def test_keys_and_titles_are_unique_and_fit_a_table() -> None:
    for column in ([one.key for one in GUARANTEES], [one.title for one in GUARANTEES]):
        assert len(set(column)) == len(column)
        assert all(len(text) <= 52 for text in column), [text for text in column if len(text) > 52]


@pytest.mark.usefixtures("found")
def test_nothing_of_an_examination_is_left(folder: Path) -> None:
    assert [place for name in ("home", "tmpdir") for place in (folder / name).iterdir()] == []


def test_the_bait_is_removed() -> None:
    with laid_out() as bait:
        process, _ = bait.bystander()
        laid = [*bait.files.values(), bait.temporary, bait.shared_file]
        assert all(place.exists() for place in laid)
        assert bait.secret in os.environ.values()
    assert not any(place.exists() for place in laid)
    assert bait.secret not in os.environ.values()
    assert process.poll() is not None
