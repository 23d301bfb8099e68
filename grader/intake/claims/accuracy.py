"""Accuracies in a line of text or of a training log."""

import re
from dataclasses import dataclass
from typing import Literal

from grader.intake.claims.found import Found
from grader.intake.claims.numbers import Written, find_numbers
from grader.model.claims import AccuracyClaim, Figure, Relation, Subset

Role = Literal["best", "final", "unknown"]

ACCURACY = re.compile(
    r"\bac+ur+a\w*|(?<![A-Za-z])acc(?:ura?cy|s)?(?![A-Za-z])|\bcorrect\b|(?<=[a-z])_acc\b", re.IGNORECASE
)
FRACTION = re.compile(
    r"(?<![\w.,/])(\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.0{1,6})?(?:\s?/\s?| out of (?:the )?)(\d{1,3}(?:,\d{3})+"
    r"|\d{4,9})(?![\w/])(?:\s*[(=:]\s*~?\d{1,3}(?:\.\d{1,12})?\s?%\s?\)?)?"
)
PROGRESS = re.compile(r"(?<![\d.])(\d{1,3})%\|(?=[█▏▎▍▌▋▊▉#]|\s{2})")
BATCHES = re.compile(r"\bbatch(?:[_ ]?(?:id|idx|no|num))\b|it/s|s/it", re.IGNORECASE)
SENTENCE = re.compile(r"[.;!?]\s+|\s[–—]\s")
SUBSETS: tuple[tuple[Subset, re.Pattern[str]], ...] = (
    ("test", re.compile(r"(?<![A-Za-z])test(?:ing|ed|set)?(?![A-Za-z])", re.IGNORECASE)),
    (
        "validation",
        re.compile(
            r"(?<![A-Za-z])(?:val(?:id(?:ation)?)?|dev set|hold-?out|eval(?:uation)?)(?![A-Za-z])", re.IGNORECASE
        ),
    ),
    (
        "train",
        re.compile(
            r"(?<![A-Za-z])train(?:ing)?(?=[\s_-]*(?:(?:set|data|dataset|images|epoch|mean|avg"
            r"|average)?[\s_-]*)(?:acc|loss|set|data|epoch(?!s)|$|[:=(|]|\d))",
            re.IGNORECASE,
        ),
    ),
)
LOG_VALUE = re.compile(r"(?:^|[\s|,;(])(?:train(?:ing)?|test(?:ing)?|val(?:idation)?)\s*[:=]\s*$", re.IGNORECASE)
BEST = re.compile(
    r"\b(?:best|highest|max(?:imum)?|peak(?:s|ed)?|top|reach(?:es|ed|ing)?|achiev(?:es?"
    r"|ed|ing)|attain(?:s|ed)?|touch(?:es|ed)?|hits?|gets?|got|obtain(?:s|ed)?)\b",
    re.IGNORECASE,
)
STRONG_BEST = re.compile(r"\b(?:best|highest|max(?:imum)?|peak(?:s|ed)?|top)\b", re.IGNORECASE)
FINAL = re.compile(
    r"\b(?:final(?:ly)?|(?:the |after )last epoch|end(?:s|ed)? (?:up )?(?:at|with)|after (?:the )?last)\b",
    re.IGNORECASE,
)
OUTCOME = re.compile(r"\b(?:final|first|best|results?|peak|highest|max|achieve\w*|reach\w*)\b", re.IGNORECASE)
CHANGE = re.compile(
    r"\s{0,2}[)\]]?\s{0,2}(?:-\s?)?(?:absolute |accuracy |acc |points? |test |relative )?(?:accuracy )?(?:reduction"
    r"|fewer|less\b|improvement|gain|increase"
    r"|decrease|dropout|drop\b|gap|boost|difference|loss|confidence|per epoch|smaller"
    r"|faster|short|of (?:the )?(?:limit|data|train|images|param)|lower|higher than|param)",
    re.IGNORECASE,
)
CHANGE_BEFORE = re.compile(
    r"\b(?:by|drop ?out\w*|gap|differ\w*|rate|decay|momentum|improve\w* of|confidence|~?within)\b[^.]{0,14}$",
    re.IGNORECASE,
)
ORDINAL_EPOCH = re.compile(r"\b(\d{1,4})(?:st|nd|rd|th)\s+epoch\b", re.IGNORECASE)
EPOCH = re.compile(r"\bepochs?\b\s*(?:no\.?|number)?\s*[:=#\-\[(]*\s*(\d{1,4})\b(?!\s*(?:epoch|%|\.\d))", re.IGNORECASE)
AFTER_EPOCHS = re.compile(
    r"\b(?:in|after)\s(?:just |only |a |the )?(\d{1,4}|one|single|first)\s(?:training )?epochs?\b", re.IGNORECASE
)
NOT_A_SHARE = re.compile(
    r"\s*(?:st|nd|rd|th)\b|\s*(?:\w+\s){0,2}(?:epochs?|layers?|images|samples|classes"
    r"|seconds|batch(?:es)?)\b|\s?/\s?\d|\s?[xX]\s?\d",
    re.IGNORECASE,
)
EPOCH_NUMBER = re.compile(r"\b(?:epochs?|batch\w*|step|model|seed|line|version|iteration)\W{0,5}$", re.IGNORECASE)
OTHER_QUANTITY = re.compile(r"\b(?:loss|lr|rate|time|params?|parameters|batch|dropout|seconds)\b", re.IGNORECASE)
SETTING = re.compile(r"\bearly[\s-]stop\w*\W{0,4}(?:is |was )?(?:at|trigger\w*|when|once|after)\b", re.IGNORECASE)
LINKING = frozenset({
    "accuracy", "acc", "accuracies", "on", "for", "in", "of", "the", "a", "our", "unseen", "held", "out", "mnist",
    "over", "at",
})  # fmt: skip
LEAST = 0.05  # lower figures are rates and gaps


