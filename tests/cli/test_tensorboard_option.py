"""`grader check --tensorboard` from end to end: a real retraining, event files read back with TensorBoard's reader."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

DEMO = Path(__file__).resolve().parents[2] / "reference_models" / "demo"


def test_the_event_files_hold_what_the_report_says(grader: Callable, tmp_path: Path) -> None:
    board = tmp_path / "board"
    settings = ("--rubric", "demo", "--epochs", "2", "--seeds", "1", "--recipe", "digits")
    answer = grader("check", DEMO, *settings, "--tensorboard", board, "--quiet")
    assert answer.stderr == ""
    assert [place.name for place in board.iterdir()] == ["demo-seed-0"]
    found = EventAccumulator(str(board / "demo-seed-0"))
    found.Reload()
    (run,) = answer.report["training"]["runs"]
    for tag, name in (("accuracy/test", "test_accuracy"), ("loss/train", "train_loss"), ("learning_rate", "lr")):
        events = [(event.step, event.value) for event in found.Scalars(tag)]
        assert events == [(epoch["epoch"], pytest.approx(epoch[name], rel=1e-6)) for epoch in run["epochs"]]
    assert set(found.Tags()["images"]) == {"confusion_matrix", "mistakes", "saliency", "filters"}
    (best,) = found.Scalars("hparam/best_accuracy")
    assert best.value == pytest.approx(run["best_accuracy"])


def test_without_the_package_nothing_runs(grader: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    answer = grader("check", DEMO, "--rubric", "demo", "--tensorboard", tmp_path / "board")
    assert answer.code == 2
    assert answer.stderr.count("\n") <= 2
    assert "--tensorboard needs the package tensorboard, which is not installed." in answer.stderr
    assert not answer.out.exists()
    assert not (tmp_path / "board").exists()


def test_a_folder_that_can_not_be_written_stops_before_anything_runs(grader: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = grader("check", DEMO, "--rubric", "demo", "--tensorboard", tmp_path / "file")
    assert answer.code == 2
    assert "can't be written to" in answer.stderr
    assert not answer.out.exists()
