"""Receptive fields in a line of text, and rows of a layer table in a comment beside a layer."""

import re

from grader.intake.claims.found import Found
from grader.intake.claims.numbers import find_numbers
from grader.model.claims import FieldRow, ReceptiveFieldClaim

FIELD = re.compile(r"\breceptive[\s_-]*fields?\b|(?<![A-Za-z0-9])R\.?F\.?(?![A-Za-z0-9])", re.IGNORECASE)
SHORT = re.compile(r"(?<![A-Za-z0-9])(?:RF|R\.F\.?)(?![A-Za-z])")
BETWEEN = frozenset({
    "size", "of", "is", "are", "was", "the", "a", "an", "rf", "r", "f", "final", "total", "overall", "output",
    "at", "end", "reaches", "reached", "becomes", "goes", "up", "to", "about", "over", "complete", "effective",
    "theoretical", "global", "full", "network", "model", "max", "maximum", "approximately", "around", "only",
    "just", "now", "comes", "out", "be", "being", "has", "receptive", "field", "equals", "equal", "grows",
    "increases", "increased", "covers", "covering", "in", "pixels", "region", "pixel", "exactly", "here",
})  # fmt: skip
AFTER = re.compile(
    r"\s?(?:[xX]\s?\d{1,4})?\s?-?\s?(?:px|pixels?)?\s?(?:final |total |overall |effective "
    r"|global |theoretical )?(?:receptive|RF\b|R\.F\b)"
)
WHOLE = re.compile(
    r"\b(?:final|total|overall|complete|effective|global|full|network|model|entire"
    r"|end|max(?:imum)?(?! ?pool)|theoretical)\b",
    re.IGNORECASE,
)
PASSING = re.compile(
    r"\b(?:at|till|until|after|when|with just|around|where|by|from|of|has|have|having)\s*(?:an?|the)?\s*$",
    re.IGNORECASE,
)
AT_LAYER = re.compile(
    r"\b(?:at|after|in|of)\s+(?:the\s+)?((?:end of )?(?:\d{1,3}(?:st|nd|rd|th)|first|second"
    r"|third|fourth|fifth|last|final)?\s?"
    r"(?:conv\w*|layer|block|pool\w*|max ?pool\w*|gap|fc|transition|head|input)(?:al|utional)?\s?(?:layer"
    r"|block)?\s?#?\d{0,3})\b",
    re.IGNORECASE,
)
LAYER_FIRST = re.compile(
    r"^[\W\d]{0,8}((?:self\.)?(?:conv|bn|batch_?norm|fc|linear|dense|layer|block|dsconv"
    r"|pool|max_?pool|avg_?pool|gap|trans\w*|input|stage|stem|dropout|relu)"
    r"[\w.]{0,40}(?:\s\d{1,2})?)",
    re.IGNORECASE,
)
MOST = 2000

NOTE_FIELD = re.compile(
    r"(?<![A-Za-z0-9])(?:RF|R\.F\.?|r_?out|receptive[\s_-]*field|rec(?:eptive)? field)(?:[\s_]?(?:out"
    r"|size))?\s{0,3}(?:[-:=~>]|is|→|->|=>)*\s{0,3}\(?(\d{1,4})(?![\d.]*%)",
    re.IGNORECASE,
)
NOTE_IN = re.compile(
    r"(?<![A-Za-z0-9_])(?:n_?in|in(?:put)?)(?:[\s_]?(?:size|shape))?\s{0,3}[-:=]{0,2}\s{0,3}[\[(]?(\d{1,4})",
    re.IGNORECASE,
)
NOTE_OUT = re.compile(
    r"(?<![A-Za-z0-9_])(?:n_?out|out(?:put)?)(?:[\s_]?(?:size|shape))?\s{0,3}[-:=]{0,2}\s{0,3}[\[(]?(\d{1,4})",
    re.IGNORECASE,
)
NOTE_JUMP_IN = re.compile(r"(?<![A-Za-z0-9_])(?:j_?in|jump[\s_]in)\s{0,3}[-:=]{0,2}\s{0,3}(\d{1,4})", re.IGNORECASE)
NOTE_JUMP = re.compile(r"(?<![A-Za-z0-9_])(?:j_?out|jump(?:[\s_]out)?|j)\s{0,3}[:=-]\s{0,3}(\d{1,4})", re.IGNORECASE)
NOTE_SIZES = re.compile(
    r"(\d{1,4})\s?[xX*]\s?\d{1,4}(?:\s?[xX*@]\s?\d{1,4})?\s{0,3}(?:-+>|=+>|→|>|➔|➜|\bto\b)\s{0,3}(\d{1,4})\s?[xX*]\s?\d{1,4}"
)
NOTE_OUTPUT_ONLY = re.compile(r"(?<![\d.xX])(\d{1,4})\s?[xX*]\s?\1(?:\s?[xX*@]\s?\d{1,4})?(?!\d)")


