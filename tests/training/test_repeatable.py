"""The same seed gives the same run to the digit: two real training processes, with everything that draws numbers."""

from grader.model.graph import Export
from grader.model.pace import Pace
from grader.model.recipe import Recipe
from grader.model.task import Task
from grader.model.training import TrainingRun
from grader.training.launch import retrain

RECIPE = Recipe.model_validate(
    {
        "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4},
        "schedule": {"name": "onecycle", "max_lr": 0.1, "step": "batch"},
        "batch_size": 64,
        "epochs": 3,
        "split": {"validation": 200, "augmented": True},
        "rotated_copies": [7.0],
        "clip": {"norm": 1.0},
        "loss": {"label_smoothing": 0.1},
        "augmentation": [
            {"name": "affine", "degrees": 8, "translate": [0.1, 0.1], "scale": [0.9, 1.1], "shear": 5},
            {"name": "crop", "padding": 2},
            {"name": "erasing", "p": 0.3, "value": "random"},
        ],
    }
)


def repeatable(run: TrainingRun) -> dict[str, object]:
    """Everything but wall time, what follows from it, and memory."""
    measured = {"peak_memory_bytes": True, "epochs": {"__all__": {"seconds"}}, "environment": set(Pace.model_fields)}
    assert Pace.of_entries(run.environment)
    values = run.model_dump(exclude=measured)
    assert values["evaluation"]["predictions_digest"]
    assert values["evaluation"]["filters"]
    assert values["evaluation"]["saliency"]
    assert len(values["epochs"]) == 3
    return values


def test_the_same_seed_gives_the_same_run_to_the_digit(small: Export) -> None:
    def train() -> TrainingRun:
        training = retrain(small, RECIPE, Task(dataset="digits"), device="cpu", seeds=(3,))
        assert training.status == "completed", training.reason
        return training.runs[0]

    assert repeatable(train()) == repeatable(train())
