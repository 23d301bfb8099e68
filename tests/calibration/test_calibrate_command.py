"""The command, end to end on the offline digits; and what it answers to bad use."""

import json
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from grader.calibration.write import from_json
from grader.cli.calibrate import calibrate
from grader.errors import GraderError
from grader.reference.runs import Wanted

app = typer.Typer()
app.command()(calibrate)

RUBRIC = """
id: tiny
title: A tiny rubric
task: {dataset: digits, epochs: 2, seeds: [0, 1]}
reference_recipe: digits
criteria:
  - {id: accuracy, title: T, check: accuracy, points: 1, text: T, parameters: {target: 0.2}}
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments), "--device", "cpu"])


def sentence(*arguments: str | Path) -> tuple[str, int]:
    """What `grader` would print, and its exit code."""
    problem = run(*arguments).exception
    assert isinstance(problem, GraderError), problem
    return str(problem), problem.exit_code


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.yaml"
    file.write_text(RUBRIC)
    return file


def test_a_calibration_from_end_to_end(references: Path, rubric: Path, tmp_path: Path) -> None:
    published = references / "tiny" / "published.yaml"
    published.write_text(published.read_text() + "epochs: 2\n")
    out = tmp_path / "out"
    command = (rubric, "--seeds", "1", "--models", "tiny", "--from", references, "--out", out)
    first = run(*command)
    assert first.exit_code == 0, first.output
    calibration = from_json((out / "calibration.json").read_text())
    (model,) = calibration.models
    assert (model.key, model.expected, [len(run.accuracies) for run in model.runs]) == ("tiny", "pass", [2])
    assert (calibration.target, calibration.epochs, calibration.origin.dataset) == (0.2, 2, "digits")
    kept = json.loads((out / "runs" / "tiny" / "seed-0" / "report.json").read_text())
    assert [epoch["test_accuracy"] for epoch in kept["training"]["runs"][0]["epochs"]] == list(model.runs[0].accuracies)
    assert model.recipe_digest == kept["training"]["runs"][0]["environment"]["recipe_digest"]
    assert first.stdout.splitlines()[0] == "tiny: 20.00 % within 2 epochs"
    assert first.stdout.endswith(f"\nCalibration: {out / 'calibration.html'}\n")
    assert "tiny, seed 0: best" in first.stderr
    assert "Calibration · A tiny rubric (tiny)" in (out / "calibration.html").read_text()

    again = run(*command)
    assert "done before (1 of 1)" in again.stderr
    assert from_json((out / "calibration.json").read_text()).models == calibration.models


def test_an_interruption_says_how_to_go_on(
    references: Path, rubric: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(wanted: list[Wanted], *_: object) -> None:
        assert wanted == [Wanted("tiny", 0), Wanted("tiny", 1)]
        raise KeyboardInterrupt

    monkeypatch.setattr("grader.reference.runs.measure", interrupted)
    out = tmp_path / "out"
    ended = run(rubric, "--models", "tiny", "--from", references, "--seeds", "2", "--out", out, "--recipe", "reference")
    assert f"Finished runs are kept in {out / 'reference-recipe'}; the same command goes on." in ended.stderr
    assert ended.exit_code == 130
    assert not out.exists()


def test_an_unknown_rubric() -> None:
    assert sentence("mnist-20") == (
        "There is no rubric 'mnist-20' (did you mean 'mnist-20k'?). `grader rubric list` shows the shipped ones.",
        2,
    )


def test_an_unknown_model() -> None:
    assert sentence("mnist-20k", "--models", "minimal,regularised") == (
        "There is no reference model 'regularised' (did you mean 'regularized'?).",
        2,
    )


def test_no_model(rubric: Path) -> None:
    assert sentence("mnist-20k", "--models", ", ")[0].startswith("--models names no reference model.")
    assert sentence(rubric) == (
        "No reference model was written for the rubric 'tiny'."
        " Name some with --models; `grader reference list` shows them.",
        2,
    )


def test_a_rubric_without_accuracy(rubric: Path) -> None:
    rubric.write_text(RUBRIC.replace("check: accuracy", "check: dropout").replace("target: 0.2", ""))
    assert sentence(rubric) == ("The rubric 'tiny' has no accuracy criterion, so there is no rule to calibrate.", 2)


@pytest.mark.parametrize("level", ["0", "1", "5", "-0.1", "nan"])
def test_a_level_that_is_no_rate(level: str) -> None:
    found, code = sentence("mnist-20k", f"--level={level}")
    assert found == f"--level is a rate between 0 and 1, for example 0.05; {level} is not."
    assert code == 2


def test_seeds_0() -> None:
    ended = run("mnist-20k", "--seeds", "0")
    assert ended.exit_code == 2
    assert "Invalid value for '--seeds'" in ended.stderr


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    found, code = sentence("mnist-20k", "--models", "minimal", "--out", tmp_path / "taken")
    assert found == f"The report can't be written to {tmp_path / 'taken'}: there is a file of that name." + (
        " Name another folder with --out."
    )
    assert code == 2
