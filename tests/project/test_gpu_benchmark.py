"""benchmarks/gpu_training.py: what it concludes from figures, and that it goes through all of it without a GPU."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("gpu_training")


def test_a_target_is_met_or_missed(benchmark: ModuleType) -> None:
    assert benchmark.verdict("seconds", 4.0, 4.0, at_most=True) == "seconds: 4.00, target at most 4: met"
    assert benchmark.verdict("seconds", 4.1, 4.0, at_most=True) == "seconds: 4.10, target at most 4: MISSED"
    assert benchmark.verdict("rate", 2999.0, 3000.0) == "rate: 2,999.00, target 3,000: MISSED"
    assert benchmark.verdict("rate", None, 3000.0) == "rate: not measured, target 3,000"


def test_contenders_are_compared_by_their_median(benchmark: ModuleType) -> None:
    contenders = importlib.import_module("gpu_contenders")
    common = {"images": 60_000, "setup": 1.0, "device_bytes": None, "host_bytes": 2**30, "measured": "3 epochs"}
    row = contenders.row("engine", {**common, "rounds": [4.0, 3.0, 9.0]}, {**common, "rounds": [100.0, 120.0]})
    assert row.split()[:5] == ["engine", "4.00", "s", "300,000", "27.5"]
    assert row.endswith("3 epochs, 3.00–9.00 s")


def test_what_is_measured_is_held_against_the_targets(benchmark: ModuleType) -> None:
    part = importlib.import_module("gpu_part")
    asked = part.Asked("minimal", "cuda", "", False, None, 0, "")
    eight = benchmark.together.Together(8.0, 1.0, 8, {seed: [(0.99, 0.1)] for seed in range(8)}, None)
    found = {"engine": {"rounds": [3.0]}, "student-8": {"rounds": [60.0]}, "lanes": {"8 lanes": eight}}
    assert list(benchmark.verdicts(SimpleNamespace(asked=asked, found=found)))[:3] == [
        "20 epochs, seconds: 3.00, target at most 4: met",
        "engine / student-8: 20.00, target 25: MISSED",
        "models per hour side by side: 3,600.00, target 3,000: met",
    ]
    nothing = list(benchmark.verdicts(SimpleNamespace(asked=asked, found={})))
    assert [line for line in nothing if "not measured" in line] == nothing[:3]


def test_time_to_the_accuracy_ends_with_the_first_epoch_that_has_it(benchmark: ModuleType) -> None:
    contenders, part = (importlib.import_module(name) for name in ("gpu_contenders", "gpu_part"))
    asked = part.Asked("minimal", "cuda", "somewhere", False, None, 0, "")
    runs = [{"seed": 0, "seconds": [0.25, 0.5, 1.0], "accuracies": [0.98, 0.994, 0.993]}]
    found = {"runs": runs, "stages": {"device": 1.5}, "setup": 1.5, "rounds": [10.0], "images": 60_000}
    floors = {"arithmetic": 0.2, "memory": 0.5}
    assert list(contenders.engine_lines(found, floors, asked)) == [
        "setup: device 1.50 s",
        "epochs, seed 0: 0.250 0.500 1.000 s",
        "arithmetic: the floor is 2% of the time",
        "memory: the floor is 5% of the time",
        "time to 99.4%, seed 0: 0.75 s and 1.50 s of setup, after epoch 2 (best 0.9940, last 0.9930)",
    ]


def test_company_that_changes_a_result_is_seen(benchmark: ModuleType) -> None:
    alone = benchmark.together.Together(2.0, 1.0, 1, {0: [(0.5, 2.0), (0.75, 1.0)]}, None)
    beside = benchmark.together.Together(3.0, 1.0, 2, {0: [(0.5, 2.0)], 1: [(0.25, 2.5)]}, None)
    other = benchmark.together.Together(3.0, 1.0, 2, {0: [(0.5, 2.0), (0.5, 1.5)], 1: [(0.25, 2.5)]}, None)
    lines = list(benchmark.together.compared({"alone": alone, "beside": beside, "other": other}))
    assert [line.split()[:5] for line in lines[1:4]] == [
        ["alone", "1", "of", "1", "0.0000"],
        ["beside", "2", "of", "2", "0.0000"],
        ["other", "1", "of", "2", "0.2500"],
    ]
    assert beside.models_per_hour == 2400


@pytest.mark.system
def test_the_traffic_of_a_graph(benchmark: ModuleType) -> None:
    """What the layers of `minimal` read and write, counted by hand."""
    arithmetic = importlib.import_module("arithmetic")
    blocks = [(1, 28, 8, 28), (8, 28, 12, 28), (12, 14, 14, 14), (14, 14, 16, 14), (16, 7, 20, 5), (20, 5, 24, 3)]
    read = written = 0
    for channels_in, side_in, channels, side in blocks:  # convolution, batch norm, ReLU
        read += channels_in * side_in**2 + 2 * channels * side**2
        written += 3 * channels * side**2
    for channels, side in ((12, 28), (16, 14)):  # pooling
        read, written = read + channels * side**2, written + channels * side**2 // 4
    read, written = read + 24 * 9 + 10 + 10, written + 10 + 10 + 10  # the last convolution, pooling, log-softmax
    traffic = arithmetic.traffic_per_image(benchmark.training_job("minimal").export)
    assert traffic == arithmetic.Traffic(training=4 * (3 * read + 2 * written), evaluation=4 * (read + written))


@pytest.mark.system
def test_a_part_that_fails_says_why(benchmark: ModuleType, tmp_path: Path) -> None:
    part = importlib.import_module("gpu_part")
    asked = part.Asked("minimal", "cpu", "", True, 256, 0, str(tmp_path))
    with pytest.raises(part.PartFailed, match="engine failed: FileNotFoundError"):
        part.run_part("engine", asked, dict(os.environ), 60)
    with pytest.raises(part.PartFailed, match="engine was stopped after 1 s"):
        part.run_part("engine", asked, dict(os.environ), 1)


def test_without_a_gpu_it_says_so(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu_training.py"])
    with pytest.raises(SystemExit, match=r"^There is no GPU that torch can use here; .*\.$"):
        benchmark.main()


@pytest.mark.system
def test_it_goes_through_all_of_it_on_a_cpu(tmp_path: Path) -> None:
    left_out = ["student-8", "student-2", "eager", "engine-eager", "compiled", "compiled-reduce-overhead"]
    settings = ["--device", "cpu", "--quick", "--images", "512", "--precision-seeds", "2", "--without", *left_out]
    command = [sys.executable, str(BENCHMARKS / "gpu_training.py"), *settings, "--out", str(tmp_path / "found.json")]
    environment = {name: value for name, value in os.environ.items() if name != "GRADER_DATA_DIR"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=500, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    sections = [line[3:] for line in result.stdout.splitlines() if line.startswith("== ")]
    assert sections == ["machine", "floors", "contenders", "profile", "lanes", "compiled", "precision", "targets"]
    assert "failed" not in result.stdout
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert set(found) == {"floors", "engine", "profile", "lanes", "precision"}
    assert found["lanes"]["2 lanes"]["curves"] == found["lanes"]["2 processes"]["curves"]
    assert found["profile"]["kernels"]
