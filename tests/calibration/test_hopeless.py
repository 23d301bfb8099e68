"""From runs whose every gain is written down here to the rule that gives up, and what it lacks."""

import math
from collections.abc import Sequence

import pytest
from calibration_factory import report_of, run_of
from scipy.stats import beta

from grader.calibration.hopeless import LOOKS, bound, hopeless_rules, row_of, runs_needed
from grader.errors import UsageError
from grader.model.hopeless import HopelessRule
from grader.model.recipe import Adam, Constant, Cosine, OneCycle, Plateau, Recipe
from grader.model.report import GradeReport
from grader.model.task import Task
from grader.model.training import TrainingRun
from grader.reference.kept import RunIdentity
from grader.training.hopeless import schedule_kind

TASK = Task(dataset="mnist", epochs=6)
RECIPE = Recipe(optimizer=Adam(), epochs=6)
# Looks after epochs 2, 3, 4 and 4 of 6.
STEADY = (0.90, 0.95, 0.96, 0.97, 0.98, 0.98)


def kept(
    curves: Sequence[Sequence[float]], recipe: Recipe = RECIPE, task: Task = TASK, lr: Sequence[float] = ()
) -> list[tuple[RunIdentity, GradeReport]]:
    """Finished runs, seed by seed."""
    found = []
    for seed, curve in enumerate(curves):
        run = run_of(curve, seed)
        if lr:
            records = [record.model_copy(update={"lr": rate}) for record, rate in zip(run.epochs, lr, strict=True)]
            run = run.model_copy(update={"epochs": tuple(records)})
        report = report_of(run)
        training = report.training.model_copy(update={"recipe": recipe.model_dump(mode="json")})
        identity = RunIdentity.of(model=b"net", recipe=recipe.digest, task=task, seed=seed, epochs=None, device="cpu")
        found.append((identity, report.model_copy(update={"training": training})))
    return found


def rule(
    curves: Sequence[Sequence[float]], level: float = 0.1, target: float = 0.99, lr: Sequence[float] = ()
) -> HopelessRule:
    (found,) = hopeless_rules(kept(curves, lr=lr), TASK, target, level)
    return found


def test_the_bound_is_clopper_pearson_one_sided() -> None:
    assert bound(0, 59) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert bound(3, 40) == pytest.approx(beta.ppf(0.95, 4, 37))


@pytest.mark.parametrize(("level", "runs"), [(0.2, 14), (0.1, 29), (0.05, 59), (0.01, 299)])
def test_so_many_runs_are_needed(level: float, runs: int) -> None:
    assert runs_needed(level) == runs
    assert bound(0, runs) < level <= bound(0, runs - 1)


def test_a_row_is_the_largest_gain_per_share_of_training_left() -> None:
    row = row_of(run_of(STEADY), RECIPE, TASK, 0.99)
    assert row is not None
    # Best after epochs 2, 3, 4, 4 is 0.95, 0.96, 0.97, 0.97; the end is 0.98.
    assert row.gain == pytest.approx(max(0.03 / (2 / 3), 0.02 / (1 / 2), 0.01 / (1 / 3), 0.01 / (1 / 5)))
    fallen = row_of(run_of((0.90, 0.95, 0.94, 0.93, 0.92, 0.91)), RECIPE, TASK, 0.99)
    assert fallen is not None
    assert fallen.gain == 0


@pytest.mark.parametrize(
    ("run", "recipe"),
    [
        (run_of(STEADY[:5]), RECIPE),
        (run_of(STEADY, stopped="early_stop"), RECIPE),
        (run_of(STEADY, stopped="diverged"), RECIPE),
        (run_of((0.90, 0.99, 0.99, 0.99, 0.99, 0.99)), RECIPE),
        (run_of(STEADY), RECIPE.model_copy(update={"schedule": Plateau()})),
        (run_of(STEADY[:2]), RECIPE.model_copy(update={"epochs": 2})),
    ],
    ids=["cut", "ended by its recipe", "diverged", "at the target before", "plateau", "no first third"],
)
def test_a_run_that_tells_nothing_is_no_row(run: TrainingRun, recipe: Recipe) -> None:
    assert row_of(run_of(STEADY), RECIPE, TASK, 0.99)
    assert row_of(run, recipe, TASK, 0.99) is None


def gaining(gain: float) -> tuple[float, ...]:
    """All of it in the last epoch: the last look, with a fifth left, decides."""
    return (0.9, 0.9, 0.9, 0.9, 0.9, 0.9 + gain)


