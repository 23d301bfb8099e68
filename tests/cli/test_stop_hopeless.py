"""`--stop-hopeless` and `--calibration`: from kept runs to the rules, what is refused, and what depends on them."""

from pathlib import Path
from typing import Any

import pytest

from grader.batch.run.keys import training_key, work_key
from grader.batch.run.settings import BatchSettings
from grader.batch.run.train_part import Machine, TrainTask
from grader.cli.hopeless import hopeless_rules
from grader.errors import UsageError
from grader.model.hopeless import GivenUp, HopelessRule
from grader.model.report import GradeReport, ModelSection, Provenance, RubricReference, Score
from grader.model.roster import RosterEntry
from grader.model.rubric import Criterion, Rubric
from grader.model.submission import Submission
from grader.model.training import EpochRecord, Training, TrainingRun
from grader.pipeline.assemble import flags
from grader.pipeline.request import Backends, KnownRecipes, Options, Request
from grader.reference.kept import RunIdentity, keep
from grader.rubric.load import load_rubric
from grader.training.recipe import load_recipe

RUBRIC = load_rubric("demo")
RECIPE = load_recipe("digits")


def kept(folder: Path, runs: int, *parts: str) -> None:
    """So many runs of the demo's task, as `grader calibrate` keeps them: 90 %, and one point more at the end."""
    curve = [0.90] * 9 + [0.91]
    for seed in range(runs):
        records = tuple(
            EpochRecord(epoch=epoch, lr=0.1, train_loss=0.1, train_accuracy=0.9, test_accuracy=value, seconds=1.0)
            for epoch, value in enumerate(curve, 1)
        )
        run = TrainingRun(
            seed=seed, evaluated_on="test", best_accuracy=0.91, best_epoch=10, final_accuracy=0.91,
            first_epoch_at_target=None, epochs=records,
        )  # fmt: skip
        report = GradeReport(
            scope="full", verdict="pass", summary="S.", score=Score(points=1, max_points=1),
            rubric=RubricReference(id="demo", title="D", digest="0" * 64),
            model=ModelSection.model_validate(
                {"file": "model.py", "cell": None, "class": "Net", "line": 1, "selected_by": ".grader.yml"}
            ),
            training=Training(status="completed", recipe=RECIPE.model_dump(mode="json"), runs=(run,)),
            outcomes=(),
            provenance=Provenance(
                source="reference model", path=None, commit=None, dirty=False, grader_version="0", python="3",
                torch="2", sandbox="bubblewrap", sandbox_strength="isolated", created_at="2026-01-01", seconds=1.0,
            ),
        )  # fmt: skip
        identity = RunIdentity.of(
            model="/".join(parts).encode(), recipe=RECIPE.digest, task=RUBRIC.task, seed=seed, epochs=None, device="cpu"
        )
        keep(report, folder.joinpath(*parts, f"seed-{seed}"), identity)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> tuple[HopelessRule, ...]:
    folder = tmp_path_factory.mktemp("calibration")
    kept(folder, 8, "runs", "one")
    kept(folder, 6, "reference-recipe", "runs", "one")
    (folder / "runs" / "half" / "seed-0").mkdir(parents=True)
    (folder / "runs" / "half" / "seed-0" / "run.json").write_text("{")
    return hopeless_rules(0.2, folder, RUBRIC, None)


def test_the_rules_come_from_all_runs_that_are_kept(rules: tuple[HopelessRule, ...]) -> None:
    (rule,) = rules
    assert (rule.runs, rule.schedule, rule.epochs, rule.target, rule.level) == (14, "onecycle", 10, 0.97, 0.2)
    assert rule.looks[-1].gain == pytest.approx(0.01)
    assert HopelessRule.model_validate_json(rule.model_dump_json()) == rule


def test_off_there_are_no_rules() -> None:
    assert hopeless_rules(None, None, RUBRIC, None) == ()


def judged_by(*checks: str) -> Rubric:
    criteria = [Criterion(id=check, title=check, check=check, points=1, text="T.") for check in checks]
    return RUBRIC.model_copy(update={"criteria": tuple(criteria)})


