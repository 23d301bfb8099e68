"""Accuracies and epochs against retraining. At 99.4 % of 10,000 images the 95 % half-width is 0.1526 points."""

import math

import pytest

from grader.model.claims import AccuracyClaim, EpochsClaim, Figure
from grader.model.training import EpochRecord, Training, TrainingRun


def says(value: float, tolerance: float = 0.0, relation: str = "exactly", **more: object) -> AccuracyClaim:
    figure = Figure(value=value, tolerance=tolerance, relation=relation)
    return AccuracyClaim.model_validate({"figure": figure, "subset": "test"} | more)


def run(*test: float, seed: int = 0, target: float = 0.994, **changes: object) -> TrainingRun:
    validation = changes.pop("validation", (None,) * len(test))
    records = [
        EpochRecord(
            epoch=epoch, lr=0.1, train_loss=None, train_accuracy=value - 0.01, test_accuracy=value,
            validation_accuracy=held_out, seconds=1.0,
        )
        for epoch, (value, held_out) in enumerate(zip(test, validation, strict=True), 1)
    ]  # fmt: skip
    values = {
        "seed": seed,
        "evaluated_on": "test",
        "best_accuracy": max(test),
        "best_epoch": test.index(max(test)) + 1,
        "final_accuracy": test[-1],
        "first_epoch_at_target": next((epoch for epoch, value in enumerate(test, 1) if value >= target), None),
        "epochs": tuple(records),
    }
    return TrainingRun.model_validate(values | changes)


def trained(*runs: TrainingRun, own: bool = True, recipe: dict | None = None, **changes: object) -> Training:
    values = {
        "status": "completed",
        "recipe": recipe or {"epochs": 3},
        "recipe_is_the_students": own,
        "dataset": "mnist",
        "target": 0.994,
        "runs": runs,
    }
    return Training.model_validate(values | changes)


def half_width(share: float, images: int = 10_000) -> float:
    """Wilson's, written out."""
    z = 1.959963984540054
    return z * math.sqrt(share * (1 - share) / images + z * z / (4 * images**2)) / (1 + z * z / images)


def test_the_half_width_is_the_one_of_the_headline() -> None:
    assert half_width(0.994) == pytest.approx(0.001526, abs=1e-6)


@pytest.mark.parametrize(
    ("best", "verdict"),
    [
        (0.9951, "confirmed"),  # above the claim confirms too
        (0.9944, "confirmed"),
        (0.9944 - 0.0014, "confirmed"),  # the interval of 99.44 % reaches 0.1475 points down
        (0.9944 - 0.0016, "ambiguous"),
        (0.9944 - 0.0029, "ambiguous"),  # 99.15 % has a half-width of 0.1808 points: 0.3283 in all
        (0.9944 - 0.0034, "contradicted"),
    ],
)
def test_the_interval_decides(judge, best: float, verdict: str) -> None:
    checked = judge(says(0.9944), training=trained(run(0.97, best, 0.98)))
    assert checked.verdict == verdict
    assert checked.measured_value == best
    assert checked.measured.endswith("on the test set (seed 0, epoch 2)")


def test_the_thresholds_are_those_of_the_intervals(judge) -> None:
    lowest = 0.9944 - half_width(0.9944)
    assert judge(says(0.9944), training=trained(run(0.9, 0.97, lowest + 1e-6))).verdict == "confirmed"
    assert judge(says(0.9944), training=trained(run(0.9, 0.97, lowest - 1e-6))).verdict == "ambiguous"


def test_seeds_that_differ_widen_what_is_unclear(judge) -> None:
    low = 0.9944 - 0.0034
    one = trained(run(0.97, low), recipe={"epochs": 2})
    two = trained(run(0.97, low), run(0.97, low - 0.0010, seed=1), recipe={"epochs": 2})
    assert judge(says(0.9944), training=one).verdict == "contradicted"
    checked = judge(says(0.9944), training=two)
    assert checked.verdict == "ambiguous"
    assert checked.explanation == (
        "Trained again with the seeds 0 and 1, the best is 99.10 % on the test set, 0.34 points below 99.44 %."
        " That is too close to call."
    )


def test_the_best_over_seeds_and_epochs_counts_the_final_one_where_it_is_named(judge) -> None:
    training = trained(run(0.98, 0.9944, 0.97), run(0.98, 0.99, 0.975, seed=1))
    assert judge(says(0.9944, role="best"), training=training).verdict == "confirmed"
    final = judge(says(0.9944, role="final"), training=training)
    assert (final.verdict, final.measured) == ("contradicted", "97.50 % on the test set (seed 1, epoch 3)")
    assert judge(says(0.98, epoch=1), training=training).verdict == "confirmed"
    assert judge(says(0.98, epoch=1), training=training).measured_value == 0.98
    assert judge(says(0.9944, epoch=1), training=training).verdict == "contradicted"
    beyond = judge(says(0.98, epoch=9), training=training)
    assert (beyond.verdict, beyond.explanation) == ("not_checkable", "Epoch 9 was not reached.")


