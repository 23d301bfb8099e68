"""Which rule to choose: the strictest that keeps false fails under a level, as far as so many seeds can tell."""

import math
from collections.abc import Mapping, Sequence

from grader.calibration.binomial import CONFIDENCE, at_least, single_for
from grader.calibration.false_fail import with_worst
from grader.calibration.rules import describe
from grader.model.calibration import Expected, RuleRates, Share, Suggestion
from grader.report.notation import plural

_MOST_SEEDS = 1000


def suggest(rules: Sequence[RuleRates], expected: Mapping[str, Expected], level: float) -> Suggestion:
    """Choose among rules that go from the laxest to the strictest; the snippet is left to the caller.

    supported: the strictest rule whose interval, over all models that should pass, ends at or under the level.
    inconclusive: there is none, but the level lies within intervals: of the rules whose rate is under it the one that
    the fewest seeds more would settle, else the one with the lowest rate. none: all intervals begin above the level;
    the rule with the lowest rate.
    """
    judged = [with_worst(one, expected) for one in rules]
    if judged[0].false_fail is None:
        return Suggestion(
            status="no_model",
            level=level,
            rule=None,
            sentence="None of these models should pass, so no false fails can be counted: add one that should.",
        )
    supported = [one for one in judged if _upper(one) <= level]
    if supported:
        return _suggestion("supported", supported[-1], expected, level, None)
    likely = [one for one in judged if _rate(one) <= level]
    if likely:
        needs = [(more_seeds(one, expected, level), one) for one in likely]
        more, nearest = min(needs, key=lambda pair: (_MOST_SEEDS if pair[0] is None else pair[0], _upper(pair[1])))
        return _suggestion("inconclusive", nearest, expected, level, more)
    best = min(judged, key=lambda one: (_rate(one), _upper(one)))
    if any(_lower(one) <= level for one in judged):
        return _suggestion("inconclusive", best, expected, level, more_seeds(best, expected, level))
    return _suggestion("none", best, expected, level, None)


def never_reached(rules: Sequence[RuleRates], expected: Mapping[str, Expected], level: float) -> tuple[str, ...]:
    """Models that should pass, yet no seed does under any rule: the target or the recipe fails them, not a rule.

    Only where so many seeds without success would be a chance of 5 % or less, were the laxest rule to keep the level.
    """
    reached = {rate.model for one in rules for rate in one.models if rate.single.reached}
    enough = min(single_for(one.rule.needed, one.rule.seeds, 1 - level) for one in rules)
    return tuple(
        rate.model
        for rate in rules[0].models
        if expected.get(rate.model) == "pass"
        and rate.model not in reached
        and (1 - enough) ** rate.single.of <= 1 - CONFIDENCE + 1e-9  # five seeds do just so, for 1 of 5 at 5 %
    )


def pooled_spread(one: RuleRates, expected: Mapping[str, Expected]) -> float | None:
    """The standard deviation between seeds, pooled over the models that should pass; None where seeds do not differ.

    Pooled: the root of the mean variance, each weighed by its degrees of freedom.
    """
    should = [rate for rate in one.models if expected.get(rate.model) == "pass" and rate.deviation is not None]
    freedom = sum(rate.single.of - 1 for rate in should)
    squares = sum((rate.single.of - 1) * (rate.deviation or 0.0) ** 2 for rate in should)
    return math.sqrt(squares / freedom) if squares > 0 else None


def more_seeds(one: RuleRates, expected: Mapping[str, Expected], level: float) -> int | None:
    """How many more seeds per model take the level out of the interval, if each share stays as it is.

    A rule is proved to keep the level by every model that should pass, and refuted by the first that it fails. None
    where a thousand would not do.
    """
    rule, proving = one.rule, _rate(one) <= level
    enough = single_for(rule.needed, rule.seeds, 1 - level)  # the share at which the rule just keeps the level
    shares = [rate.single for rate in one.models if expected.get(rate.model) == "pass"]
    needs = [_seeds_to_settle(single, enough, proving) for single in shares]
    settled = [need for need in needs if need is not None]
    if proving:
        return max(settled) if len(settled) == len(needs) else None
    return min(settled, default=None)


def _seeds_to_settle(single: Share, enough: float, proving: bool) -> int | None:
    """Seeds more until the interval of the share lies above `enough`, or below it where that is not to be proved."""
    tail = (1 - CONFIDENCE) / 2
    for trials in range(single.of, single.of + _MOST_SEEDS + 1):
        hits = round(single.share * trials)
        # The interval's end is beyond `enough` where a share of `enough` would hardly ever give such hits.
        chance = at_least(hits, trials, enough) if proving else 1 - at_least(hits + 1, trials, enough)
        if chance <= tail:
            return trials - single.of
    return None


def _suggestion(
    status: str, one: RuleRates, expected: Mapping[str, Expected], level: float, more: int | None
) -> Suggestion:
    worst = one.false_fail
    assert worst is not None  # the caller has seen it
    data = {
        "status": status,
        "level": level,
        "rule": one.rule,
        "false_fail": worst,
        "false_pass": one.false_pass,
        "more_seeds": more,
        "spread": pooled_spread(one, expected),
        "sentence": _sentence(status, one, level, more) + _price(one),
    }
    return Suggestion.model_validate(data)


def _sentence(status: str, one: RuleRates, level: float, more: int | None) -> str:
    worst, name = one.false_fail, describe(one.rule)
    assert worst is not None
    rate, most = share_text(worst.rate), f"{level * 100:g} %"
    interval = f"95 % interval {share_text(worst.interval[0])} to {share_text(worst.interval[1])}"
    if status == "supported":
        return (
            f"The strictest rule that keeps false fails under {most}: {name}. It is expected to fail a model that"
            f" should pass in {rate} of gradings ({interval}; worst model: {worst.model})."
        )
    if status == "none":
        return (
            f"No rule keeps false fails under {most}. The best is {name}, and it is expected to fail {worst.model} in"
            f" {rate} of gradings ({interval})."
        )
    begins = f"under {name} the rate of false fails is {rate}, but"
    if worst.rate > level:
        begins = f"the best rule is {name}; its rate of false fails is {rate}, but"
    wanted = f"About {plural(more, 'more seed')} per model" if more else f"More than {_MOST_SEEDS:,} more seeds"
    return (
        f"So many seeds can't tell: {begins} its {interval} holds {most} (worst model: {worst.model}). {wanted} would"
        " be needed, if the shares stay as they are."
    )


def _price(one: RuleRates) -> str:
    """What the rule lets through; empty where nothing was measured that it should not let through."""
    worst = one.false_pass
    if worst is None:
        return ""
    return f" It passes {worst.model}, which should not pass, in {share_text(worst.rate)} of gradings."


def share_text(share: float) -> str:
    """A rate as people read it: "0 %", "0.4 %", "12 %"; never rounded to 0 or 100 where it is neither."""
    percent = share * 100
    if percent in (0, 100):
        return f"{percent:.0f} %"
    if percent < 0.1:
        return "under 0.1 %"
    if percent > 99.9:
        return "over 99.9 %"
    return f"{percent:.1f} %" if percent < 10 or percent > 90 else f"{percent:.0f} %"


def _rate(one: RuleRates) -> float:
    assert one.false_fail is not None
    return one.false_fail.rate


def _upper(one: RuleRates) -> float:
    assert one.false_fail is not None
    return one.false_fail.interval[1]


def _lower(one: RuleRates) -> float:
    assert one.false_fail is not None
    return one.false_fail.interval[0]
