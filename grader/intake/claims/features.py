"""Ticks for batch normalization, dropout, global average pooling and fully connected layers."""

import re
from typing import Literal

from grader.intake.claims.found import Found
from grader.intake.claims.numbers import find_numbers
from grader.model.claims import FeatureClaim

Feature = Literal["batch_norm", "dropout", "gap", "fc"]

WORDS: tuple[tuple[Feature, re.Pattern[str]], ...] = (
    ("batch_norm", re.compile(r"\bbatch[\s_-]*norm\w*|\bBN\b|\bBatchNorm\w*")),
    ("batch_norm", re.compile(r"\bbatch[\s_-]*norm\w*", re.IGNORECASE)),
    ("dropout", re.compile(r"\bdrop[\s_-]?outs?(?:2d|1d)?\b", re.IGNORECASE)),
    (
        "gap",
        re.compile(
            r"\bglobal[\s_-]*av(?:era)?ge?[\s_-]*pool\w*|\badaptive_?avg_?pool\w*|\bglobal average\b", re.IGNORECASE
        ),
    ),
    ("gap", re.compile(r"\bGAP\b")),
    ("fc", re.compile(r"\bfully[\s_-]*connected\b|\b(?:linear|dense)[\s_]layers?\b|\bnn\.Linear\b", re.IGNORECASE)),
    ("fc", re.compile(r"\bFC\b|\bFCs\b")),
)
TICK = re.compile(
    r"\[[xX]\]|[✅✓✔☑]|:white_check_mark:|:heavy_check_mark:|\bPASS(?:ED)?\b|(?<=\|)\s*(?:yes"
    r"|true|present|used|implemented)\s*(?=\||$)",
    re.IGNORECASE,
)
CROSS = re.compile(
    r"\[ \]|[❌✗✘✖☒]|:x:|\bFAIL(?:ED)?\b|(?<=\|)\s*(?:no|none|false|not used|absent)\s*(?=\||$)", re.IGNORECASE
)
USE = re.compile(
    r"\b(?:us(?:e|es|ed|ing)|with|has|have|includ\w*|employ\w*|implement\w*|appl(?:y|ies"
    r"|ied)|add(?:s|ed)?|incorporat\w*|contain\w*|followed by|features?|via|consists?"
    r"|introduc\w+)\b",
    re.IGNORECASE,
)
NOT = re.compile(
    r"\b(?:no|without|not (?:use|using|include|including|contain|have)|does not (?:use"
    r"|include|have|contain)(?: any| explicit)?|doesn'?t (?:use|have|include)|instead of"
    r"|rather than|"
    r"replac(?:es|ed|ing)|remov(?:e|es|ed|ing)|eliminat\w+|avoid(?:s|ed|ing)?|zero|never"
    r"|free of|no need (?:for|of))(?:\s+(?:an?|any|the|explicit|use of|additional|heavy"
    r"|traditional|large|final|using))*\s*$",
    re.IGNORECASE,
)
NEGATED_AFTER = re.compile(
    r"\s*(?:layers?)?\s*(?::|=|is|are|was|were|-|\|)?\s*(?:not (?:used|present|included"
    r"|applied)|none\b|no\b|absent|removed\b|❌|✗)",
    re.IGNORECASE,
)
DENIED_AFTER = re.compile(
    r"[^.;]{0,60}\b(?:does|do|is|are|was|were)(?:n't| not)\b[^.;]{0,30}\b(?:includ|us|implement|contain|hav|appl)",
    re.IGNORECASE,
)
PARTLY = re.compile(r"\s*(?:layers?\s)?(?:from|in|after|before|at|on)\b", re.IGNORECASE)
EXPLAINS = re.compile(
    r"\s*(?:\([^()]{0,30}\))?\s*(?:is|are) (?:an?|the|one|used|known|commonly|often|typically"
    r"|more|usually|also|applied|added)\b",
    re.IGNORECASE,
)
UNCLEAR_BEFORE = re.compile(
    r"\b(?:minimi[sz]e|reduc\w+|fewer|over|than|between|parameters? (?:of|in)|distance of"
    r"|effects? of|when do we introduce|and we can|add(?:ing)?|next step|try|should|try to)\b[^,.;]{0,24}$",
    re.IGNORECASE,
)
UNCLEAR_AFTER = re.compile(r"\s*(?:parameters?|params?|rate schedul|impact|effect|trade-?off)", re.IGNORECASE)
QUESTION = re.compile(r"\?\s*$|^\W*(?:when|why|how|what|where|do)\b", re.IGNORECASE)
LISTED = re.compile(
    r"\b(?:techniques?|features?|components?|layers?|regulari[sz]ation|normali[sz]ation"
    r"|pooling|includ\w+|highlights?|head|output|uses?)\W{0,3}:\s*(?:[\w\s/()-]{1,60},\s*){0,8}(?:and\s+)?$",
    re.IGNORECASE,
)
COUNT_BEFORE = re.compile(r"(?<![\d.,x])(\d{1,3})\s+(?:[A-Za-z]+\s)?$")
COUNT_AFTER = re.compile(
    r"[^.;\d]{0,24}?(?<![\d.x=])(\d{1,3})\s+(?:\w+\s)?(?:layers?|times|instances)\b", re.IGNORECASE
)
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
COUNT_WORD = re.compile(rf"\b({'|'.join(NUMBERS)})\s+(?:[A-Za-z]+\s)?$", re.IGNORECASE)
CHAIN = re.compile(r"→|->|=>|-->|\+|,|\|")
RATE_AFTER = re.compile(r"^[^.;|]{0,60}?[(=:@~\s](?=0?\.\d|\d{1,2}(?:\.\d+)?\s?%)")
NOT_A_RATE = re.compile(r"accura|\bacc\b|achiev|\btest|\btrain|\bloss|\blr\b|learning", re.IGNORECASE)
ITEM = re.compile(r"^\s*(?:[-*+•●▪–]|\d{1,3}[.)>])?\s*(?:\[[ xX]\]\s*|[^\w\s(]{1,4}\s*)?")