@pytest.mark.parametrize(
    ("level", "folder", "rubric", "said"),
    [
        (None, ".", RUBRIC, "--calibration says by which runs a hopeless one is stopped. Add --stop-hopeless LEVEL."),
        (0.05, None, RUBRIC, "--stop-hopeless needs runs of reference models. Name the folder that `grader calibrate`"),
        (5, ".", RUBRIC, "--stop-hopeless is a chance between 0 and 0.5, for example 0.05; 5 is not."),
        (float("nan"), ".", RUBRIC, "--stop-hopeless is a chance between 0 and 0.5, for example 0.05; nan is not."),
        (0.05, "gone", RUBRIC, "gone, which --calibration names."),
        (0.05, ".", RUBRIC, "59 runs with one kind of schedule are needed"),
        (0.05, ".", judged_by("dropout"), "can't be used with the rubric 'demo': it has no accuracy criterion."),
    ],
)
def test_bad_use_is_one_sentence(
    level: float | None, folder: str | None, rubric: Rubric, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        hopeless_rules(level, None if folder is None else tmp_path / folder, rubric, None)
    assert said in str(caught.value)


def test_the_keys_of_reports_batches_and_trainings_depend_on_the_rule(
    rules: tuple[HopelessRule, ...], tmp_path: Path
) -> None:
    def settings(**options: Any) -> BatchSettings:
        return BatchSettings(
            title="t", roster="r", out=tmp_path, rubric=RUBRIC, recipes=KnownRecipes(reference=RECIPE),
            options=Options(**options),
        )  # fmt: skip

    entry, machine = (
        RosterEntry(student="ada", line=2, repository="https://h.example/a"),
        Machine("cpu", "torch", "2", "1"),
    )
    off, on, untrained = settings(), settings(hopeless=rules), settings(hopeless=rules, train=False)
    assert (off.hopeless, untrained.hopeless) == (None, None)
    assert off.key != on.key
    assert untrained.key == settings(train=False).key
    keys = [work_key(entry, "c" * 40, one, machine, "bubblewrap") for one in (off, on)]
    assert keys[0].hopeless is None
    assert keys[1] == keys[0].model_copy(update={"hopeless": on.hopeless})

    export: Any = None
    tasks = [TrainTask(export, RECIPE, RUBRIC.task, 0, 0.97, "cpu", None, 1800, 0, rule) for rule in (None, *rules)]
    trained = [training_key(task, "graph", machine) for task in tasks]
    assert [key.hopeless for key in trained] == [None, rules[0].digest]
    assert trained[0].digest != trained[1].digest


def test_a_person_is_told(tmp_path: Path) -> None:
    reason = GivenUp(epoch=4, epochs=10, target=0.97, gain=0.01, chance=0.1926, level=0.2, runs=14)
    run = TrainingRun(
        seed=0, evaluated_on="test", best_accuracy=0.5, best_epoch=1, final_accuracy=0.5, first_epoch_at_target=None,
        epochs=(), stopped="hopeless", given_up=reason,
    )  # fmt: skip
    submission = Submission(source="s", checkout=tmp_path, root=tmp_path)
    request = Request(submission=submission, rubric=RUBRIC, recipes=KnownRecipes(reference=RECIPE))

    class Isolated:
        name, strength = "bubblewrap", "isolated"

    backends = Backends(sandbox=Isolated())  # type: ignore[arg-type]
    training = Training(status="completed", recipe_source="rubric", recipe={"name": "house"}, runs=(run,))
    (flag,) = flags(request, backends, None, None, training)
    assert flag.kind == "hopeless"
    assert flag.message == (
        "Runs with the reference recipe house were stopped as hopeless, as --stop-hopeless asks: seed 0 after 4 of 10"
        " epochs. By 14 runs of reference models, such a run would still have reached 97.00 % with a chance of at most"
        " 19.3 % (asked for: below 20.0 %)."
    )
    first = training.model_copy(update={"runs": ()})
    assert len(flags(request, backends, None, None, first.model_copy(update={"second_try": training}))) == 1
    assert flags(request, backends, None, None, first) == ()
