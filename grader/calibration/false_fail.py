"""How often each rule fails a model that should pass, and passes one that should not."""

from collections.abc import Mapping, Sequence
from statistics import stdev

from grader.calibration.binomial import at_least, clopper_pearson
from grader.calibration.observations import Observed
from grader.calibration.rules import candidates, describe, span_of
from grader.checks.runs import judge
from grader.model.calibration import AccuracyRule, Expected, Interval, PassRate, RuleRates, Share, WorstCase


def rates(
    observed: Sequence[Observed],
    expected: Mapping[str, Expected],
    own: AccuracyRule,
    target: float,
    epochs: int,
) -> tuple[RuleRates, ...]:
    """Every candidate rule, from the laxest to the strictest; the models are those of `observed`, each with a run."""
    every = [_rates(rule, observed, expected, target, epochs) for rule in candidates(own, epochs)]
    return tuple(sorted(every, key=strictness))


def strictness(one: RuleRates) -> tuple[float, int, int, int]:
    """A key that rises with strictness: the mean probability, over all models measured, of not passing.

    Each share of seeds is drawn toward a half, as Jeffreys' prior does: (x + ½) / (n + 1). So rules that all runs
    passed, or none, can be ordered, too, and a rule that asks for more is never called laxer. What is left equal goes
    by the number of last epochs, the seeds needed, and then the fewer seeds, which are cheaper.
    """
    rule = one.rule
    chances = [
        at_least(rule.needed, rule.seeds, (rate.single.reached + 0.5) / (rate.single.of + 1)) for rate in one.models
    ]
    mean = sum(chances) / len(chances)
    last = {"best_epoch": 0, "final_epoch": 1, "last_epochs": rule.last or 0}[rule.rule]
    return (round(1 - mean, 12), last, rule.needed, -rule.seeds)


def share(reached: int, of: int) -> Share:
    """A share with its interval."""
    return Share(reached=reached, of=of, share=reached / of, interval=clopper_pearson(reached, of))


def pass_rate(model: str, single: Share, rule: AccuracyRule, deviation: float | None = None) -> PassRate:
    """From one seed to k of n: binomial, as seeds are independent.

    The probability rises with the share, so the interval's ends map to ends and it covers as often as the share's. That
    the share itself was measured on these seeds makes it the average over drawing n of them with replacement.
    """
    low, high = (at_least(rule.needed, rule.seeds, end) for end in single.interval)
    return PassRate(
        model=model,
        single=single,
        passes=at_least(rule.needed, rule.seeds, single.share),
        interval=(low, high),
        deviation=deviation,
    )


def _rates(
    rule: AccuracyRule, observed: Sequence[Observed], expected: Mapping[str, Expected], target: float, epochs: int
) -> RuleRates:
    models = tuple(_rate(rule, one, target, epochs) for one in observed)
    return with_worst(
        RuleRates(rule=rule, title=describe(rule), models=models, false_fail=None, false_pass=None), expected
    )


def _rate(rule: AccuracyRule, one: Observed, target: float, epochs: int) -> PassRate:
    judged = [judge(run, target, span_of(rule), epochs) for run in one.runs]
    settled = [verdict.decisive for verdict in judged if verdict.run.stopped != "diverged"]
    single = share(sum(verdict.reached for verdict in judged), len(judged))
    return pass_rate(one.key, single, rule, stdev(settled) if len(settled) > 1 else None)


def with_worst(one: RuleRates, expected: Mapping[str, Expected]) -> RuleRates:
    """The rule with the worst cases over the models of these expectations; models that are not named do not count."""
    should = [rate for rate in one.models if expected.get(rate.model) == "pass"]
    should_not = [rate for rate in one.models if expected.get(rate.model) == "fail"]
    return one.model_copy(
        update={
            "false_fail": _worst([(rate.model, 1 - rate.passes, _mirrored(rate.interval)) for rate in should]),
            "false_pass": _worst([(rate.model, rate.passes, rate.interval) for rate in should_not]),
        }
    )


def _mirrored(interval: Interval) -> Interval:
    return 1 - interval[1], 1 - interval[0]


def _worst(models: Sequence[tuple[str, float, Interval]]) -> WorstCase | None:
    if not models:
        return None
    name, rate, _ = max(models, key=lambda one: (one[1], one[2][1]))
    return WorstCase(
        model=name,
        rate=rate,
        interval=(max(low for _, _, (low, _) in models), max(high for _, _, (_, high) in models)),
        mean=sum(rate for _, rate, _ in models) / len(models),
    )
