"""The same class on this machine and on a cluster of which a node is killed: the same reports, nothing lost."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_runs import MODEL, TIMES
from command_runs import RUBRIC as ONE_EPOCH
from ray_nodes import cluster, workers_of

pytestmark = [pytest.mark.ray, pytest.mark.system]
RUBRIC = ONE_EPOCH.replace("epochs: 1", "epochs: 2")
CLASS = {
    **{f"honest{maps}": MODEL.replace("{maps}", str(maps)) for maps in range(4, 9)},
    "copy": MODEL.replace("{maps}", "4").replace("conv", "first").replace("Net", "Mine"),
    "broken": "class Net(nn.Module:\n",
    "exits": "import os\nos._exit(0)\n" + MODEL.replace("{maps}", "4"),
}


@pytest.fixture
def grade(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """grade("local", ...) starts `grader batch` over the class, with results in a folder of that name."""
    for student, text in CLASS.items():
        (tmp_path / student).mkdir()
        (tmp_path / student / "model.py").write_text(text)
    (tmp_path / "rubric.yaml").write_text(RUBRIC)
    rows = "".join(f"{student},{tmp_path / student}\n" for student in CLASS)
    (tmp_path / "roster.csv").write_text(f"student,repository\n{rows}gone,file://{tmp_path}/nowhere.git\n")

    def start(out: str, *further: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "grader", "batch", "roster.csv", "--rubric", "rubric.yaml", "--out", out]
        return subprocess.Popen(
            [*command, *further],
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def _ended(process: "subprocess.Popen[str]") -> str:
    with process:
        stdout, stderr = process.communicate(timeout=300)
    assert "Traceback" not in stderr
    assert process.returncode == 3, stderr  # one student's repository is not there
    return stdout


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if key not in TIMES}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


def _reports(folder: Path) -> dict[str, Any]:
    files = (folder / "reports").glob("*/report.json")
    return {file.parent.name: _without_times(json.loads(file.read_text())) for file in files}


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _until_busy(node: Any, process: "subprocess.Popen[str]") -> None:
    """Wait until one of grader's tasks runs on a node."""
    deadline = time.monotonic() + 120
    while not any("examine" in name or "train_one" in name for name in workers_of(node).values()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_cluster_that_loses_a_node_gives_the_same_results(grade: Callable[..., Any], tmp_path: Path) -> None:
    local = grade("local")
    assert f"{len(CLASS) + 1}  students" in _ended(local)
    with cluster(1, 1) as nodes:
        second = nodes.list_all_nodes()[1]
        process = grade("cluster", "--executor", "ray", "--address", nodes.address)
        _until_busy(second, process)
        time.sleep(1)
        nodes.remove_node(second, allow_graceful=False)
        assert f"{len(CLASS) + 1}  students" in _ended(process)
    assert set(_reports(tmp_path / "local")) == set(CLASS)
    assert _reports(tmp_path / "cluster") == _reports(tmp_path / "local")
    assert _rows(tmp_path / "cluster") == _rows(tmp_path / "local")
    similar = [json.loads((tmp_path / out / "similarity.json").read_text()) for out in ("cluster", "local")]
    assert similar[0] == similar[1]
    check = [sys.executable, "-m", "grader", "store", "check", str(tmp_path / "cluster" / "store.sqlite")]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


def test_without_an_address_a_cluster_of_this_machine_is_started(grade: Callable[..., Any], tmp_path: Path) -> None:
    _ended(grade("here", "--executor", "ray", "--jobs", "1", "--no-train", "--only", "broken", "--only", "gone"))
    results = {row["student"]: row["result"] for row in _rows(tmp_path / "here")}
    assert (results["broken"], results["honest4"]) == ("ungradable", "waiting")
