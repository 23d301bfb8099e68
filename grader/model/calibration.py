"""`grader/calibration/v1`: how often a rule for the accuracy criterion passes models that are known.

Accuracies, shares and rates are fractions 0 to 1; epochs are 1-based; every interval is 95 % Clopper-Pearson.
"""

from typing import Literal

from pydantic import Field

from grader.model.base import Frozen

Interval = tuple[float, float]
Expected = Literal["pass", "fail", "unknown"]


class AccuracyRule(Frozen):
    """Which epochs of a run must reach the target, and how many seeds of how many."""

    rule: Literal["best_epoch", "final_epoch", "last_epochs"]
    last: int | None = None  # how many epochs, for last_epochs
    needed: int = 1
    seeds: int = 1


class Distribution(Frozen):
    """One accuracy per seed. Quartiles are linear between ranks (type 7 of Hyndman & Fan, Am. Stat. 50:361, 1996)."""

    mean: float
    deviation: float | None  # of the sample, over n - 1; None for one seed
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float


class SeedRun(Frozen):
    """One run, judged on the rubric's evaluation set."""

    seed: int
    accuracies: tuple[float, ...]  # after each epoch
    best_accuracy: float
    best_epoch: int
    final_accuracy: float
    epoch_at_target: int | None
    stopped: Literal["completed", "target", "early_stop", "diverged"]
    seconds: float


class Share(Frozen):
    """So many of so many seeds, and what the true share may be."""

    reached: int
    of: int
    share: float
    interval: Interval


class ModelCalibration(Frozen):
    """One reference model over its seeds."""

    key: str
    title: str
    expected: Expected  # what a rule should make of it
    why: str  # what `expected` follows from, one sentence
    recipe: str  # its name
    recipe_digest: str
    runs: tuple[SeedRun, ...]
    best: Distribution
    final: Distribution
    reaching: Share  # seeds that reach the target in any of the epochs


class PassRate(Frozen):
    """How one model fares under one rule."""

    model: str
    single: Share  # one seed, under the rule's epochs
    passes: float  # the probability that `needed` of `seeds` seeds do
    interval: Interval
    # Of the accuracies that decide under the rule's epochs, over n - 1; None for fewer than two that did not diverge.
    deviation: float | None


class WorstCase(Frozen):
    """Over several models: the rate of the one with the highest, and the mean. Either end is the models' highest."""

    model: str
    rate: float
    interval: Interval
    mean: float


class RuleRates(Frozen):
    """One rule. A false fail: a model that should pass does not. A false pass: one that should not, does."""

    rule: AccuracyRule
    title: str
    models: tuple[PassRate, ...]
    false_fail: WorstCase | None  # None where no model should pass
    false_pass: WorstCase | None  # None where no model should fail


class Suggestion(Frozen):
    """supported: the interval, too, stays under the level. inconclusive: the level lies within the interval.

    none: no rule keeps the level, and `rule` is the best there is. no_model: none of the models should pass.
    """

    status: Literal["supported", "inconclusive", "none", "no_model"]
    level: float
    rule: AccuracyRule | None
    false_fail: WorstCase | None = None
    false_pass: WorstCase | None = None
    # How many more seeds per model would take the level out of the interval, if the shares stay as they are; None
    # where it is not in it, or where a thousand would not do.
    more_seeds: int | None = None
    # Standard deviation between seeds of the accuracy that decides, pooled over the models that should pass.
    spread: float | None = None
    sentence: str
    snippet: str = ""  # YAML for the rubric
    without: tuple[str, ...] = ()  # models left out, because they never reached the target: no rule passes them


class CalibrationOrigin(Frozen):
    """Where every figure came from."""

    rubric: str
    rubric_title: str
    rubric_digest: str
    criterion: str  # id of the accuracy criterion
    dataset: str
    data_digest: tuple[str, ...]  # one, unless the runs differ; so are the next ones
    evaluated_on: Literal["test", "validation"]
    recipe: Literal["published", "reference"]
    seeds: tuple[int, ...]
    grader_version: tuple[str, ...]
    python: tuple[str, ...]
    torch: tuple[str, ...]
    device: tuple[str, ...]
    sandbox: tuple[str, ...]
    created_at: str  # ISO 8601, UTC
    training_seconds: float  # of all runs, those of earlier calls included
    seconds: float  # of this call
    command: str = ""


class Calibration(Frozen):
    schema_name: Literal["grader/calibration/v1"] = Field("grader/calibration/v1", alias="schema")
    target: float
    epochs: int  # the cap under which every run was judged
    rubric_epochs: int
    own: AccuracyRule  # the rubric's
    models: tuple[ModelCalibration, ...]
    rules: tuple[RuleRates, ...]  # from the laxest to the strictest; the rubric's own among them
    suggestion: Suggestion
    # The same without the models that no rule passes, where there are such and the first finds no rule.
    otherwise: Suggestion | None = None
    left_out: tuple[str, ...] = ()  # runs that were not used, and why
    notes: tuple[str, ...] = ()
    origin: CalibrationOrigin
