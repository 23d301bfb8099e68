"""From reports to a calibration, and its JSON."""

import json
from pathlib import Path

import jsonschema
import pytest
from calibration_factory import CREATED, calibration_of, realistic, report_of, run_of, steady

from grader.calibration.calibrate import Asked, calibrate
from grader.calibration.schema import calibration_schema, schema_text
from grader.calibration.text import to_text
from grader.calibration.write import from_json, to_json, write_calibration
from grader.errors import GraderError, UsageError
from grader.reference.runs import Wanted
from grader.rubric.load import load_rubric

SCHEMA = Path(__file__).parents[2] / "docs" / "calibration.schema.json"


def test_what_a_model_comes_to() -> None:
    runs = [run_of([0.98, 0.995, 0.993], 0), run_of([0.98, 0.99, 0.994], 1), run_of([0.98, 0.992, 0.991], 2)]
    (model,) = calibration_of({"a": runs}).models
    assert model.best.mean == pytest.approx((0.995 + 0.994 + 0.992) / 3)
    assert (model.final.minimum, model.final.median, model.final.maximum) == (0.991, 0.993, 0.994)
    assert [run.epoch_at_target for run in model.runs] == [2, 3, None]
    assert [run.best_epoch for run in model.runs] == [2, 3, 2]
    assert (model.reaching.reached, model.reaching.of) == (2, 3)
    assert model.recipe_digest == "5" * 64


def test_the_epochs_asked_for_are_the_cap_and_named() -> None:
    calibration = calibration_of({"a": [run_of([0.98, 0.99, 0.995])]}, epochs=2)
    (run,) = calibration.models[0].runs
    assert (run.best_accuracy, run.final_accuracy, run.epoch_at_target) == (0.99, 0.99, None)
    assert (calibration.epochs, calibration.rubric_epochs) == (2, 20)
    assert calibration.notes == (
        "Every run was given 2 epochs, not the 20 of the rubric: nothing here is true of the rubric as it stands.",
    )


def test_a_recipe_that_ends_early_is_named() -> None:
    notes = calibration_of({"a": [run_of([0.99], 0, "early_stop")], "b": [run_of([0.99], 0)]}).notes
    assert notes == ("The recipe of a may end training early; the epoch it ended with is the last.",)


def test_runs_that_are_left_out_are_named() -> None:
    calibration = calibration_of({"a": [run_of([0.995], 0), run_of([0.995], 1, "interrupted")]})
    assert calibration.left_out == ("a, seed 1 was interrupted after epoch 1.",)
    assert calibration.models[0].reaching.of == 1
    assert "Left out: a, seed 1 was interrupted after epoch 1." in to_text(calibration)


def test_no_run_that_can_be_used() -> None:
    asked = Asked(rubric=load_rubric("mnist-20k"), published={}, level=0.05)
    with pytest.raises(GraderError) as caught:
        calibrate(asked, {Wanted("a", 0): report_of(None, "partial")}, created_at=CREATED, seconds=1)
    assert str(caught.value) == "No run can be used. a, seed 0 was not trained: It was interrupted."


def test_provenance() -> None:
    origin = realistic().origin
    assert origin.rubric_digest == load_rubric("mnist-20k").digest
    assert (origin.dataset, origin.criterion, origin.evaluated_on) == ("mnist", "accuracy", "test")
    assert (origin.grader_version, origin.torch, origin.device) == (("0.0.0",), ("2.11.0",), ("cpu",))
    assert origin.data_digest == ("d" * 64,)
    assert origin.seeds == tuple(range(12))
    assert origin.training_seconds == 4 * 12 * 20 * 12.5
    assert (origin.created_at, origin.seconds) == (CREATED, 1234.5)


def test_json_there_and_back() -> None:
    text = to_json(realistic())
    assert from_json(text) == realistic()
    assert json.loads(text)["schema"] == "grader/calibration/v1"
    assert text.isascii()


def test_json_keeps_its_schema() -> None:
    assert schema_text() == SCHEMA.read_text(encoding="utf-8"), "python -m grader.calibration.schema > docs/…"
    validator = jsonschema.Draft202012Validator(calibration_schema())
    for calibration in (realistic(), calibration_of({"a": steady(3, reached=3)}, fails=["a"])):
        validator.validate(json.loads(to_json(calibration)))
    broken = json.loads(to_json(realistic()))
    del broken["suggestion"]["level"]
    assert not validator.is_valid(broken)


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "grader/report/v1"}'])
def test_what_is_not_a_calibration(text: str) -> None:
    with pytest.raises(UsageError, match=r"^The calibration breaks grader/calibration/v1.*\.$"):
        from_json(text)


def test_both_files_are_written(tmp_path: Path) -> None:
    write_calibration(realistic(), tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["calibration.html", "calibration.json"]
    assert from_json((tmp_path / "out" / "calibration.json").read_text()) == realistic()


def test_a_single_seed_has_no_spread() -> None:
    line = to_text(calibration_of({"a": steady(1, reached=1)})).splitlines()[3]
    assert line.split() == ["a", "pass", "99.50", "%", "99.50", "%", "1", "of", "1", "2.5", "%", "to", "100", "%"]


def test_text() -> None:
    lines = to_text(realistic()).splitlines()
    assert lines[0] == "mnist-20k: 99.40 % within 20 epochs"
    assert lines[2].split() == ["model", "should", "best", "last", "reaches", "it", "95", "%", "interval"]
    assert [line.split()[:2] for line in lines[3:7]] == [
        ["wide", "pass"],
        ["deep", "pass"],
        ["small", "pass"],
        ["lucky", "fail"],
    ]
    assert lines[8].startswith("The rubric's rule: any epoch, 1 of 3 seeds. It is expected to fail a model")
    assert lines[8].endswith("; without small).")
    assert lines[9].startswith("No rule keeps false fails under 5 %.")
    assert lines[10].startswith("Without small, which no rule passes")
    assert lines[12:14] == ["In the rubric:", "task:"]