def test_digits_that_were_left_out_are_not_held_against_it(judge) -> None:
    low = 0.9935 - half_width(0.9935) + 1e-6
    assert judge(says(0.994, 0.0005), training=trained(run(0.9, low, 0.9))).verdict == "confirmed"
    assert judge(says(0.994, 0.0), training=trained(run(0.9, low, 0.9))).verdict == "ambiguous"
    assert judge(says(0.994, 0.0005, "at_least"), training=trained(run(0.9, low, 0.9))).verdict == "ambiguous"
    assert judge(says(0.99, 0.005, "about"), training=trained(run(0.9, 0.98, 0.9))).verdict == "confirmed"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (says(0.995, 0.0005, correct=9_938, total=10_000), "9,938 of 10,000 is 99.38 %, not 99.5 %."),
        (says(0.995, correct=9_944, total=10_000), "9,944 of 10,000 is 99.44 %, not 99.5 %."),
        (says(1.2), "An accuracy lies between 0 and 100 %."),
        (says(0.99, correct=10_001, total=10_000), "10,001 of 10,000 is impossible."),
    ],
)
def test_a_claim_that_contradicts_itself_needs_no_training(judge, statement: AccuracyClaim, words: str) -> None:
    checked = judge(statement)
    assert (checked.verdict, checked.explanation) == ("contradicted", words)


def test_counts_that_agree_are_used_instead_of_the_rounded_percentage(judge) -> None:
    statement = says(0.99, 0.005, correct=9_944, total=10_000)
    assert judge(statement, training=trained(run(0.9, 0.9944, 0.9))).verdict == "confirmed"
    assert judge(statement, training=trained(run(0.9, 0.99, 0.9))).verdict == "contradicted"


def test_a_small_set_has_a_wide_interval(judge) -> None:
    training = trained(run(0.9, 0.985, 0.9))
    assert judge(says(0.994), training=training).verdict == "contradicted"
    assert judge(says(0.994, correct=497, total=500), training=training).verdict == "ambiguous"


def test_what_can_not_be_checked(judge) -> None:
    missed = run(0.9, 0.97, 0.96)
    cases = {
        "The model was not trained. --no-train was given.": Training(
            status="not_requested", reason="--no-train was given."
        ),
        "It was trained on the data set digits here": trained(missed, dataset="digits"),
        "with a recipe that is not the submission's": trained(missed, own=False),
        "Only 3 of the recipe's 20 epochs": trained(missed, recipe={"epochs": 20}),
        "The training was interrupted.": trained(run(0.9, 0.97, stopped="interrupted"), status="partial"),
    }
    for words, training in cases.items():
        checked = judge(says(0.994), training=training)
        assert checked.verdict == "not_checkable", words
        assert words in checked.explanation
    # a hit is a hit, whatever the recipe
    assert judge(says(0.994), training=trained(run(0.9, 0.9945), own=False)).verdict == "confirmed"


def test_a_training_that_ended_at_the_target_might_have_gone_on(judge) -> None:
    training = trained(run(0.98, 0.9941, stopped="target"))
    checked = judge(says(0.998), training=training)
    assert checked.verdict == "ambiguous"
    assert "stopped when the target was reached, after 2 epochs" in checked.explanation
    assert judge(says(0.9941), training=training).verdict == "confirmed"


def test_a_run_that_was_cut_has_no_final_epoch_and_no_upper_bound(judge) -> None:
    cut = trained(run(0.98, 0.9941, stopped="target"))
    why = "The training was stopped when the target was reached, after 2 epochs."
    for claim, verdict, said in (
        (says(0.994, role="final"), "not_checkable", why),
        (says(0.994, epoch=3), "not_checkable", f"Epoch 3 was not reached. {why}"),
        (says(0.995, relation="less_than"), "ambiguous", why),
    ):
        checked = judge(claim, training=cut)
        assert (checked.verdict, checked.explanation) == (verdict, said)
    assert judge(says(0.97, relation="less_than"), training=cut).verdict == "contradicted"
    both = trained(run(0.9, 0.95, 0.97), run(0.98, 0.9941, seed=1, stopped="target"))
    assert judge(says(0.97, role="final"), training=both).verdict == "confirmed"
    missed = judge(says(0.994, role="final"), training=both)
    assert (missed.verdict, missed.measured) == ("ambiguous", "97.00 % on the test set (seed 0, epoch 3)")
    assert why in missed.explanation


