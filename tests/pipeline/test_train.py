"""When there is a second try, and what becomes of the first; the training itself is played."""

from pathlib import Path
from typing import Any

import pytest

from grader.errors import RecipeError
from grader.model.code_recipe import Unread
from grader.model.recipe import Recipe, Sgd
from grader.model.rubric import Criterion, Rubric
from grader.model.submission import Submission
from grader.model.task import Task
from grader.model.training import EpochRecord, Training, TrainingRun
from grader.pipeline.request import Backends, KnownRecipes, Options, RecipeChoice, Request
from grader.pipeline.train import train

HOUSE = Recipe(name="house", optimizer=Sgd(lr=0.1))
OWN = Recipe(name="own", optimizer=Sgd(lr=0.2)).with_origins({"optimizer.name": "train.py:31"})
UNREAD = Unread(field="schedule", reason="computed")
OF_CODE = RecipeChoice(OWN, "code", notes=("Odd.",))
REFERENCE = RecipeChoice(HOUSE, "rubric")


def played(accuracy: float, status: str = "completed") -> Training:
    epoch = EpochRecord(epoch=1, lr=0.1, train_loss=0.1, train_accuracy=accuracy, test_accuracy=accuracy, seconds=1)
    run = TrainingRun(
        seed=0, evaluated_on="test", best_accuracy=accuracy, best_epoch=1, final_accuracy=accuracy,
        first_epoch_at_target=None, epochs=(epoch,),
    )  # fmt: skip
    return Training.model_validate({"status": status, "runs": (run,)})


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`trained(attempts, outcomes)`: the training, what was trained with which weights' name, and the stages."""

    def run(
        attempts: tuple[RecipeChoice, ...], *outcomes: Training | RecipeError, check: str = "accuracy"
    ) -> tuple[Training, list[tuple[str, str]], list[str]]:
        left, asked, stages = list(outcomes), [], []

        def retrain(export: Any, recipe: Recipe, task: Task, **settings: Any) -> Training:
            asked.append((recipe.name, settings["weights_name"]))
            outcome = left.pop(0)
            if isinstance(outcome, RecipeError):
                raise outcome
            return outcome

        monkeypatch.setattr("grader.training.launch.retrain", retrain)
        parameters = {"target": 0.9} if check == "accuracy" else {}
        criterion = Criterion(id="a", title="A", check=check, parameters=parameters, points=1, text="T.")
        task = Task(dataset="digits", epochs=1, seeds=(0,))
        rubric = Rubric(id="r", title="R", task=task, reference_recipe="house", criteria=(criterion,))
        submission = Submission(source="s", checkout=tmp_path, root=tmp_path)
        request = Request(
            submission=submission, rubric=rubric, recipes=KnownRecipes(reference=HOUSE), options=Options()
        )
        backends: Any = Backends(sandbox=None, on_stage=stages.append)
        return train(request, attempts, backends, export=None), asked, stages

    return run


def test_a_miss_has_a_second_try_with_the_reference_recipe(trained: Any) -> None:
    training, asked, stages = trained((OF_CODE, REFERENCE), played(0.5), played(0.95))
    assert asked == [("own", "weights"), ("house", "second-try-weights")]
    assert (training.recipe_source, training.runs[0].best_accuracy) == ("code", 0.5)
    assert (training.recipe_is_the_students, training.recipe_notes) == (True, ("Odd.",))
    second = training.second_try
    assert (second.recipe_source, second.recipe_is_the_students, second.runs[0].best_accuracy) == (
        "rubric",
        False,
        0.95,
    )
    assert stages == [
        "retraining on digits with the submission's recipe (train.py:31)",
        "second try: retraining on digits with the reference recipe house",
    ]


@pytest.mark.parametrize(
    ("attempts", "first"),
    [
        ((OF_CODE, REFERENCE), played(0.9)),
        ((OF_CODE,), played(0.5)),
        ((REFERENCE,), played(0.5)),
        ((OF_CODE, REFERENCE), played(0.5, "partial")),
        ((OF_CODE, REFERENCE), played(0.5, "error")),
        ((OF_CODE, REFERENCE), Training(status="skipped", reason="No data.", recipe={})),
    ],
)
def test_there_is_no_second_try(attempts: tuple[RecipeChoice, ...], first: Training, trained: Any) -> None:
    training, asked, _ = trained(attempts, first)
    assert len(asked) == 1
    assert training.second_try is None


def test_a_recipe_that_was_not_read_in_full_is_not_the_students(trained: Any) -> None:
    choice = RecipeChoice(OWN, "code", unread=(UNREAD,), complete=False)
    training, _, _ = trained((choice,), played(0.95))
    assert (training.recipe_is_the_students, training.recipe_unread) == (False, (UNREAD,))


@pytest.mark.parametrize(
    ("choice", "mend"), [(OF_CODE, "in a .grader.yml"), (RecipeChoice(OWN, "manifest"), "that .grader.yml names")]
)
def test_a_recipe_that_does_not_fit_leaves_the_second_try(choice: RecipeChoice, mend: str, trained: Any) -> None:
    training, asked, _ = trained((choice, REFERENCE), RecipeError("The batch is too large."), played(0.95))
    assert len(asked) == 2
    assert (training.status, training.runs, training.recipe["name"]) == ("skipped", (), "own")
    assert training.reason == "The submission's recipe does not fit: The batch is too large."
    assert mend in training.mend
    assert training.second_try.runs[0].best_accuracy == 0.95


@pytest.mark.parametrize("choice", [REFERENCE, RecipeChoice(OWN, "option")])
def test_a_recipe_of_the_course_that_does_not_fit_is_wrong_use(choice: RecipeChoice, trained: Any) -> None:
    with pytest.raises(RecipeError, match="too large"):
        trained((choice,), RecipeError("The batch is too large."))


def test_interrupting_the_second_try_interrupts_the_whole(trained: Any) -> None:
    training, _, _ = trained((OF_CODE, REFERENCE), played(0.5), played(0.5, "partial"))
    assert training.was_interrupted
    assert training.status == "completed"


def test_without_an_accuracy_criterion_nothing_trains(trained: Any) -> None:
    training, asked, _ = trained((OF_CODE, REFERENCE), check="dropout")
    assert (training.status, asked) == ("not_requested", [])
