"""Wrong use and broken surroundings: exit code 2 or 3, one sentence, earlier reports kept."""

import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


def one_sentence(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("grader: ")]
    assert len(lines) == 1, text
    return lines[0]


def test_a_path_that_is_not_there(grader: Callable, tmp_path: Path) -> None:
    answer = grader("check", tmp_path / "nowhere")
    assert answer.code == 2
    assert "nowhere" in one_sentence(answer.stderr)


def test_an_empty_repository(grader: Callable, tmp_path: Path) -> None:
    root = tmp_path / "empty"
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    answer = grader("check", f"file://{root}", "--no-train")
    assert answer.code == 4
    assert "no commit" in answer.report["summary"] or "empty" in answer.report["summary"]


def test_a_rubric_with_a_typo(grader: Callable, submission: Write, good_model: str, tmp_path: Path) -> None:
    from grader.assets import folder

    text = (folder("rubrics") / "mnist-20k.yaml").read_text()
    assert "check: dropout" in text
    line = 1 + [entry.strip() for entry in text.splitlines()].index("check: dropout")
    rubric = tmp_path / "mine.yaml"
    rubric.write_text(text.replace("check: dropout", "check: dropuot"))
    answer = grader("check", submission({"model.py": good_model}), "--rubric", rubric)
    assert answer.code == 2
    sentence = one_sentence(answer.stderr)
    assert f"mine.yaml:{line}" in sentence
    assert "dropout" in sentence


def test_an_unknown_rubric_suggests_one(grader: Callable, submission: Write, good_model: str) -> None:
    answer = grader("check", submission({"model.py": good_model}), "--rubric", "mnist-2Ok")
    assert answer.code == 2
    assert "mnist-20k" in one_sentence(answer.stderr)


def test_missing_data_is_a_skipped_criterion_with_the_command(
    grader: Callable, submission: Write, good_model: str, tmp_path: Path
) -> None:
    answer = grader("check", submission({"model.py": good_model}), "--data-dir", tmp_path / "no-data")
    report = answer.report
    accuracy = next(outcome for outcome in report["outcomes"] if outcome["id"] == "accuracy")
    assert accuracy["status"] == "skipped"
    assert "grader data fetch" in accuracy["fix"] + accuracy["message"]
    assert report["verdict"] == "inconclusive"
    assert answer.code == 5


def test_data_with_a_wrong_checksum_is_never_trained_on(
    grader: Callable, submission: Write, good_model: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    images, labels = b"\0\0\x08\x03" + b"\0" * 12, b"\0\0\x08\x01" + b"\0" * 4
    for part in ("train", "t10k"):
        (data / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (data / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    answer = grader("check", submission({"model.py": good_model}), "--data-dir", data)
    assert answer.report["training"]["status"] == "skipped"
    assert "checksum" in answer.report["training"]["reason"]
    assert answer.report["verdict"] == "inconclusive"
    assert answer.code == 5


def test_an_output_folder_that_cannot_be_written(
    grader: Callable, submission: Write, good_model: str, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    answer = grader("check", submission({"model.py": good_model}), "--no-train", out=blocked)
    assert answer.code == 2
    assert "blocked" in one_sentence(answer.stderr)
    assert blocked.read_text() == "a file, not a folder"


def test_a_full_disk_loses_no_earlier_report(
    grader: Callable, submission: Write, good_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = submission({"model.py": good_model})
    first = grader("check", root, "--no-train")
    earlier = {file.name: file.read_bytes() for file in first.out.iterdir()}

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(Path, "replace", full)
    answer = grader("check", root, "--no-train")
    assert answer.code in (2, 3)
    assert "disk is full" in one_sentence(answer.stderr)
    assert {file.name: file.read_bytes() for file in answer.out.iterdir()} == earlier


def test_an_unknown_recipe(grader: Callable, submission: Write, good_model: str) -> None:
    answer = grader("check", submission({"model.py": good_model}), "--recipe", "no-such")
    assert answer.code == 2
    assert "no-such" in one_sentence(answer.stderr)


@pytest.mark.parametrize("model", ["nothing.py:Net", "model.py:Nett", "model.py", "model.py:x:y:z", "model.py:Net@999"])
def test_a_model_that_is_not_there(model: str, grader: Callable, submission: Write, good_model: str) -> None:
    answer = grader("check", submission({"model.py": good_model}), "--no-train", "--model", model)
    assert answer.code in (2, 4)
    assert model.split(":")[0] in answer.stderr + answer.stdout


def test_a_bare_repository_trap_runs_nothing(
    grader: Callable, submission: Write, good_model: str, tmp_path: Path
) -> None:
    root = submission({"model.py": good_model})
    trap = root / "sub"
    mark = tmp_path / "ran"
    subprocess.run(["git", "init", "--quiet", "--bare", str(trap)], check=True)
    with (trap / "config").open("a") as config:
        config.write(f'[core]\n\tfsmonitor = "touch {mark}"\n\tworktree = "."\n\tbare = false\n')
    (trap / "model.py").write_text(good_model)
    answer = grader("check", root, "--path", "sub", "--no-train")
    assert answer.code == 0
    assert not mark.exists()