def test_a_second_try_shows_that_it_can_be_reached(judge) -> None:
    second = trained(run(0.9, 0.9946), own=False)
    checked = judge(says(0.9944), training=trained(run(0.9, 0.97, 0.96), second_try=second))
    assert checked.verdict == "ambiguous"
    assert "With the rubric's recipe the model reaches 99.46 %, so it can be reached." in checked.explanation
    worse = trained(run(0.9, 0.98), own=False)
    assert judge(says(0.9944), training=trained(run(0.9, 0.97, 0.96), second_try=worse)).verdict == "contradicted"


def test_images_are_told_apart(judge) -> None:
    split = {"epochs": 2, "split": {"validation": 5_000}}
    training = trained(run(0.97, 0.98, validation=(0.99, 0.9944)), recipe=split)
    assert judge(says(0.9944, subset="validation"), training=training).verdict == "confirmed"
    assert judge(says(0.9944, subset="test"), training=training).verdict == "contradicted"
    unknown = judge(says(0.9944, subset="unknown"), training=training)
    assert unknown.verdict == "ambiguous"
    assert "The text does not say which images it means." in unknown.explanation
    right = judge(says(0.98, subset="unknown"), training=training)
    assert right.verdict == "confirmed"
    assert "this is on the test set" in right.explanation


def test_without_a_split_validation_means_the_test_set(judge) -> None:
    checked = judge(says(0.98, subset="validation"), training=trained(run(0.9, 0.985, 0.9)))
    assert checked.verdict == "confirmed"
    assert "compared with the test set" in checked.explanation


def test_accuracy_in_training(judge) -> None:
    plain = trained(run(0.9, 0.995, 0.9))
    assert judge(says(0.985, subset="train"), training=plain).verdict == "confirmed"
    assert judge(says(0.999, subset="train"), training=plain).verdict == "contradicted"
    augmented = trained(run(0.9, 0.995), recipe={"epochs": 2, "augmentation": [{"name": "rotation"}]})
    assert judge(says(0.985, subset="train"), training=augmented).verdict == "not_checkable"


def test_an_upper_bound(judge) -> None:
    training = trained(run(0.9, 0.9944, 0.9))
    assert judge(says(0.995, relation="less_than"), training=training).verdict == "confirmed"
    assert judge(says(0.98, relation="at_most"), training=training).verdict == "contradicted"


def lasts(value: float, relation: str = "exactly", of: str = "training") -> EpochsClaim:
    return EpochsClaim(figure=Figure(value=value, relation=relation), of=of)


def test_epochs_of_training_are_those_of_the_code(judge) -> None:
    training = trained(run(0.9), recipe={"epochs": 15}, recipe_origins={"epochs": "train.py:31"})
    assert judge(lasts(15), training=training).verdict == "confirmed"
    assert judge(lasts(20, "less_than"), training=training).verdict == "confirmed"
    checked = judge(lasts(12), training=training)
    assert (checked.verdict, checked.measured) == ("contradicted", "15")
    assert checked.explanation == "It says 12 epochs; train.py:31 says 15."
    for unread in (
        trained(run(0.9), recipe={"epochs": 15}, recipe_origins={"epochs": "default"}),
        trained(run(0.9), recipe={"epochs": 15}, recipe_origins={"epochs": "house.yaml:3"}, own=False),
        Training(status="not_requested"),
    ):
        assert judge(lasts(15), training=unread).verdict == "not_checkable"


def test_epochs_to_the_target(judge) -> None:
    training = trained(run(0.98, 0.993, 0.9941), run(0.98, 0.9942, seed=1))
    assert judge(lasts(2, of="target"), training=training).verdict == "confirmed"
    assert judge(lasts(20, of="target"), training=training).verdict == "confirmed"
    sooner = judge(lasts(1, of="target"), training=training)
    assert (sooner.verdict, sooner.measured) == ("ambiguous", "epoch 2 and 3")
    assert judge(lasts(3, "less_than", "target"), training=training).verdict == "confirmed"
    assert judge(lasts(2, "less_than", "target"), training=training).verdict == "ambiguous"


def test_a_target_that_was_never_reached(judge) -> None:
    far = judge(lasts(2, of="target"), training=trained(run(0.98, 0.985), recipe={"epochs": 2}))
    assert (far.verdict, far.measured) == ("contradicted", "never")
    assert "99.40 % was not reached with 1 seed; the closest is 98.50 % in epoch 2." in far.explanation
    near = judge(lasts(2, of="target"), training=trained(run(0.98, 0.9935), recipe={"epochs": 2}))
    assert near.verdict == "ambiguous"
    foreign = judge(lasts(2, of="target"), training=trained(run(0.98, 0.985), own=False))
    assert foreign.verdict == "not_checkable"
    assert judge(lasts(2, of="target"), training=trained(run(0.9), target=None)).verdict == "not_checkable"
