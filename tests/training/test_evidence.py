"""The rules that weigh probes, at their edges."""

import pytest

from grader.model.probes import Disturbed, Measured, Probes, Regrouped, ShortTraining
from grader.proportion import wilson_interval
from grader.training.evidence import weigh

IMAGES = 10_000


def measured(accuracy: float, images: int = IMAGES) -> Measured:
    return Measured(accuracy=accuracy, images=images, interval=wilson_interval(round(accuracy * images), images))


def short(true: float = 0.97, renamed: float = 0.97, old: float = 0.0, shuffled: float | None = 0.97) -> ShortTraining:
    return ShortTraining(
        images=IMAGES,
        true_labels=measured(true),
        permuted_labels=measured(renamed),
        old_names=measured(old),
        shuffled_values=None if shuffled is None else measured(shuffled),
    )


def probes(untrained: float = 0.1, **found: object) -> Probes:
    return Probes.model_validate({"chance": 0.1, "untrained": measured(untrained), "stored": 1_000, **found})


def decisive(found: Probes) -> bool | None:
    """None where nothing is telling."""
    evidence = weigh(found)
    return None if evidence is None else evidence.decisive


def test_no_probes_tell_nothing() -> None:
    assert weigh(None) is None
    assert weigh(probes()) is None


@pytest.mark.parametrize(
    ("untrained", "images", "expected"),
    [
        (0.25, IMAGES, None),
        (0.285, IMAGES, None),  # 28 % is a fifth of the way from 10 % to 100 %; the interval reaches below it
        (0.30, IMAGES, False),
        (0.55, IMAGES, False),
        (0.57, IMAGES, True),
        (0.57, 100, False),  # few images tell little
    ],
)
def test_before_training(untrained: float, images: int, expected: bool | None) -> None:
    assert decisive(probes().model_copy(update={"untrained": measured(untrained, images)})) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (short(), None),
        (short(renamed=0.60), None),  # more than half of what 97 % knows beyond chance
        (short(renamed=0.50), True),
        (short(old=0.25), None),
        (short(old=0.30), True),
        (short(true=0.50, renamed=0.1, shuffled=0.1), None),  # too little was learned to compare
        (short(shuffled=0.945), None),
        (short(shuffled=0.92), True),  # more than twice as many mistakes
        (short(shuffled=None), True),  # it broke off
        (short(shuffled=0.99), None),
    ],
)
def test_short_trainings(found: ShortTraining, expected: bool | None) -> None:
    assert decisive(probes(short_training=found)) is expected


@pytest.mark.parametrize(
    ("noise", "shift", "expected"),
    [(0.97, 0.96, None), (0.10, 0.95, False), (0.97, 0.3, False), (0.10, 0.12, True), (0.6, 0.6, None)],
)
def test_disturbed_images(noise: float, shift: float, expected: bool | None) -> None:
    """One alone may have a good reason: a threshold just above black, a network that was never shown a shift."""
    disturbed = Disturbed(plain=measured(0.97), noise=measured(noise), shift=measured(shift))
    assert decisive(probes(disturbed=disturbed)) is expected


@pytest.mark.parametrize(
    ("after", "changed", "expected"), [(0.97, 0.0, None), (0.97, 0.02, None), (0.96, 0.03, False), (0.2, 0.8, True)]
)
def test_other_batches(after: float, changed: float, expected: bool | None) -> None:
    regrouped = Regrouped(before=measured(0.97, 500), after=measured(after, 500), changed=changed)
    assert decisive(probes(regrouped=regrouped)) is expected


def test_a_sentence_names_both_figures() -> None:
    evidence = weigh(probes(0.912))
    assert evidence is not None
    assert evidence.sentences == (
        "Before its first training step the model answered 91.20 % of the images right; always the same class would be"
        " right for 10.00 %.",
    )