def test_what_it_grants_is_the_largest_row_that_the_level_can_not_bear_to_lose() -> None:
    found = rule([gaining(0.001 * number) for number in range(1, 30)])
    assert (found.runs, found.beyond, found.epochs, found.schedule) == (29, 0, 6, "none")
    assert found.chance == pytest.approx(1 - 0.05 ** (1 / 29))
    assert [look.share for look in found.looks] == list(LOOKS)
    assert [look.gain for look in found.looks] == pytest.approx([0.029 / 0.2 * (1 - share) for share in LOOKS])

    more = rule([gaining(0.001 * number) for number in range(1, 61)])
    beyond = next(number for number in range(9) if beta.ppf(0.95, number + 2, 60 - number - 1) >= 0.1)
    assert more.beyond == beyond == 1
    assert more.chance == pytest.approx(beta.ppf(0.95, beyond + 1, 60 - beyond))
    assert more.chance < 0.1
    assert more.looks[-1].gain == pytest.approx(0.001 * (60 - beyond))


def test_the_looks_together_give_up_no_more_runs_than_it_says() -> None:
    """Each run, had the target been just what it came to, under the rule made from all of them."""
    curves = [[0.9 + 0.01 * math.sin(run * 7 + epoch * 3) + 0.002 * epoch for epoch in range(6)] for run in range(80)]
    found = rule(curves)
    done = (2, 3, 4, 4)
    lost = sum(
        any(
            max(curve) - max(curve[:epochs]) > look.gain + 1e-12 and max(curve) > max(curve[:epochs])
            for look, epochs in zip(found.looks, done, strict=True)
        )
        for curve in curves
    )
    assert found.beyond >= 1
    assert lost <= found.beyond


def test_the_same_run_twice_is_one_row_and_other_tasks_are_none() -> None:
    runs = kept([STEADY] * 29)
    (found,) = hopeless_rules([*runs, *runs], TASK, 0.99, 0.1)
    assert found.runs == 29
    other = kept([STEADY] * 40, task=Task(dataset="digits", epochs=6))
    with pytest.raises(UsageError) as caught:
        hopeless_rules([*runs[:20], *runs[:20], *other, *kept([STEADY[:5]])], TASK, 0.99, 0.1)
    assert str(caught.value) == (
        "To show that a chance is below 10.0 %, 29 runs with one kind of schedule are needed, all of which were below"
        " 99.00 % after a third of their epochs; the folder has 20 with the schedule 'none' (left out: 40 of another"
        " task, 1 that tell nothing). `grader calibrate RUBRIC --seeds N` adds more, with --models and --from also of"
        " other models; or raise the level."
    )


def test_an_empty_folder_says_what_is_needed() -> None:
    with pytest.raises(UsageError, match=r"59 runs .* the folder has none\."):
        hopeless_rules([], TASK, 0.99, 0.05)


def test_kinds_of_schedules_are_not_pooled_and_long_runs_not_for_short_ones() -> None:
    cosine = RECIPE.model_copy(update={"schedule": Cosine()})
    short = RECIPE.model_copy(update={"epochs": 3})
    long = kept([gaining(0.01)] * 20)
    shorter = kept([(0.9, 0.9, 0.95)] * 29, short)
    found = hopeless_rules([*long, *shorter, *kept([gaining(0.02)] * 20, cosine)], TASK, 0.99, 0.1)
    assert [(one.schedule, one.epochs, one.runs) for one in found] == [("none", 3, 29), ("none", 6, 49)]
    # The shorter runs' gain counts for longer ones, for whom it is more than enough.
    assert found[0].looks == found[1].looks


def test_the_span_of_the_learning_rate_is_the_least_of_the_rows() -> None:
    falling = rule([STEADY] * 29, lr=(0.1, 0.1, 0.1, 0.01, 0.01, 0.01))
    assert [look.lr_span for look in falling.looks] == pytest.approx([1, 1, 0, 0])
    mixed = [*kept([STEADY] * 29, lr=(0.1, 0.1, 0.1, 0.01, 0.01, 0.0)), *kept([STEADY] * 30)[29:]]
    (found,) = hopeless_rules(mixed, TASK, 0.99, 0.1)
    assert [look.lr_span for look in found.looks] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("schedule", "kind"),
    [
        (Constant(), "none"),
        (OneCycle(), "onecycle"),
        (OneCycle(built_for="epoch", step="epoch"), "onecycle"),
        (OneCycle(built_for="batch", step="epoch"), "onecycle, out of step"),
        (Plateau(), None),
    ],
)
def test_the_kinds(schedule: object, kind: str | None) -> None:
    assert schedule_kind(RECIPE.model_copy(update={"schedule": schedule})) == kind
