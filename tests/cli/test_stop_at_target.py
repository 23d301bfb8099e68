"""`--stop-at-target`: what is refused, what depends on it, what reaches the engine, and what a report says of it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.assets import folder
from grader.batch.fetch.submission import FetchSettings
from grader.batch.run.keys import training_key, work_key
from grader.batch.run.settings import BatchSettings
from grader.batch.run.train_part import Machine, TrainTask
from grader.cli.stop_at_target import require_stop_allowed
from grader.errors import UsageError
from grader.model.roster import RosterEntry
from grader.model.rubric import Rubric
from grader.model.submission import Submission
from grader.model.training import Training
from grader.pipeline.request import Backends, KnownRecipes, Options, RecipeChoice, Request
from grader.pipeline.train import train
from grader.report.html import to_html
from grader.report.json_report import from_json
from grader.report.markdown import to_markdown
from grader.rubric.load import load_rubric
from grader.training.recipe import load_recipe
from grader.web.configuration import Assignment, Work
from grader.web.grading.offices import settings_of
from grader.web.repositories import Course

RUBRIC, LAST_EPOCHS = load_rubric("demo"), load_rubric("mnist-8k")
RECIPE = load_recipe("digits")


def test_it_is_refused_where_the_rubric_judges_more(grader: Callable, tmp_path: Path) -> None:
    untrained = RUBRIC.model_copy(update={"criteria": RUBRIC.criteria[:1]})
    require_stop_allowed(RUBRIC)
    with pytest.raises(UsageError, match=r"can't be used with the rubric 'demo': it has no accuracy criterion\.$"):
        require_stop_allowed(untrained)
    (tmp_path / "class.csv").write_text("student,repository\nada,https://h.example/ada\n")
    sentence = "--stop-at-target can't be used with the rubric 'mnist-8k': it judges the last epochs of a training."
    out = tmp_path / "results"
    for command in (("check", tmp_path), ("batch", tmp_path / "class.csv", "--out", out)):
        answer = grader(*command, "--rubric", "mnist-8k", "--stop-at-target")
        assert (answer.code, answer.stderr) == (2, f"grader: {sentence}\n")


def test_without_training_it_says_nothing(grader: Callable, submission: Callable[..., Path], good_model: str) -> None:
    root = submission({"model.py": good_model})
    answer = grader("check", root, "--rubric", "mnist-8k", "--no-train", "--stop-at-target")
    assert answer.report["scope"] == "static"


@pytest.mark.parametrize(
    ("rubric", "options", "passed_on"),
    [
        (RUBRIC, Options(), False),
        (RUBRIC, Options(stop_at_target=True), True),
        (LAST_EPOCHS, Options(stop_at_target=True), False),
    ],
)
def test_the_engine_is_told_where_the_rubric_lets_it(
    rubric: Rubric, options: Options, passed_on: bool, tmp_path: Path
) -> None:
    told: list[bool] = []

    def retrain(*_: Any, stop_at_target: bool, **__: Any) -> Training:
        told.append(stop_at_target)
        return Training(status="error", reason="Played.")

    request = Request(
        Submission(source="s", checkout=tmp_path, root=tmp_path), rubric, KnownRecipes(reference=RECIPE), options
    )
    sandbox: Any = None
    export: Any = None
    train(request, (RecipeChoice(RECIPE, "rubric"),), Backends(sandbox=sandbox, retrain=retrain), export)
    assert told == [passed_on]


def test_the_keys_of_reports_batches_and_trainings_depend_on_it(tmp_path: Path) -> None:
    def settings(rubric: Rubric = RUBRIC, **options: Any) -> BatchSettings:
        return BatchSettings(
            title="t", roster="r", out=tmp_path, rubric=rubric, recipes=KnownRecipes(reference=RECIPE),
            options=Options(**options),
        )  # fmt: skip

    off, on = settings(), settings(stop_at_target=True)
    untrained = settings(stop_at_target=True, train=False)
    assert (off.stop_at, on.stop_at, untrained.stop_at) == (None, 0.97, None)
    assert off.key != on.key
    assert untrained.key == settings(train=False).key
    assert settings(LAST_EPOCHS, stop_at_target=True).key == settings(LAST_EPOCHS).key
    entry = RosterEntry(student="ada", line=2, repository="https://h.example/a")
    machine = Machine("cpu", "torch", "2", "1")
    reports = [work_key(entry, "c" * 40, one, machine, "bubblewrap") for one in (off, on)]
    assert reports[1] == reports[0].model_copy(update={"stop_at": 0.97})
    assert reports[1].digest != reports[0].digest

    def run(target: float, stop: bool) -> str:
        export: Any = None
        task = TrainTask(export, RECIPE, RUBRIC.task, 0, target, "cpu", None, 1800, 0, stop_at_target=stop)
        return training_key(task, "graph", machine).digest

    assert run(0.97, False) == run(0.98, False)
    assert len({run(0.97, False), run(0.97, True), run(0.98, True)}) == 3


def test_the_service_grades_as_its_assignment_says() -> None:
    def settings(**more: Any) -> BatchSettings:
        assignment = Assignment(name="mnist", rubric="demo", repositories=("course/mnist-*",), **more)
        return settings_of(Course(assignment, RUBRIC), Work(), FetchSettings())

    stopping = settings(stop_at_target=True)
    assert (settings().stop_at, stopping.stop_at) == (None, 0.97)
    assert "--stop-at-target" not in settings().command
    assert stopping.command[-1] == "--stop-at-target"
    assert "--stop-at-target" not in settings(stop_at_target=True, train=False).command


def test_a_real_run_ends_at_the_target_and_every_form_of_its_report_says_so(
    grader: Callable, submission: Callable[..., Path], good_model: str, tmp_path: Path
) -> None:
    """A target so low that the first of two epochs reaches it."""
    text = (folder("rubrics") / "demo.yaml").read_text()
    assert (text.count("target: 0.97"), text.count("epochs: 10")) == (1, 1)
    rubric = tmp_path / "low.yaml"
    rubric.write_text(text.replace("target: 0.97", "target: 0.05").replace("epochs: 10", "epochs: 2"))
    answer = grader("check", submission({"model.py": good_model}), "--rubric", rubric, "--stop-at-target")
    (run,) = answer.report["training"]["runs"]
    assert (run["stopped"], len(run["epochs"]), run["first_epoch_at_target"]) == ("target", 1, 1)
    (accuracy,) = (one for one in answer.report["outcomes"] if one["id"] == "accuracy")
    assert accuracy["status"] == "passed"
    assert "in epoch 1 of at most 2, where --stop-at-target ended the training." in accuracy["message"]
    report = from_json(json.dumps(answer.report))
    for form in (answer.stdout, to_markdown(report), to_html(report)):
        assert "1 epoch, ended by --stop-at-target" in re.sub(r"\s+", " ", form)
    assert "--stop-at-target" in answer.report["provenance"]["command"]
