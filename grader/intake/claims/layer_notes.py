"""Notes beside layers, in code or in a listing: `conv1 = nn.Conv2d(1, 8, 3)  # 28x28x1 -> 26x26x8, RF 3`."""

import re
from collections.abc import Iterator, Sequence

from grader.intake.claims.document import Document, Line
from grader.intake.claims.drafts import Draft
from grader.intake.claims.receptive_field import LAYER_FIRST, SHORT, read_note
from grader.model.claims import FieldRow, FieldTableClaim

FARTHEST = 12  # lines between two notes of one table
FEWEST = 3
ATTRIBUTE = re.compile(r"\bself\.(\w{1,60})\s*[=(]")
CALL = re.compile(r"(?:\bnn\.|\bF\.|\b)([A-Z]\w{2,40})\s*\(")
LIST_MARK = re.compile(r"^\s*(?:[-*+•>|│├└─]|\d{1,3}[.)])*\s*")


def read_layer_notes(document: Document, used: set[int]) -> list[Draft]:
    """Tables made of notes beside layers; the lines they take up are added to `used`."""
    rows: list[tuple[int, Line, FieldRow]] = []
    drafts: list[Draft] = []
    for number, line in enumerate(document.lines):
        row = None if id(line) in used else _row(line)
        if row is None:
            continue
        if rows and (
            number - rows[-1][0] > FARTHEST or line.section is not rows[-1][1].section or _starts_over(rows, row)
        ):
            drafts += _table(rows, document, used)
            rows = []
        rows.append((number, line, row))
    return drafts + list(_table(rows, document, used))


def layer_of(code: str) -> str:
    """What a line of code or of a listing calls its layer."""
    attribute = ATTRIBUTE.search(code)
    if attribute:
        return attribute.group(1)
    called = CALL.search(code)
    if called:
        return called.group(1)
    first = LAYER_FIRST.match(code)
    return first.group(1).strip() if first else ""


def _row(line: Line) -> FieldRow | None:
    text = line.plain
    if not SHORT.search(text) and "eceptive" not in text and "r_out" not in text:
        return None
    code, mark, note = text.partition("#")
    layer = layer_of(LIST_MARK.sub("", code if mark and code.strip() else text))
    return read_note(note if mark else text, layer, line.location.line) if layer or (mark and code.strip()) else None


def _starts_over(rows: Sequence[tuple[int, Line, FieldRow]], row: FieldRow) -> bool:
    """A second network: the field falls back to that of a first layer."""
    before, now = rows[-1][2].receptive_field, row.receptive_field
    return before is not None and now is not None and now <= 3 < before


def _table(rows: Sequence[tuple[int, Line, FieldRow]], document: Document, used: set[int]) -> Iterator[Draft]:
    if len(rows) < FEWEST:
        return
    used.update(id(line) for _, line, _ in rows)
    first = rows[0][1]
    yield Draft(
        FieldTableClaim(rows=tuple(row for _, _, row in rows)),
        document,
        first,
        text=f"notes by layer: {first.plain.strip()}",
    )