@dataclass(frozen=True)
class _Value:
    start: int
    end: int
    figure: Figure
    percent: bool
    correct: int | None = None
    total: int | None = None


def read_accuracies(text: str, *, context: str = "") -> list[Found]:
    """The accuracies of a line; `context` is what leads it ("Best Test Accuracy:"), for a line that is a bare value."""
    visible, running = _without_progress(text)
    text = visible or ""
    if not text or (not ACCURACY.search(text) and not ACCURACY.search(context) and not _is_log(text)):
        return []
    found: list[Found] = []
    base: Subset = "train" if running else "unknown"
    carried = base
    previous_end = 0
    label = ""
    values = _values(text)
    for position, value in enumerate(values):
        own = SENTENCE.split(text[previous_end : value.start])[-1]
        label = own if re.search(r"[A-Za-z]{2}", own) else f"{label} {own}"
        following = text[value.end : values[position + 1].start if position + 1 < len(values) else len(text)]
        after = SENTENCE.split(following)[0][:60]
        named = _subset(label)
        if named != "unknown":
            carried = named
        elif len(SENTENCE.split(text[previous_end : value.start])) > 1:
            carried = base
        previous_end = value.end
        if not _is_accuracy(value, label, after, context, text):
            continue
        subset = next(
            (one for one in (named, _subset_after(after), carried) if one != "unknown"), _subset(f"{context} ")
        )
        found.append(_found(value, subset, _role(label, after, context), _epoch(text, value)))
    return _without_ranges(found, text)


def _found(value: _Value, subset: Subset, role: Role, epoch: int | None) -> Found:
    claim = AccuracyClaim(
        figure=value.figure, subset=subset, correct=value.correct, total=value.total, epoch=epoch, role=role
    )
    return Found(claim, value.start, value.end)


def _without_progress(text: str) -> tuple[str | None, bool]:
    """The text without a progress bar, and whether it is a running figure over batches; None for a bar under way."""
    bar = PROGRESS.search(text)
    running = BATCHES.search(text) is not None
    if bar is None:
        return text, running
    if bar.group(1) != "100":
        return None, True
    bracket = text.rfind("[", bar.end())
    shown = text[bar.end() :][text[bar.end() :].find(",") :] if bracket >= 0 and "," in text[bracket:] else ""
    kept = text[: bar.start()]
    return (kept if ACCURACY.search(kept) else f"{kept} {shown}"), True


def _values(text: str) -> list[_Value]:
    """Fractions, percentages and bare numbers that may be accuracies; a fraction swallows its rounded percentage."""
    values: list[_Value] = []
    taken: list[tuple[int, int]] = []
    for match in FRACTION.finditer(text):
        correct, total = int(match.group(1).replace(",", "")), int(match.group(2).replace(",", ""))
        if 0 < correct <= total and total >= 1000:
            figure = Figure(value=correct / total)
            values.append(_Value(match.start(), match.end(), figure, False, correct, total))
            taken.append((match.start(), match.end()))
    for number in find_numbers(text):
        if not any(start <= number.start < end for start, end in taken):
            share = _as_fraction(number)
            if share is not None and (number.percent or _may_be_share(text, number)):
                values.append(_Value(number.start, number.end, share, number.percent))
    return sorted(values, key=lambda value: value.start)


def _may_be_share(text: str, number: Written) -> bool:
    """Whether a bare number counts nothing: no "20 epochs", no "15th", no "epoch 12"."""
    return not NOT_A_SHARE.match(text, number.end) and not EPOCH_NUMBER.search(text[: number.start][-20:])


def _as_fraction(number: Written) -> Figure | None:
    if number.scaled or number.dimension:
        return None
    value, tolerance = number.figure.value, number.figure.tolerance
    if number.percent:
        return number.figure if LEAST <= value <= 1 else None
    if 0 < value <= 1 and number.decimals >= 2:
        return number.figure
    if 10 <= value <= 100:
        worth = 0.5 * 10**-number.decimals if number.figure.relation in ("exactly", "about") else tolerance
        return Figure(value=round(value / 100, 14), relation=number.figure.relation, tolerance=worth / 100)
    return None