def read_features(text: str, *, item: bool = False, heading: bool = False) -> list[Found]:
    """The features that a line says the model has, or does without; explanations and questions claim nothing."""
    if QUESTION.search(text):
        return []
    found: dict[Feature, Found] = {}
    for feature, pattern in WORDS:
        for match in pattern.finditer(text):
            if feature in found:
                break
            present = _present(text, feature, match, item, heading)
            if present is not None:
                found[feature] = Found(_claim(feature, present, text, match), match.start(), match.end())
    return list(found.values())


def _present(text: str, feature: Feature, match: re.Match[str], item: bool, heading: bool) -> bool | None:
    """Whether the line says that the feature is there; None where it says neither."""
    before, after = text[: match.start()], text[match.end() :]
    clause = re.split(r"[.;!?]\s", before)[-1]
    if NOT.search(clause) or NEGATED_AFTER.match(after) or (item and DENIED_AFTER.match(after)):
        return None if PARTLY.match(after) else False
    if EXPLAINS.match(after) or UNCLEAR_AFTER.match(after):
        return None
    if TICK.search(text):
        return True
    if CROSS.search(text):
        return False
    if UNCLEAR_BEFORE.search(clause) and not re.search(r"\b(?:added|adding|uses?|using)\b", clause, re.IGNORECASE):
        return None
    if heading or re.search(r"\beither\b", clause, re.IGNORECASE):
        return None
    if feature == "dropout" and _rates(after):
        return True
    lead = before[ITEM.match(before).end() :] if ITEM.match(before) else before  # type: ignore[union-attr]
    if item and not lead.strip() and len(after.strip()) <= 160:
        return None if re.match(r"\s*,?$", after) and not before.strip() else True
    if LISTED.search(clause):
        return True
    if USE.search(clause[-80:]) or COUNT_BEFORE.search(before) or COUNT_WORD.search(before):
        return True
    return True if CHAIN.search(clause[-20:]) and re.search(r"conv|relu|pool|\d", before, re.IGNORECASE) else None


def _claim(feature: Feature, present: bool, text: str, match: re.Match[str]) -> FeatureClaim:
    rates = _rates(text[match.end() :]) if feature == "dropout" and present else ()
    return FeatureClaim(feature=feature, present=present, count=_count(text, match) if present else None, rates=rates)


def _count(text: str, match: re.Match[str]) -> int | None:
    before, after = text[: match.start()], text[match.end() :]
    number = COUNT_BEFORE.search(before)
    if number and re.match(r"\s*(?:\w+\s)?layers?\b|s\b|\s*\(|\s*$|2d", after):
        return int(number.group(1))
    word = COUNT_WORD.search(before)
    if word:
        return NUMBERS[word.group(1).lower()]
    counted = COUNT_AFTER.match(after)
    return int(counted.group(1)) if counted else None


def _rates(after: str) -> tuple[float, ...]:
    """The rates right behind the word: "(0.1)", "p = 0.03", "rate: 5%", "0.03 → 0.02"."""
    if not RATE_AFTER.match(after):
        return ()
    rates: list[float] = []
    end = 0
    for number in find_numbers(after[:120]):
        gap = after[end : number.start]
        if rates and not re.fullmatch(r"\s*(?:[,/→&]|->|and|to|\()\s*", gap):
            break
        if not rates and (len(gap) > 62 or NOT_A_RATE.search(gap)):
            break
        value = number.figure.value
        if (
            0 < value <= 0.9
            and (number.percent or number.decimals)
            and (not rates or value != rates[-1] or not number.percent)
        ):
            rates.append(value)
        end = number.end
    return tuple(rates[:20])
