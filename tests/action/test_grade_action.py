"""The composite action `grade`, step by step from its own action.yml, on a passing and a failing repository."""

import base64
import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from actions_runner import ROOT, Machine, run_action
from graded_repository import Graded


def classroom(graded: Graded) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(base64.b64decode(graded.ran.outputs["classroom-result"]))
    return loaded


def test_a_passing_submission_is_green(passing: Graded) -> None:
    ran = passing.ran
    assert not ran.failed, ran.log
    assert ran.done["Grade"] == ran.done["Keep the report"] == "success"
    assert ran.done["Turn red"] == "skipped"
    # 20 + 10 + 10 + 10 of 60 points without retraining; the optional 10 for the receptive field are not earned.
    assert (ran.outputs["verdict"], ran.outputs["points"], ran.outputs["max-points"]) == ("pass", "8.33", "10")
    assert ran.marks("error") == []
    assert {mark.properties["file"] for mark in ran.marks("notice")} == {"session 5/model.py"}


def test_outputs_name_the_report_that_is_in_the_artifact(passing: Graded) -> None:
    assert hashlib.sha256(passing.report).hexdigest() == passing.ran.outputs["report-digest"]
    with zipfile.ZipFile(io.BytesIO(passing.artifact)) as archive:
        assert sorted(archive.namelist()) == ["report.html", "report.json", "report.md"]
        assert archive.read("report.json") == passing.report
    assert json.loads(passing.report)["provenance"]["commit"] == passing.commit


def test_classrooms_result_is_out_of_the_same_points(passing: Graded, failing: Graded) -> None:
    result = classroom(passing)
    assert (result["version"], result["status"], result["max_score"]) == (1, "pass", 10)
    assert sum(test["score"] for test in result["tests"]) == pytest.approx(50 / 6)
    assert classroom(failing)["status"] == "fail"


def test_a_failing_submission_turns_red_after_its_report_is_kept(failing: Graded) -> None:
    ran = failing.ran
    assert ran.failed
    assert (ran.done["Grade"], ran.done["Keep the report"], ran.done["Turn red"]) == ("success", "success", "failure")
    assert (ran.outputs["verdict"], ran.outputs["points"]) == ("fail", "40")
    assert "grader-report" in failing.artifacts.held["1"]


def test_the_line_at_fault_is_marked(failing: Graded) -> None:
    errors = failing.ran.marks("error")
    assert [(mark.properties["title"], mark.properties["file"]) for mark in errors] == [("Dropout", "model.py")]
    source = (Path(failing.ran.outputs["report"]).parents[1] / "workspace/model.py").read_text().splitlines()
    assert source[int(errors[0].properties["line"]) - 1].startswith("class Net")
    assert "No dropout can influence the output." in errors[0].data


def test_only_feedback_says_that_it_is_not_the_grade(passing: Graded, failing: Graded) -> None:
    assert failing.ran.summary.startswith("> **Feedback, not the grade.**")
    assert "Feedback" not in passing.ran.summary
    assert passing.ran.summary.startswith("**8.33 of 10 points** for this assignment.")


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"train": "yes"}, "Invalid value for '--train' (env var: 'GRADER_INPUT_TRAIN')"),
        ({"epochs": "0"}, "Invalid value for '--epochs' (env var: 'GRADER_INPUT_EPOCHS')"),
        ({"points": "none"}, "Invalid value for '--points' (env var: 'GRADER_INPUT_POINTS')"),
        ({"rubric": "mnist-20"}, "There is no rubric 'mnist-20' (did you mean 'mnist-20k'?)"),
        ({"rubric": "course/mnist.yaml"}, "there is no such file"),
        ({"source": "nowhere"}, "There is no folder"),
        ({"token": "t"}, "A token is for a source that is fetched; this one is a folder."),
        ({"source": "http://x.example/a/b", "token": "t"}, "A token is sent over https only."),
    ],
)
def test_a_wrong_input_is_one_sentence(machine: Machine, inputs: dict[str, str], sentence: str) -> None:
    ran = run_action("grade", {"install": "false", "train": "false", "rubric": "demo", **inputs}, machine)
    assert ran.failed
    assert ran.done["Keep the report"] == ran.done["Turn red"] == "skipped"
    assert sentence in " ".join(ran.log.replace("\u2502", " ").split())
    assert "Traceback" not in ran.log
    assert ran.outputs["verdict"] == ran.outputs["points"] == ""
    assert list(machine.temp.iterdir()) == []


def test_a_token_is_shown_nowhere(machine: Machine) -> None:
    inputs = {"source": "https://127.0.0.1:9/a/b", "token": "ghs_secret/+", "ref": "main", "rubric": "demo"}
    ran = run_action("grade", {"install": "false", "train": "false", **inputs}, machine)
    assert ran.failed
    assert "https://127.0.0.1:9/a/b" in ran.log
    assert "ghs_secret" not in ran.log + ran.summary


@pytest.mark.system  # for its time: a real retraining
def test_a_submission_is_retrained_and_passes(machine: Machine) -> None:
    shutil.copytree(ROOT / "reference_models/demo", machine.workspace / "handed in")
    ran = run_action("grade", {"install": "false", "rubric": "demo", "source": "handed in"}, machine)
    assert not ran.failed, ran.log
    assert (ran.outputs["verdict"], ran.outputs["max-points"]) == ("pass", "100")
    assert "accuracy" in ran.summary.lower()