def _is_log(text: str) -> bool:
    """ "Epoch 3: Train=98.9%, Val=98.4%" and "Final: 99.36% (Epoch 20)" name no accuracy and mean one."""
    return "%" in text and (
        bool(re.search(r"\b(?:train|test|val)\w{0,7}\s*[:=]", text, re.IGNORECASE))
        or (bool(re.search(r"\bepoch", text, re.IGNORECASE)) and bool(OUTCOME.search(text)))
        or bool(re.search(r"\b(?:results?|final|best|peak)\s*[:=]", text, re.IGNORECASE))
    )


def _is_accuracy(value: _Value, label: str, after: str, context: str, text: str) -> bool:
    if CHANGE.match(after) or CHANGE_BEFORE.search(label) or SETTING.search(text):
        return False
    nearest = label[-60:]
    named = list(ACCURACY.finditer(nearest))
    if value.correct is not None:
        return bool(ACCURACY.search(text)) or _subset(label) != "unknown"
    if named:
        tail = nearest[named[-1].end() :]
        if OTHER_QUANTITY.search(tail):
            return False
        return value.percent or (
            not re.search(r"\bepoch", tail, re.IGNORECASE) and len(re.findall(r"[A-Za-z]+", tail)) <= 6
        )
    if value.percent:
        lead = SENTENCE.split(after)[0][:40]
        if re.match(r"[^.,;|]{0,30}?(?:ac+ur+a|acc\b)|\s*(?:test|val|train)\w*\b", lead, re.IGNORECASE):
            return True
        if LOG_VALUE.search(nearest) or (value.figure.value >= 0.5 and _is_log(text) and _outcome(label)):
            return True
        if re.search(
            r"\b(?:train|test|val)\w{0,7}\s*[:=]\s*\d[\d.]*\s*\(\s*$", text[: value.start][-60:], re.IGNORECASE
        ):
            return True
    if ACCURACY.search(context) and _bare_item(label, context):
        return value.figure.value >= 0.5
    return bool(ACCURACY.match(after.lstrip(" )*")[:20])) and value.figure.value >= 0.5


def _bare_item(label: str, context: str) -> bool:
    """ "- 99.25 (11th epoch)" under "Best Test Accuracy:"."""
    return not re.search(r"[A-Za-z]{3}", label) and context.rstrip().endswith((":", "-"))


def _outcome(label: str) -> bool:
    return bool(OUTCOME.search(label)) or re.search(r"\bfirst\b", label, re.IGNORECASE) is not None


def _subset(label: str) -> Subset:
    """The set that is named last before the value; "validation/test" is the test set."""
    best: tuple[int, Subset] = (-1, "unknown")
    for subset, pattern in SUBSETS:
        for match in pattern.finditer(label):
            best = max(best, (match.start(), subset))
    return best[1]


def _subset_after(after: str) -> Subset:
    """ "99.4% test accuracy", "98.9 % on the validation set"."""
    words = re.findall(r"[a-z]+", re.split(r"[.;|(]", after)[0].lower())[:8]
    for position, word in enumerate(words):
        if word not in LINKING:
            return _subset(f"{' '.join(words[position : position + 2])} ")
    return "unknown"


def _role(label: str, after: str, context: str) -> Role:
    for text in (label, context):
        marks = [(match.start(), role) for role, pattern in _ROLES for match in pattern.finditer(text)]
        if marks:
            return max(marks)[1] if not STRONG_BEST.search(text) else "best"
    return "final" if re.match(r"[^.;|]{0,40}last epoch\b", after, re.IGNORECASE) else "unknown"


_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (("best", BEST), ("final", FINAL))


def _epoch(text: str, value: _Value) -> int | None:
    """The epoch that the line names nearest to the value."""
    marks = [mark for pattern in (ORDINAL_EPOCH, EPOCH, AFTER_EPOCHS) for mark in pattern.finditer(text)]
    nearest = min(
        marks, key=lambda mark: min(abs(mark.start() - value.end), abs(value.start - mark.end())), default=None
    )
    if nearest is None:
        return None
    number = int(nearest.group(1)) if nearest.group(1).isdigit() else 1
    return number if number >= 1 else None


def _without_ranges(found: list[Found], text: str) -> list[Found]:
    """ "99.25 - 99.27" is at least the first; of "99%+ (99.13%)" the second counts."""
    kept: list[Found] = []
    for one in found:
        if kept and re.fullmatch(r"\s?\(", text[kept[-1].end : one.start]) and _is_bound(kept[-1]):
            kept.pop()
        if kept and re.fullmatch(r"\s?(?:-|–|to|~)\s?", text[kept[-1].end : one.start]):
            first = kept.pop()
            claim = first.statement
            if isinstance(claim, AccuracyClaim):
                relation: Relation = "at_least"
                claim = claim.model_copy(update={"figure": Figure(value=claim.figure.value, relation=relation)})
            kept.append(Found(claim, first.start, one.end))
        else:
            kept.append(one)
    return kept


def _is_bound(found: Found) -> bool:
    return isinstance(found.statement, AccuracyClaim) and found.statement.figure.relation not in ("exactly", "about")
