"""Which runs count."""

from calibration_factory import report_of, run_of

from grader.calibration.observations import observe
from grader.reference.runs import Wanted


def test_runs_by_model_and_seed() -> None:
    found = observe({Wanted(key, seed): report_of(run_of([0.9], seed)) for seed in (1, 0) for key in ("b", "a")})
    assert [(one.key, [run.seed for run in one.runs]) for one in found] == [("b", [0, 1]), ("a", [0, 1])]
    assert found[0].recipe == "made up"


def test_runs_that_ended_early_or_diverged_count() -> None:
    runs = [run_of([0.9], 0, "early_stop"), run_of([0.9], 1, "diverged")]
    (found,) = observe({Wanted("a", run.seed): report_of(run) for run in runs})
    assert found.runs == tuple(runs)
    assert not found.left_out


def test_interrupted_and_failed_runs_are_left_out_by_name() -> None:
    reports = {
        Wanted("a", 0): report_of(run_of([0.9, 0.9], 0, "interrupted"), status="partial"),
        Wanted("a", 1): report_of(None, status="partial"),
        Wanted("a", 2): report_of(run_of([0.9], 2)),
        Wanted("a", 3): report_of(run_of([0.9, 0.99], 3, "target")),
    }
    (found,) = observe(reports)
    assert [run.seed for run in found.runs] == [2]
    assert found.left_out == (
        "a, seed 0 was interrupted after epoch 2.",
        "a, seed 1 was not trained: It was interrupted.",
        "a, seed 3 was stopped at the target, after epoch 2.",
    )
