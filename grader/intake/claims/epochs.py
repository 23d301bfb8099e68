"""How many epochs a line says were trained, or were needed to reach the target."""

import re
from typing import Literal

from grader.intake.claims.found import Found
from grader.intake.claims.numbers import find_numbers
from grader.model.claims import EpochsClaim, Figure

WORD = re.compile(r"epochs?\b", re.IGNORECASE)
LABEL = re.compile(
    r"\b(?:(?:total |training |number of |num[_ ]|n[_ ]|max[_ ])?epochs|epochs? (?:trained"
    r"|used|run))(?: count)?\s{0,40}(?:[:=|≤<>~]|-\s|is\b|was\b|to\b)"
    r"[^0-9A-Za-z]{0,30}$",
    re.IGNORECASE,
)
TARGET_LABEL = re.compile(
    r"\bepochs? (?:to|until|till|for) (?:reach )?9\d(?:\.\d+)?\s?%?\+?[^0-9A-Za-z]{0,30}(?:epoch\W{0,3})?$"
    r"|\bfirst 9\d(?:\.\d+)?\s?%[^0-9A-Za-z]{0,20}epoch\W{0,3}$",
    re.IGNORECASE,
)
DURATION_LABEL = re.compile(r"\btraining (?:time|duration)\W{0,8}$", re.IGNORECASE)
AFTER = re.compile(r"\s?-?\s?(?:training |full |total )?epochs?\b", re.IGNORECASE)
PART_OF_TRAINING = re.compile(
    r"\b(?:last|ev[ae]ry|each|first|next|final|later|early|per|around|another|additional"
    r"|more|by|for the|patience|warm-?up|step|previous|than|faster|in \d+ of|of)"
    r"\W{0,3}$",
    re.IGNORECASE,
)
SINGLE = re.compile(
    r"\b(?:in |after |within |for )?(?:just |only )?(?:a |the )?(one|single|1) (?:training )?epoch\b", re.IGNORECASE
)
REACHED = re.compile(
    r"\b(?:reach\w*|achiev\w*|attain\w*|hit|hits|target|accuracy|converge\w*|to get|to 9\d|first)\b|9\d(?:\.\d+)?\s?%",
    re.IGNORECASE,
)
AT_EPOCH = re.compile(
    r"\b(?:reach\w*|achiev\w*|attain\w*|hits?|met|first|target)\b[^.;|]{0,60}?\b(?:at|in|on|by|from)?\W{0,6}(?:the )?"
    r"(?:epochs?\W{0,3}(\d{1,4})|(\d{1,4})(?:st|nd|rd|th) epoch)\b",
    re.IGNORECASE,
)
MOST = 5000
FASTER = re.compile(r"\s?-?\s?epochs?\s(?:faster|slower|earlier|later|sooner|less|more|fewer)", re.IGNORECASE)


def read_epochs(text: str) -> list[Found]:
    """The epochs that a line states; "the last 5 epochs" and "every 6 epochs" are none."""
    if not WORD.search(text):
        return []
    found: list[Found] = []
    for number in find_numbers(text):
        value, before = number.figure.value, text[: number.start][-80:]
        if number.percent or number.scaled or number.dimension or value != int(value) or not 1 <= value <= MOST:
            continue
        follows = AFTER.match(text, number.end)
        labelled = LABEL.search(before) or TARGET_LABEL.search(before) or (DURATION_LABEL.search(before) and follows)
        if not labelled and (
            not follows or PART_OF_TRAINING.search(_without_bound(before)) or FASTER.match(text, number.end)
        ):
            continue
        found.append(
            Found(EpochsClaim(figure=number.figure, of=_purpose(text, number.start)), number.start, number.end)
        )
    if not found:
        found = [_one(match, text) for match in SINGLE.finditer(text)][:1]
    return found or [_at(match) for match in AT_EPOCH.finditer(text)][:1]


def _one(match: re.Match[str], text: str) -> Found:
    claim = EpochsClaim(figure=Figure(value=1.0), of=_purpose(text, match.start()))
    return Found(claim, match.start(1), match.end(1))


def _at(match: re.Match[str]) -> Found:
    epoch = match.group(1) or match.group(2)
    group = 1 if match.group(1) else 2
    return Found(EpochsClaim(figure=Figure(value=float(epoch)), of="target"), match.start(group), match.end(group))


def _purpose(text: str, start: int) -> Literal["training", "target"]:
    """ "99.4 % in 12 epochs" tells when the target was reached; "Epochs: 20" how long the training was."""
    before = re.split(r"[.;|]\s", text[:start])[-1]
    if re.search(r"\b(?:till|until|for|over|trained)\s*$", before, re.IGNORECASE):
        return "training"
    return "target" if REACHED.search(before) else "training"


def _without_bound(before: str) -> str:
    """ "less than 20 epochs" is a bound on all of them, though it has a "than"."""
    return re.sub(r"\b(?:less|fewer|more) than(?: or equals?(?: to)?)?\W*$", "", before, flags=re.IGNORECASE)
