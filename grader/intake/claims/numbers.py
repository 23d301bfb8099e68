"""Numbers as people write them in prose and tables: 17,682 · 17.6K · ~18k · 2,02,724 · under 20k · 99.4 % · 99.4%+."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import cast

from grader.model.claims import Figure, Relation

SCALES = {"k": 1000, "thousand": 1000, "lakh": 100_000, "lakhs": 100_000, "m": 10**6, "mn": 10**6, "million": 10**6}
GAP = "[ \u00a0\u2009\u202f]"
NUMBER = re.compile(
    r"(?<![\w.,])(?P<digits>\d{1,3}(?:[,_'’]\d{2,3}){0,5}[,_'’]\d{3}|\d{1,3}(?:[\u00a0\u2009\u202f]\d{3}){1,5}"
    r"|\d{1,15})"
    r"(?P<decimals>\.\d{1,12})?(?![\d_]|[.,]\d)"
    rf"(?:{GAP}?(?P<scale>[kK]|[mM]n?|thousand|million|lakhs?)(?![A-Za-z])|(?P<glued>[kKM])(?=para?m)"
    rf"|{GAP}?(?P<plus>\+)?{GAP}?(?P<percent>%|percent\b|per cent\b))?"
)
FILLER = (
    r"(?:[\s(\[\"'=:]*\b(?:a|an|the|total|of|only|just|about|around|approximately|approx\.?|our|well)\b|[\s~≈]+){0,4}"
)
END = r"[\s(\[\"'=:]*$"
BEFORE: tuple[tuple[Relation, re.Pattern[str]], ...] = tuple(
    (cast("Relation", relation), re.compile(rf"(?:{words}){FILLER}{END}", re.IGNORECASE))
    for relation, words in (
        (
            "at_most",
            r"≤|⩽|<=|\b(?:at most|up to|(?:no|not) (?:more|greater|higher) than|max(?:imum)?\.?(?: of)?"
            r"|not exceed(?:ing)?"
            r"|(?:less|fewer|lower|smaller) than or equals?(?: to)?|within|not over|capped at|limited to)",
        ),
        ("less_than", r"(?<![-<])<|\b(?:(?:less|fewer|lesser|lower|smaller) th[ae]n|under|below)"),
        (
            "at_least",
            r"≥|⩾|>=|\b(?:at ?least|minimum of|(?:no|not) (?:less|fewer|lower) than"
            r"|(?:more|greater|higher) than or equals?(?: to)?)",
        ),
        (
            "more_than",
            r"(?<![-=>])>|\b(?:(?:more|greater|higher|better) than|over|above|exceed(?:s|ed|ing)?|beyond"
            r"|surpass(?:es|ed|ing)?)",
        ),
        ("about", r"[~≈≅∼≃]|\b(?:about|approx(?:imately)?\.?|around|roughly|nearly|almost|close to|circa|ca\.)"),
    )
)
AFTER: tuple[tuple[Relation, re.Pattern[str]], ...] = (
    ("at_least", re.compile(r"\+(?!\s?\d)|\s*(?:or|and) (?:more|above|higher|better|greater)\b", re.IGNORECASE)),
    ("at_most", re.compile(r"\s*or (?:less|fewer|below|lower)\b", re.IGNORECASE)),
    ("about", re.compile(r"-?ish\b|\s*(?:approx\b|approximately\b)", re.IGNORECASE)),
)
DIMENSION = re.compile(r"\s?[xX]\s?\d")
LOOK_BACK = 60
SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Written:
    """A number in a text; `figure.value` is a fraction where a percent sign stands."""

    start: int
    end: int  # after the scale, the percent sign and a plus
    figure: Figure
    percent: bool = False
    scaled: bool = False  # "20k", "1.2 million"
    decimals: int = 0
    dimension: bool = False  # the first of "28x28"


@lru_cache(maxsize=64)  # every reader asks for the numbers of the same line
def find_numbers(text: str) -> tuple[Written, ...]:
    """All numbers of a line, in order; bounds ("under", "≥") have no tolerance."""
    return tuple(_written(text, match) for match in NUMBER.finditer(text))


def _written(text: str, match: re.Match[str]) -> Written:
    digits = re.sub(r"\D", "", match["digits"])
    decimals = match["decimals"] or ""
    scale = SCALES.get((match["scale"] or match["glued"] or "").lower(), 1)
    percent = match["percent"] is not None
    value = Decimal(digits + decimals) * scale
    worth = (Decimal(1).scaleb(-len(decimals[1:])) if decimals else Decimal(1)) * scale
    if percent:
        value, worth = value / 100, worth / 100
    relation, end = _relation(text, match)
    in_full = not decimals and scale == 1 and not percent
    bound = relation not in ("exactly", "about")
    return Written(
        start=match.start(),
        end=end,
        figure=Figure(value=float(value), relation=relation, tolerance=0.0 if in_full or bound else float(worth / 2)),
        percent=percent,
        scaled=scale != 1,
        decimals=len(decimals[1:]),
        dimension=DIMENSION.match(text, match.end()) is not None,
    )


def _relation(text: str, match: re.Match[str]) -> tuple[Relation, int]:
    """How the number is meant, and where it ends with the sign that says so."""
    before = SPACE.sub(" ", text[max(0, match.start() - LOOK_BACK) : match.start()])
    for relation, pattern in BEFORE:
        if pattern.search(before):
            return relation, match.end()
    if match["plus"]:
        return "at_least", match.end()
    for relation, pattern in AFTER:
        sign = pattern.match(text, match.end())
        if sign:
            return relation, sign.end()
    return "exactly", match.end()
