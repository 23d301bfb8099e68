"""The rules side by side: ways to pick epochs by ways to count seeds, and each rule model by model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grader.calibration.false_fail import with_worst
from grader.calibration.rules import describe_epochs, describe_seeds
from grader.calibration.suggest import share_text
from grader.model.calibration import (
    AccuracyRule,
    Calibration,
    Expected,
    Interval,
    RuleRates,
    Suggestion,
    WorstCase,
)


@dataclass(frozen=True)
class Cell:
    """A rate. `icon` is empty where no level applies; `mark` says whose rule it is."""

    rate: str
    interval: str
    icon: str = ""
    tone: str = "none"
    says: str = ""  # the icon in words
    mark: str = ""


@dataclass(frozen=True)
class Matrix:
    """Ways to pick epochs (columns) by ways to count seeds (rows); None where a rule is not listed."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True)
class RuleRow:
    """One rule, model by model."""

    title: str
    mark: str
    cells: tuple[Cell, ...]


def chosen(calibration: Calibration) -> Suggestion:
    """The suggestion to act on: that without the models which no rule passes, where it was needed."""
    return calibration.otherwise or calibration.suggestion


def counted_rules(calibration: Calibration) -> tuple[RuleRates, ...]:
    """The rules, with worst cases over the models that `chosen` counts."""
    left_out = chosen(calibration).without
    expected: dict[str, Expected] = {
        model.key: model.expected for model in calibration.models if model.key not in left_out
    }
    return tuple(with_worst(one, expected) for one in calibration.rules)


def matrix(rules: Sequence[RuleRates], kind: Literal["fail", "pass"], calibration: Calibration) -> Matrix:
    """Worst cases of false fails ("fail") or false passes ("pass") of every rule."""
    columns: dict[tuple[str, int], str] = {}
    rows: dict[tuple[int, int], str] = {}
    cells: dict[tuple[tuple[int, int], tuple[str, int]], Cell] = {}
    for one in rules:
        worst = one.false_fail if kind == "fail" else one.false_pass
        if worst is None:
            continue
        column, row = (one.rule.rule, one.rule.last or 0), (one.rule.seeds, one.rule.needed)
        columns[column], rows[row] = capital(describe_epochs(one.rule)), describe_seeds(one.rule)
        level = calibration.suggestion.level if kind == "fail" else None
        cells[row, column] = _cell(worst, level, _mark(one.rule, calibration))
    order = sorted(columns, key=lambda key: (("best_epoch", "final_epoch", "last_epochs").index(key[0]), key[1]))
    return Matrix(
        columns=tuple(columns[key] for key in order),
        rows=tuple((rows[row], tuple(cells.get((row, column)) for column in order)) for row in sorted(rows)),
    )


def _cell(worst: WorstCase, level: float | None, mark: str) -> Cell:
    low, high = worst.interval
    icon, tone, says = "", "none", ""
    if level is not None:
        under, over = high <= level, low > level
        icon, tone = ("✓", "pass") if under else ("✕", "fail") if over else ("?", "warn")
        says = "keeps the level" if under else "does not keep the level" if over else "can't be told"
    return Cell(share_text(worst.rate), range_text(worst.interval), icon, tone, says, mark)


def _mark(rule: AccuracyRule, calibration: Calibration) -> str:
    shown, marks = chosen(calibration), []
    if rule == calibration.own:
        marks.append("the rubric's")
    if rule == shown.rule:
        marks.append("suggested" if shown.status == "supported" else "the best")
    return ", ".join(marks)


def rule_row(one: RuleRates, calibration: Calibration) -> RuleRow:
    """One rule, model by model."""
    cells = tuple(Cell(share_text(rate.passes), range_text(rate.interval)) for rate in one.models)
    return RuleRow(capital(one.title), _mark(one.rule, calibration), cells)


def range_text(interval: Interval) -> str:
    """ "2.1 % to 54 %"."""
    return f"{share_text(interval[0])} to {share_text(interval[1])}"


def capital(text: str) -> str:
    """With a capital letter."""
    return text[:1].upper() + text[1:]
