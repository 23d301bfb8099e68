"""What the probes of a run say about memory: when to look closer, what is telling, and what is enough for a doubt.

All rules compare accuracies beyond chance, as Cohen's kappa does: (accuracy - chance) / (1 - chance), so that 0 is
guessing and 1 is all right; and each gives the model the better end of its 95 % interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from grader.model.probes import Disturbed, Measured, Probes, Regrouped, ShortTraining

# Values in buffers and constants that make nobody look closer: means, deviations, a Sobel filter, a blur.
FREE_VALUES = 100
_KNOWS = 0.2  # beyond chance before any training; fresh weights do not get there
_HALF = 0.5
_TWICE = 2  # times as many mistakes without the stored values; a designed filter bank makes hardly a difference
_CHANGED = 0.02  # share of images whose class hangs on the others of their batch


@dataclass(frozen=True)
class Evidence:
    """Sentences for a person. `decisive`: enough to leave open whether the accuracy was earned by training."""

    sentences: tuple[str, ...]
    decisive: bool


def knows_untrained(probes: Probes) -> bool:
    """Whether the model answers far better than chance before its first step."""
    return _beyond(probes.untrained.interval[0], probes) > _KNOWS


def weigh(probes: Probes | None) -> Evidence | None:
    """What is telling; None where nothing is."""
    if probes is None:
        return None
    found = list(_findings(probes))
    if not found:
        return None
    return Evidence(tuple(sentence for sentence, _ in found), any(decisive for _, decisive in found))


def _findings(probes: Probes) -> Iterator[tuple[str, bool]]:
    """Each telling sentence, and whether it is enough for a doubt by itself."""
    if knows_untrained(probes):
        yield (
            f"Before its first training step the model answered {_percent(probes.untrained)} of the images right; "
            f"always the same class would be right for {probes.chance * 100:.2f} %.",
            _beyond(probes.untrained.interval[0], probes) > _HALF,
        )
    if probes.short_training:
        yield from _short(probes.short_training, probes)
    if probes.disturbed:
        yield from _disturbed(probes.disturbed, probes)
    if probes.regrouped:
        yield from _regrouped(probes.regrouped, probes)


def _short(short: ShortTraining, probes: Probes) -> Iterator[tuple[str, bool]]:
    remembers = _beyond(short.old_names.interval[0], probes) > _KNOWS
    if remembers:
        yield (
            f"Trained for a short time with every class renamed, it still gave {_percent(short.old_names)} of the "
            "images their true class.",
            True,
        )
    if _beyond(short.true_labels.interval[0], probes) <= _HALF:
        return  # too short a training to compare anything with
    if not remembers and _collapsed(short.permuted_labels, short.true_labels, probes):
        yield (
            f"Trained for a short time it learned {_percent(short.true_labels)} of the true classes, but "
            f"{_percent(short.permuted_labels)} where every class was renamed: a network that learns does not care "
            "what a class is called.",
            True,
        )
    shuffled = short.shuffled_values
    if shuffled is None or 1 - shuffled.interval[1] > _TWICE * (1 - short.true_labels.interval[0]):
        outcome = f"reached {_percent(shuffled)}" if shuffled else "broke off"
        yield (
            f"Trained for a short time it reached {_percent(short.true_labels)}; with the values that it stores "
            f"outside its parameters in another order, the same training {outcome}.",
            True,
        )


def _disturbed(disturbed: Disturbed, probes: Probes) -> Iterator[tuple[str, bool]]:
    lost = [
        f"{_percent(after)} {how}"
        for after, how in (
            (disturbed.noise, "where every pixel is off by up to 4 of 255 grey levels"),
            (disturbed.shift, "where they are moved by one pixel"),
        )
        if _collapsed(after, disturbed.plain, probes)
    ]
    if lost:
        yield (
            f"Of images of which it answered {_percent(disturbed.plain)} right it answered {' and '.join(lost)}.",
            len(lost) == 2,  # one alone may be a threshold just above black
        )


def _regrouped(regrouped: Regrouped, probes: Probes) -> Iterator[tuple[str, bool]]:
    if regrouped.changed > _CHANGED:
        yield (
            f"{regrouped.changed * 100:.2f} % of the images got another class when they were evaluated once more at "
            f"other places among other images: {_percent(regrouped.after)} right after {_percent(regrouped.before)}.",
            _collapsed(regrouped.after, regrouped.before, probes),
        )


def _collapsed(after: Measured, before: Measured, probes: Probes) -> bool:
    """Whether less than half of what was known beyond chance is left, chance itself aside."""
    return _beyond(after.interval[1], probes) < _HALF * _beyond(before.interval[0], probes)


def _beyond(accuracy: float, probes: Probes) -> float:
    return (accuracy - probes.chance) / (1 - probes.chance) if probes.chance < 1 else 0.0


def _percent(measured: Measured) -> str:
    return f"{measured.accuracy * 100:.2f} %"
