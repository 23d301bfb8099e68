"""`grader check` from end to end: a real repository, the real sandbox, a real retraining on real digits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "reference_models" / "demo"


def test_the_demo_passes_after_a_real_retraining(grader: Callable) -> None:
    answer = grader("check", DEMO, "--rubric", "demo", "--format", "json", "--save-weights")
    report = json.loads(answer.stdout)
    assert answer.code == 0, answer.stderr
    assert (report["schema"], report["scope"], report["verdict"]) == ("grader/report/v1", "full", "pass")
    # By hand: 3·3·(1·8 + 8·16 + 16·16 + 16·24 + 24·24) weights, two per batch-norm channel, 24·10 + 10 in the head.
    parameters = 9 * (8 + 128 + 256 + 384 + 576) + 2 * (8 + 16 + 16 + 24 + 24) + 250
    assert report["facts"]["parameters"]["total"] == parameters
    assert report["facts"]["batch_norm"]["layers"] == 5
    assert report["facts"]["dropout"] == {**report["facts"]["dropout"], "rates": [0.05, 0.05], "runs": True}
    assert report["facts"]["head"]["gap"] is True
    assert report["facts"]["head"]["fc"] is True
    # 3×3 twice, pool, 3×3 twice on jump 2, pool, 3×3 on jump 4: 1 + 2·2 + 1 + 2·2·2 + 2 + 2·4
    assert report["facts"]["receptive_field"]["before_head"] == 24
    assert report["facts"]["receptive_field"]["jump"] == 4
    run = report["training"]["runs"][0]
    assert run["best_accuracy"] == max(epoch["test_accuracy"] for epoch in run["epochs"])
    assert (answer.out / run["weights"]).stat().st_size > 4 * parameters
    assert report["model"]["build"] == "DigitNet(dropout=0.05)"
    assert "epoch" in answer.stderr


def test_a_git_url_is_graded_at_its_commit(grader: Callable, submission: Callable[..., Path], good_model: str) -> None:
    root = submission({"week 5/model.py": good_model, "README.md": "# hello"})

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=Student", "-c", "user.email=student@example.org"]
        command = ["git", "-C", str(root), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "-m", "Hand in")
    commit = git("rev-parse", "HEAD")
    git("rm", "-r", "--quiet", "week 5")
    git("commit", "--quiet", "-m", "Remove it again")
    answer = grader("check", f"file://{root}", "--path", "week 5", "--ref", commit, "--no-train", "--quiet")
    assert answer.report["provenance"]["commit"] == commit
    assert answer.report["provenance"]["path"] == "week 5"
    assert answer.report["model"]["file"] == "model.py"
    assert answer.report["scope"] == "static"
    assert answer.stderr == ""


def test_no_train_fails_what_a_student_lacks_and_names_the_fix(
    grader: Callable, submission: Callable[..., Path]
) -> None:
    model = "from torch import nn\n\ndef create_model():\n    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    answer = grader("check", submission({"net.py": model}), "--no-train", "--format", "markdown")
    assert answer.code == 1
    outcomes = {outcome["id"]: outcome for outcome in answer.report["outcomes"]}
    assert outcomes["parameters"]["status"] == "passed"  # 7,850
    assert outcomes["batch_norm"]["status"] == "failed"
    assert outcomes["dropout"]["status"] == "failed"
    assert outcomes["head"]["status"] == "passed"
    assert "accuracy" not in outcomes
    assert outcomes["batch_norm"]["fix"]
    assert "7,850" in answer.stdout


def test_several_submissions_get_a_report_each(
    grader: Callable, submission: Callable[..., Path], good_model: str
) -> None:
    manifest = "submissions:\n  - name: first\n    model: a.py:Net\n  - name: second\n    model: b.py:Net\n"
    root = submission({"a.py": good_model, "b.py": good_model, ".grader.yml": manifest})
    answer = grader("check", root, "--no-train")
    files = [
        json.loads((answer.out / name / "report.json").read_text())["model"]["file"] for name in ("first", "second")
    ]
    assert files == ["a.py", "b.py"]
    first = json.loads((answer.out / "first" / "report.json").read_text())
    assert first["model"]["selected_by"] == ".grader.yml names a.py:Net"


def test_the_process_sandbox_is_stamped(grader: Callable, submission: Callable[..., Path], good_model: str) -> None:
    answer = grader("check", submission({"model.py": good_model}), "--no-train", "--sandbox", "process")
    assert answer.report["provenance"]["sandbox_strength"] == "limits only"
    assert "sandbox" in {flag["kind"] for flag in answer.report["flags"]}


def test_an_interrupted_training_leaves_a_partial_report(tmp_path: Path) -> None:
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "grader", "check", str(DEMO), "--rubric", "demo", "--out", str(out)]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "seed 0: epoch" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
        code = process.wait(timeout=60)
    assert "Traceback" not in rest
    assert code == 5, rest
    report = json.loads((out / "report.json").read_text())
    assert report["training"]["status"] == "partial"
    assert 1 <= len(report["training"]["runs"][0]["epochs"]) < 10
    assert report["verdict"] == "inconclusive"
    deadline = time.monotonic() + 10
    while list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("seeds", [1])
def test_a_miss_with_fewer_epochs_decides_nothing(
    seeds: int, grader: Callable, submission: Callable[..., Path], good_model: str
) -> None:
    arguments = ("--rubric", "demo", "--epochs", "1", "--seeds", str(seeds))
    answer = grader("check", submission({"model.py": good_model}), *arguments)
    accuracy = next(outcome for outcome in answer.report["outcomes"] if outcome["id"] == "accuracy")
    assert accuracy["status"] == "inconclusive"
    assert len(answer.report["training"]["runs"]) == seeds
    assert len(answer.report["training"]["runs"][0]["epochs"]) == 1


def test_doctor_says_what_is_there(grader: Callable) -> None:
    answer = grader("doctor")
    assert "bubblewrap" in answer.stdout
    assert "digits" in answer.stdout
    assert answer.code == 0
