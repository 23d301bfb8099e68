"""`grader reference` and `grader baseline` as a person types them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.reference.catalog import load_references

TOTALS = {
    "dsconv_se": "17,682", "regularized": "19,204", "minimal": "14,116", "optimized": "7,034", "final": "19,382",
    "two_fc": "16,966", "one_epoch": "8,530",
}  # fmt: skip


def test_the_list(grader: Callable) -> None:
    answer = grader("reference", "list")
    assert answer.code == 0
    listed = [line.split() for line in answer.stdout.splitlines()[1:]]
    assert [(words[0], words[1]) for words in listed] == list(TOTALS.items())
    assert [words[2] for words in listed] == ["36", "40", "40", "12", "20", "18", "12"]


def test_showing_one(grader: Callable) -> None:
    answer = grader("reference", "show", "optimized")
    assert answer.code == 0
    assert "7,034" in answer.stdout
    assert '- "About 15,000 parameters"  Measured: 7,034.' in answer.stdout


@pytest.mark.parametrize("key", list(TOTALS))
def test_each_exported_one_misses_what_it_should_and_nothing_else(grader: Callable, tmp_path: Path, key: str) -> None:
    repository = tmp_path / "repository"
    assert grader("reference", "export", key, repository).code == 0
    published = next(one.published for one in load_references() if one.key == key)
    answer = grader("check", repository, "--rubric", published.rubric, "--no-train", "-q")
    outcomes = {outcome["id"]: outcome for outcome in answer.report["outcomes"]}
    assert {name for name, outcome in outcomes.items() if outcome["status"] != "passed"} == set(published.fails)
    assert all(outcome["status"] in ("passed", "failed") for outcome in outcomes.values())
    assert answer.report["facts"]["parameters"]["total"] == published.parameters
    assert answer.report["facts"]["receptive_field"]["before_head"] == published.receptive_field
    assert answer.code == (1 if key == "minimal" else 0)
    head = answer.report["facts"]["head"]
    assert head["gap"] == (key != "two_fc")
    assert head["fc"] == (key in ("dsconv_se", "optimized", "final", "two_fc"))


def test_an_unknown_key(grader: Callable, tmp_path: Path) -> None:
    for arguments in (("reference", "show", "minimol"), ("reference", "export", "minimol", tmp_path / "x")):
        answer = grader(*arguments)
        assert answer.code == 2
        assert answer.stderr == "grader: There is no reference model 'minimol' (did you mean 'minimal'?).\n"
    answer = grader("baseline", "minimol", "--out", tmp_path / "baseline")
    assert answer.code == 2
    assert "did you mean 'minimal'" in answer.stderr


def test_a_baseline_goes_on_where_it_was(grader: Callable, references: Path, tmp_path: Path) -> None:
    out = tmp_path / "baseline"
    first = grader("baseline", "--from", references, "--device", "cpu", "--out", out)
    assert first.code == 0
    assert "| `tiny` | 506 | 7 |" in first.stdout
    assert (out / "baseline.md").read_text() == first.stdout
    table = json.loads((out / "baseline.json").read_text())
    assert table["schema"] == "grader/baseline/v1"
    again = grader("baseline", "tiny", "--from", references, "--device", "cpu", "--out", out)
    assert again.stdout == first.stdout
    assert "tiny, seed 0: done before (1 of 1)" in again.stderr


def test_a_baseline_without_data_trains_nothing(grader: Callable, tmp_path: Path) -> None:
    answer = grader("baseline", "one_epoch", "--data-dir", tmp_path, "--out", tmp_path / "baseline", "-q")
    assert answer.code == 3
    assert "one_epoch, seed 0 was not trained" in answer.stderr
    assert "grader data fetch" in answer.stderr


def test_a_table_that_cannot_be_written(grader: Callable, references: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    answer = grader("baseline", "--from", references, "--device", "cpu", "--out", tmp_path / "file", "-q")
    assert answer.code == 2
    assert "can't be written" in answer.stderr
    assert (tmp_path / "file").read_text() == "mine"
