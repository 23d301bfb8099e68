"""docs/extending.md: every example, taken out of the page and run."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader.cli import main as command_line
from grader.model.submission import Chunk, Location, Slice, SlicedModule
from grader.rubric.load import parse_rubric

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w.-]+)`:\n\n```\w+\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL))
CONSOLES = re.findall(r"^```console\n(.*?)```", PAGE, flags=re.MULTILINE | re.DOTALL)

Grader = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def grader(tmp_path: Path) -> Grader:
    """`grader("rubric", "list", path=[...])` in tmp_path, with more folders to import from."""

    def run(*arguments: str, path: list[Path] | None = None) -> subprocess.CompletedProcess[str]:
        places = [str(place) for place in [*(path or []), ROOT]]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, "-m", "grader", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(FILES[name], encoding="utf-8")


def test_the_page_holds_the_files_that_are_tried_here() -> None:
    assert sorted(FILES) == [
        "course_checks.py",
        "frugal.py",
        "net.py",
        "pyproject.toml",
        "small-kernels.yaml",
        "wide-view.yaml",
    ]


def test_a_rubric(grader: Grader, tmp_path: Path) -> None:
    write(tmp_path, "wide-view.yaml")
    result = grader("rubric", "validate", "wide-view.yaml")
    assert result.returncode == 0, result.stderr
    digest = parse_rubric(FILES["wide-view.yaml"], "wide-view.yaml").digest
    assert result.stdout == f"wide-view.yaml: valid, sha256 {digest}\n"
    assert result.stdout in CONSOLES[0]


def test_a_rubric_with_a_typo(grader: Grader, tmp_path: Path) -> None:
    (tmp_path / "wide-view.yaml").write_text(FILES["wide-view.yaml"].replace("less_than", "less_then"))
    result = grader("rubric", "validate", "wide-view.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    assert CONSOLES[1] == f"$ grader rubric validate wide-view.yaml\n{result.stderr}"


def test_a_check_in_an_installed_package(grader: Grader, tmp_path: Path) -> None:
    package, site = tmp_path / "package", tmp_path / "site"
    package.mkdir()
    write(package, "course_checks.py", "pyproject.toml")
    write(tmp_path, "small-kernels.yaml")
    before = grader("rubric", "validate", "small-kernels.yaml")
    assert "small-kernels.yaml:9: unknown check 'kernel_size'" in before.stderr
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*install, "--target", str(site), str(package)], check=True, capture_output=True, timeout=120)
    after = grader("rubric", "validate", "small-kernels.yaml", path=[site])
    assert after.returncode == 0, after.stderr


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], ModuleType]:
    def load(name: str) -> ModuleType:
        write(tmp_path, name)
        spec = importlib.util.spec_from_file_location(f"documented_{Path(name).stem}", tmp_path / name)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize(
    ("kernel", "status"), [(3, "passed"), ((3, 3), "passed"), (4, "failed"), ((1, 5), "failed"), (None, "passed")]
)
def test_the_checks_finding(kernel: Any, status: str, load: Callable[[str], ModuleType]) -> None:
    from types import SimpleNamespace

    from grader.model.facts import LayerFacts

    place = Location(file="net.py", line=7)
    layer = LayerFacts(name="conv1", op="conv2d", output_shape=(8, 26, 26), kernel=kernel, location=place)
    check = load("course_checks.py").CHECK
    context = SimpleNamespace(facts=SimpleNamespace(layers=(layer,)))
    finding = check.run(context, check.parameters.model_validate({"at_most": 3}))
    assert finding.status == status
    assert finding.evidence == ((place,) if status == "failed" else ())


def test_an_operator(grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submission, patched = tmp_path / "submission", tmp_path / "patched"
    submission.mkdir()
    write(submission, "net.py")
    command = ["check", "submission", "--no-train", "--sandbox", "process", "--out", "out"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["grader", *command])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 5
    complaint = CONSOLES[3].splitlines()[1].removeprefix("... ")
    assert complaint in json.loads((tmp_path / "out" / "report.json").read_text())["summary"]

    added = re.search(r"^    Kind\.ELEMENTWISE: .*$", PAGE, flags=re.MULTILINE)
    assert added
    for name in ("grader", "rubrics", "templates", "reference_models"):
        shutil.copytree(ROOT / name, patched / name, ignore=shutil.ignore_patterns("__pycache__"))
    table = patched / "grader" / "graph" / "op_names.py"
    text, replaced = re.subn(r"^    Kind\.ELEMENTWISE: .*$", added[0], table.read_text(), flags=re.MULTILINE)
    assert replaced == 1
    table.write_text(text)
    after = grader(*command, path=[patched])
    assert after.returncode == 1, after.stderr  # graded: it lacks batch norm and dropout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["facts"]["parameters"]["total"] == 2 * (9 * 10 + 10)
    assert report["facts"]["receptive_field"]["before_head"] == 3


def test_a_sandbox(load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    from grader.sandbox.base import Job, Limits

    module = load("frugal.py")
    sandbox = module.SANDBOX
    assert sandbox.availability().ok, sandbox.availability().mend
    modest = sandbox.run(Job(request=b"", command=(sys.executable, "-I", "-c", "print(1 + 1)")))
    assert (modest.status, modest.exit_code, modest.stdout) == ("exited", 0, "2\n")
    monkeypatch.setattr(module, "CEILING", Limits(wall_seconds=1))
    endless = sandbox.run(Job(request=b"", command=(sys.executable, "-I", "-c", "while True: pass")))
    assert endless.status == "timeout"
    assert endless.seconds < 10


def test_a_sandbox_runs_the_probe(load: Callable[[str], ModuleType]) -> None:
    from grader.graph.schema import read_probe_output
    from grader.model.graph import Export
    from grader.sandbox.base import Job

    source = "from torch import nn\nNet = lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    chunk = Chunk(label=0, source=source)
    sliced = Slice(
        modules=(SlicedModule(name="net", chunks=(chunk,)),),
        entry="net",
        build="Net()",
        origins=(Location(file="net.py"),),
    )
    request = {
        "schema": "grader/probe-request/v1",
        "slice": sliced.model_dump(mode="json"),
        "input_shape": [1, 28, 28],
        "batch_size": 8,
        "seed": 0,
        "mode": "export",
    }
    result = load("frugal.py").SANDBOX.run(Job(request=json.dumps(request).encode()))
    answer = read_probe_output(result.files, sliced)
    assert isinstance(answer, Export), result.stderr
    assert sorted(spec.path for spec in answer.graphs.parameters.values()) == ["1.bias", "1.weight"]
