"""The rules that an accuracy criterion may take, and the judge of grading applied to them."""

from dataclasses import dataclass
from itertools import product

from grader.checks.accuracy_target import AccuracyTarget
from grader.checks.runs import judge
from grader.checks.validate import resolve_all
from grader.errors import RubricError
from grader.model.calibration import AccuracyRule
from grader.model.rubric import Criterion, Rubric
from grader.model.training import TrainingRun

_LAST = (2, 3, 5)  # epochs
_SEEDS = (1, 3, 5)


@dataclass(frozen=True)
class Calibrated:
    """The criterion that is calibrated; `others` are accuracy criteria with a lower target."""

    criterion: Criterion
    parameters: AccuracyTarget
    rule: AccuracyRule
    others: tuple[str, ...] = ()


def find_criterion(rubric: Rubric) -> Calibrated:
    """The accuracy criterion with the highest target. Raises RubricError where there is none, or a mistake in it."""
    found = [
        (criterion, parameters)
        for criterion, _, parameters in resolve_all(rubric)
        if isinstance(parameters, AccuracyTarget)
    ]
    if not found:
        raise RubricError(f"The rubric {rubric.id!r} has no accuracy criterion, so there is no rule to calibrate.")
    criterion, parameters = max(found, key=lambda pair: pair[1].target)
    rule = AccuracyRule(
        rule=parameters.rule,
        last=parameters.last,
        needed=parameters.needed,
        seeds=len(rubric.task.seeds),
    )
    others = tuple(other.id for other, _ in found if other is not criterion)
    return Calibrated(criterion, parameters, rule, others)


def candidates(own: AccuracyRule, epochs: int) -> tuple[AccuracyRule, ...]:
    """Every way to pick epochs with every way to count seeds, the rubric's own among them.

    With a single epoch the best one is the last one, and only one of the two is listed.
    """
    spans = [AccuracyRule(rule="best_epoch")]
    if epochs > 1:
        spans.append(AccuracyRule(rule="final_epoch"))
    spans += [AccuracyRule(rule="last_epochs", last=last) for last in _LAST if last <= epochs]
    counts = [(needed, seeds) for seeds in sorted({*_SEEDS, own.seeds}) for needed in range(1, seeds + 1)]
    rules = [
        span.model_copy(update={"needed": needed, "seeds": seeds})
        for span, (needed, seeds) in product(spans, counts)
        if seeds in _SEEDS or needed in (1, own.needed)
    ]
    return tuple(dict.fromkeys([*rules, own]))


def span_of(rule: AccuracyRule) -> int | None:
    """How many last epochs decide; None: any one of all."""
    return AccuracyTarget(target=1.0, rule=rule.rule, last=rule.last).span


def passes(run: TrainingRun, rule: AccuracyRule, target: float, epochs: int) -> bool:
    """Whether one run meets the rule's epochs, by the very judge that grades."""
    return judge(run, target, span_of(rule), epochs).reached


def describe_epochs(rule: AccuracyRule) -> str:
    """ "any epoch", "the last epoch", "each of the last 3 epochs"."""
    return {
        "best_epoch": "any epoch",
        "final_epoch": "the last epoch",
        "last_epochs": f"each of the last {rule.last} epochs",
    }[rule.rule]


def describe_seeds(rule: AccuracyRule) -> str:
    """ "one seed", "1 of 3 seeds"."""
    return "one seed" if rule.seeds == 1 else f"{rule.needed} of {rule.seeds} seeds"


def describe(rule: AccuracyRule) -> str:
    """ "any epoch, 1 of 3 seeds"."""
    return f"{describe_epochs(rule)}, {describe_seeds(rule)}"


def snippet(rule: AccuracyRule, parameters: AccuracyTarget, seeds: tuple[int, ...], spread: float | None = None) -> str:
    """The YAML that makes a rubric use a rule; the seeds it has are kept, and more are counted on from there.

    With `spread`, the deviation between seeds, grading can tell after a single miss how likely another seed passes.
    """
    chosen = list(dict.fromkeys([*seeds, *range(rule.seeds)]))[: rule.seeds]
    lines = [
        "task:",
        f"  seeds: [{', '.join(map(str, chosen))}]",
        "criteria:",
        "  - check: accuracy",
        "    parameters:",
        f"      target: {parameters.target!r}",
        f"      rule: {rule.rule}",
    ]
    if rule.last is not None:
        lines.append(f"      last: {rule.last}")
    if rule.needed > 1:
        lines.append(f"      needed: {rule.needed}")
    if spread is not None:
        lines.append(f"      spread: {float(f'{spread:.2g}')!r}")
    return "\n".join(lines) + "\n"