def read_fields(text: str) -> list[Found]:
    """The receptive fields that a line states, of the whole model or of a layer it names."""
    if not FIELD.search(text):
        return []
    found: list[Found] = []
    for number in find_numbers(text):
        value = number.figure.value
        if number.percent or number.scaled or value != int(value) or not 1 <= value <= MOST:
            continue
        label = _label(text, number.start)
        if label is None and not AFTER.match(text, number.end):
            continue
        before = text[max(0, number.start - 50) : number.start] if label is None else label
        layer = "" if WHOLE.search(before) else _layer(text, number.end)
        if not layer and _is_passing(text, before):
            continue
        found.append(Found(ReceptiveFieldClaim(figure=number.figure, layer=layer), number.start, number.end))
        if label is not None:
            break  # "28x28" and what is said of it further on
    return found


def read_note(note: str, layer: str, line: int | None) -> FieldRow | None:
    """A comment such as "28x28x1 -> 26x26x8, RF 3" or "n_in=28, n_out=26, RF=3" as a row; None without a field."""
    field = NOTE_FIELD.search(note)
    if field is None:
        return None
    sizes = NOTE_SIZES.search(note)
    rest = note[: field.start()] + " " + note[field.end() :]
    alone = None if sizes else NOTE_OUTPUT_ONLY.search(_after_field(note, field))
    return FieldRow(
        layer=layer,
        line=line,
        receptive_field=int(field.group(1)),
        size_in=int(sizes.group(1)) if sizes else _number(NOTE_IN, rest),
        size_out=int(sizes.group(2)) if sizes else _number(NOTE_OUT, rest) or (int(alone.group(1)) if alone else None),
        jump_in=_number(NOTE_JUMP_IN, rest),
        jump_out=_number(NOTE_JUMP, rest),
    )


def _after_field(note: str, field: re.Match[str]) -> str:
    """The note without the field's own "5x5"."""
    own = re.match(r"\s?[xX*]\s?\d{1,4}", note[field.end() :])
    return note[: field.start()] + " " + note[field.end() + (own.end() if own else 0) :]


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match.group(1)) if match else None


def _label(text: str, start: int) -> str | None:
    """The words from "receptive field" to the number, where nothing else stands between."""
    words = list(FIELD.finditer(text[:start]))
    if not words:
        return None
    between = text[words[-1].end() : start]
    if any(character.isdigit() for character in between) or len(between) > 60 or re.search(r"[.;!?]\s", between):
        return None
    if any(word not in BETWEEN for word in re.findall(r"[a-z]+", between.lower())):
        return None
    return text[max(0, words[-1].start() - 20) : start]


def _layer(text: str, end: int) -> str:
    named = AT_LAYER.match(text, end) or AT_LAYER.search(text, end, end + 80)
    if named:
        return named.group(1).strip()[:80]
    first = LAYER_FIRST.match(text)
    return first.group(1).strip()[:80] if first and not first.group(1).lower().startswith("input s") else ""


def _is_passing(text: str, label: str) -> bool:
    """ "perform max pooling at RF=5": a field on the way, not the model's."""
    if WHOLE.search(label):
        return False
    field = FIELD.search(label)
    head = label[: field.start()] if field else label
    if PASSING.search(head) and not re.search(r"\b(?:of|has|have|having)\s*(?:an?|the)?\s*$", head, re.IGNORECASE):
        return True
    return "-" in text[text.find(label) + len(label) :][:6] and SHORT.search(label) is not None
