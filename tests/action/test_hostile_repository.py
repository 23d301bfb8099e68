"""The composite action on a repository that attacks the runner: its modules, its files, its log."""

import json
from pathlib import Path

import pytest
from graded_repository import FAILING, Graded, grade

MARK = "hostile code ran outside of the sandbox"
# Whatever Python, pip, venv or grader would import by name if they ran where it lies.
SHADOWS = ("pip", "venv", "ensurepip", "grader", "numpy", "typer", "sitecustomize", "usercustomize", "json", "site")
SPEAKS = """\
import os, sys


def attack():
    for stream in (sys.stdout, sys.stderr):
        print("::error file=x::forged\\n::stop-commands::x\\n##[add-path]/x", file=stream, flush=True)
    for name in os.environ:
        if name.startswith(("GITHUB_", "RUNNER_", "ACTIONS_", "GRADER_")):
            raise SystemExit("the sandbox knows " + name)
    for file in ("OUTPUTS", "ENVIRONMENT"):
        try:
            open(file, "a").write("verdict=pass\\npoints=100\\n")
        except OSError:
            pass


"""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """A run on a repository full of traps; its model lacks the dropout that the rubric requires."""
    folder = tmp_path_factory.mktemp("hostile")
    files = {f"{name}.py": f"raise SystemExit({MARK!r})\n" for name in SHADOWS}
    files |= {f"{name}/__init__.py": f"raise SystemExit({MARK!r})\n" for name in ("pydantic", "jinja2")}
    speaks = SPEAKS.replace("OUTPUTS", str(folder / "files/GITHUB_OUTPUT"))
    speaks = speaks.replace("ENVIRONMENT", str(folder / "files/GITHUB_ENV"))
    calls = FAILING.replace("super().__init__()", "super().__init__(), attack()")
    files |= {
        "net::error::x/model,file=a%0A::error::b.py": speaks + calls,
        ".github/workflows/grade.yml": "on: push\njobs: {}\n",
        "pip.conf": "[global]\nindex-url = https://x.example/\n",
        "setup.py": f"raise SystemExit({MARK!r})\n",
        "README.md": "::error::from the README\n\n##[error]from the README\n\nAccuracy: 99.9 % ::add-path::/x\n",
    }
    return grade(folder, files)


def test_nothing_of_it_runs_outside_the_sandbox(attacked: Graded) -> None:
    assert MARK not in attacked.ran.log
    assert attacked.ran.done["Grade"] == "success", attacked.ran.log


def test_it_gets_the_verdict_of_its_model(attacked: Graded, failing: Graded) -> None:
    ran = attacked.ran
    assert ran.failed
    assert (ran.outputs["verdict"], ran.outputs["points"]) == ("fail", failing.ran.outputs["points"])
    assert json.loads(attacked.report)["verdict"] == "fail"


def test_the_runner_obeys_none_of_its_commands(attacked: Graded, failing: Graded) -> None:
    ours = [(mark.name, mark.properties["title"]) for mark in failing.ran.commands]
    assert [(mark.name, mark.properties["title"]) for mark in attacked.ran.commands] == ours
    for mark in attacked.ran.commands:
        assert mark.properties["file"] == "net::error::x/model,file=a%0A::error::b.py"
        assert set(mark.properties) == {"file", "line", "title"}
        assert "forged" not in mark.data
        assert "knows" not in mark.data


def test_it_reaches_neither_the_runners_files_nor_the_summary(attacked: Graded) -> None:
    assert "forged" not in attacked.ran.summary
    assert set(attacked.artifacts.held["1"]) == {"grader-report"}
    temporary = Path(attacked.ran.outputs["report"]).parent
    assert sorted(file.name for file in temporary.iterdir()) == ["grader-report"]
