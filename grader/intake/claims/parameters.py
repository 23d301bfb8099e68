"""Parameter totals in a line of text or in the foot of a summary table."""

import re
from typing import Literal

from grader.intake.claims.found import Found
from grader.intake.claims.numbers import Written, find_numbers
from grader.model.claims import ParameterClaim

Scope = Literal["total", "trainable", "non_trainable", "layer"]

WORD = re.compile(r"(?<![A-Za-z])(?<!hyper[-_ ])para?m(?:e?t?e?rs?|a?e?ters?|s)?(?![A-Za-z])", re.IGNORECASE)
BETWEEN = frozenset({
    "count", "counts", "total", "number", "of", "is", "are", "was", "were", "the", "a", "an", "model", "models",
    "in", "only", "just", "about", "approximately", "approx", "around", "roughly", "nearly", "under", "below",
    "less", "fewer", "lesser", "lower", "more", "above", "over", "than", "to", "equal", "equals", "up", "at",
    "most", "now", "came", "comes", "out", "be", "being", "has", "have", "had", "down", "reduced", "trainable",
    "learnable", "non", "used", "network", "constraint", "limit", "budget", "requirement", "target", "max",
    "maximum", "exactly", "final", "current", "overall", "required", "expected", "well", "within", "must",
    "should", "shall", "needs", "need", "not", "can", "exceeding",
})  # fmt: skip
AHEAD = frozenset({
    "total", "trainable", "learnable", "tunable", "free", "model", "number", "of", "overall", "in", "all",
    "network", "the", "unique", "non", "nontrainable",
})  # fmt: skip
UNIT = re.compile(
    r"\s*-?\s*(?:epochs?|layers?|%|[mk]i?b\b|gb\b|seconds?|secs?|min\b|minutes?|samples"
    r"|images|class(?:es)?|channels|filters|kernels|blocks?"
    r"|times|steps?|batch(?:es)?|models?\b(?! param)|st\b|nd\b|rd\b|th\b|[xX]\s?\d|/\s?\d)",
    re.IGNORECASE,
)
CHANGE_BEFORE = re.compile(
    r"(?:\b(?:eliminat\w*|sav(?:e|es|ed|ing)|by|adds?|added|adding|additional|extra|another|remov\w+|only \+)\b[\s~≈]*"
    r"(?:(?:about|around|approximately|nearly|almost|roughly)[\s~]*)?|(?<!\w)[+−–-])$",
    re.IGNORECASE,
)
CHANGE_AFTER = re.compile(
    r"\W{0,3}(?:reduction|savings?|saved|less|fewer|more|increase|decrease|drop|budget)\b", re.IGNORECASE
)
MARGIN = re.compile(r"\s*(?:over|under|above|below|short|left|remaining)\s*(?:[)\],]|$)", re.IGNORECASE)
LAYER_FIRST = re.compile(
    r"^[\W\d]{0,8}(?:layer\s*:\s*([\w.]{1,60})"
    r"|((?:conv|bn|batch_?norm|fc|linear|dense|layer|block|dsconv|pool|max_?pool|se(?=[\d_:]|block))[\w.]{0,40}(?:-\d+)?)"
    r"(?=\s*[:|(=]|\s-\s))",
    re.IGNORECASE,
)
LONE = re.compile(r"\s*(\d{3,9})\s*")
SMALLEST = 10


def read_parameters(text: str) -> list[Found]:
    """The totals that a line states; changes ("saves 2,400 parameters") and sizes in MB are none."""
    words = list(WORD.finditer(text))
    if not words:
        return []
    found: list[Found] = []
    last: Written | None = None
    for number in find_numbers(text):
        scope = _scope_of(text, words, number, last if found else None)
        value = _count(number)
        if (
            scope is None
            or value is None
            or UNIT.match(text, number.end)
            or MARGIN.match(text, number.end)
            or (value < SMALLEST and scope != "non_trainable")
        ):
            continue
        figure = number.figure.model_copy(update=value_update(number, value))
        if last is not None and _refines(text, last, number, figure.value) and found:
            found.pop()
        layer = _layer(text)
        claim = ParameterClaim(
            figure=figure, scope="layer" if layer and scope != "non_trainable" else scope, layer=layer
        )
        found.append(Found(claim, number.start, number.end))
        last = number
    return found


def read_lone_total(output: str) -> int | None:
    """The total that a cell printed as its only number."""
    match = LONE.fullmatch(output)
    return int(match.group(1)) if match else None


def value_update(number: Written, value: float) -> dict[str, float]:
    """Changes to a figure that was written with a point between thousands."""
    return {} if value == number.figure.value else {"value": value, "tolerance": 0.0}


def _count(number: Written) -> float | None:
    """A whole number; "17.682" with three decimals is 17,682 as some countries write it."""
    value = number.figure.value
    if number.percent or number.dimension:
        return None
    if value == int(value):
        return value
    if number.decimals == 3 and not number.scaled and 1 <= value < 1000:
        return float(round(value * 1000))
    return None


def _scope_of(text: str, words: list[re.Match[str]], number: Written, last: Written | None) -> Scope | None:
    """What the number counts, told by the word before or after it; None where it is no parameter count."""
    if CHANGE_BEFORE.search(text[max(0, number.start - 40) : number.start]):
        return None
    for word in reversed(words):
        if word.end() <= number.start:
            between = text[word.end() : number.start]
            if _connects(between, BETWEEN):
                if re.match(r"\W{0,3}total\b", text[number.end : number.end + 10]):
                    return "total"
                return _scope(text[max(0, word.start() - 30) : number.start])
            break
    for word in words:
        if word.start() >= number.end:
            between = text[number.end : word.start()]
            if len(between) <= 40 and _connects(between, AHEAD) and not CHANGE_AFTER.match(text, word.end()):
                return _scope(between)
            break
    if last is not None and re.fullmatch(r"[^0-9.;]{0,40}\(\s*", text[last.end : number.start]):
        return "total"
    return None


def _connects(between: str, allowed: frozenset[str]) -> bool:
    if len(between) > 80 or any(character.isdigit() for character in between) or re.search(r"[.;!?]\s", between):
        return False
    found = re.findall(r"[a-z]+", between.lower())
    return len(found) <= 8 and all(word in allowed for word in found)


def _scope(label: str) -> Scope:
    lower = label.lower()
    if re.search(r"non[\s_-]?trainable", lower):
        return "non_trainable"
    return "trainable" if "trainable" in lower else "total"


def _refines(text: str, rounded: Written, number: Written, value: float) -> bool:
    """ "11k (10,790)": the number in parentheses says the same in full."""
    near = abs(value - rounded.figure.value) <= max(rounded.figure.tolerance * 2, 1)
    between = text[rounded.end : number.start]
    return rounded.scaled and not number.scaled and near and re.fullmatch(r"\s*\(\s*[=:]?\s*", between) is not None


def _layer(text: str) -> str:
    first = LAYER_FIRST.match(text)
    return (first.group(1) or first.group(2) or "") if first else ""
