"""Per-layer tables of receptive fields: which column is which, and what a cell says."""

import re
from typing import Literal, cast

from grader.intake.claims.tables import Row, Table
from grader.model.claims import FieldRow, FieldTableClaim

Column = Literal[
    "layer", "kernel", "stride", "padding", "jump_in", "jump_out", "size_in", "size_out", "receptive_field", "field_in"
]

# Header words with everything but letters and digits taken out; the first that fits decides.
TITLES: tuple[tuple[Column, re.Pattern[str]], ...] = tuple(
    (cast("Column", column), re.compile(words))
    for column, words in (
        ("field_in", r"r_?in|rf ?in|(?:input|in) (?:rf|receptive field)|receptive field (?:in|input)|rf before"),
        (
            "receptive_field",
            r"(?:r|rf|receptive field|output rf|out rf|field|rec field|rf ?size)(?: ?(?:out|output"
            r"|rf|size|after|calculation|px|pixels|r ?out|global|local|at output))*|r_?out",
        ),
        ("jump_in", r"j_?in|jump ?in|in(?:put)? jump"),
        ("jump_out", r"j_?out|jump(?: ?(?:out|size|j))?|j|out(?:put)? jump|effective stride|cumulative stride"),
        (
            "size_in",
            r"n_?in|in|input(?: ?(?:size|shape|dim\w*|hxw|feature map|image|map|channel size|resolution"
            r"|wxh|n ?in))*|in ?size|in ?shape|image size|size in|h in",
        ),
        (
            "size_out",
            r"n_?out|out|output(?: ?(?:size|shape|dim\w*|hxw|feature map|map|channel size|resolution"
            r"|wxh|n ?out))*|out ?size|out ?shape|size|feature map(?: size)?|size out|h out|shape"
            r"|spatial(?: size)?|channel size",
        ),
        ("kernel", r"k|kernel(?: ?size)?|ksize|filter(?: ?size)?|kernel k|f"),
        ("stride", r"s|strides?(?: s)?"),
        ("padding", r"p|pad(?:ding)?s?(?: p)?"),
        (
            "layer",
            r"layers?(?: ?(?:name|type|no|number))*|operation|op|name|type|block|stage|module"
            r"|step|layer type .*|convolution|description|component",
        ),
    )
)
DETAIL_KERNEL = re.compile(r"kernel(?:[ _]size)?\W{0,3}(\d{1,3})", re.IGNORECASE)
DETAIL_STRIDE = re.compile(r"strides?\W{0,3}(\d{1,3})", re.IGNORECASE)
DETAIL_PADDING = re.compile(r"(?<!no )pad(?:ding)?\W{0,3}(\d{1,3})", re.IGNORECASE)
INTEGER = re.compile(r"(?<![\d.])(\d{1,5})(?![\d.])")
SHAPE = re.compile(r"^[\[(]\s*(?:-?\d{1,5}|None|N|B|bs?|batch)\s*,(.{1,60})[\])]", re.IGNORECASE)
LARGEST = 100_000


def read_field_table(table: Table) -> FieldTableClaim | None:
    """The table as rows by layer, as it stands; None without a column of receptive fields with two numbers in it."""
    columns = columns_of(table.header)
    if "receptive_field" not in columns:
        return None
    rows = tuple(row for row in (_row(one, columns) for one in table.rows) if row is not None)
    filled = sum(row.receptive_field is not None for row in rows)
    others = [column for column in columns if column not in ("receptive_field", "layer")]
    if filled < 2 or ("layer" not in columns and not others):
        return None
    return FieldTableClaim(rows=rows)


def columns_of(header: tuple[str, ...]) -> dict[Column, int]:
    """Where each known column stands; of two that fit, the first."""
    found: dict[Column, int] = {}
    for position, title in enumerate(header):
        text = re.sub(r"[^a-z0-9]+", " ", title.lower().replace("_", " ")).strip()
        text = re.sub(r"\b([a-z]{1,8}(?: field)?) \1\b", r"\1", text)
        for column, pattern in TITLES:
            if column not in found and (pattern.fullmatch(text) or pattern.fullmatch(text.replace(" ", ""))):
                found[column] = position
                break
    if "layer" not in found and 0 not in found.values():
        found["layer"] = 0
    return found


def _row(row: Row, columns: dict[Column, int]) -> FieldRow | None:
    cells = {column: row.cells[position] for column, position in columns.items() if position < len(row.cells)}
    numbers = {column: _integer(text, column) for column, text in cells.items() if column not in ("layer", "field_in")}
    layer = cells.get("layer", "")[:80]
    if not layer and not any(number is not None for number in numbers.values()):
        return None
    details = " ".join(text for position, text in enumerate(row.cells) if position not in columns.values())[:400]
    for column, pattern in (("kernel", DETAIL_KERNEL), ("stride", DETAIL_STRIDE), ("padding", DETAIL_PADDING)):
        match = pattern.search(details)
        if column not in columns and match:
            numbers[column] = int(match.group(1))  # type: ignore[index]
    return FieldRow(layer=layer, line=row.line.location.line, **{str(name): value for name, value in numbers.items()})


def _integer(text: str, column: Column) -> int | None:
    """The number of a cell: "28", "28x28x1" is 28, "[-1, 8, 28, 28]" is 28, "3 -> 5" its last."""
    shape = SHAPE.match(text)
    found = INTEGER.findall(shape.group(1) if shape else text)
    if not found:
        return None
    arrow = re.search(r"->|→|=>", text)
    takes_last = shape is not None or (arrow is not None and column in ("receptive_field", "size_out", "jump_out"))
    if shape is None and arrow is not None and takes_last:
        found = INTEGER.findall(text[arrow.end() :]) or found
        return _bounded(found[0])
    return _bounded(found[-1] if takes_last else found[0])


def _bounded(digits: str) -> int | None:
    value = int(digits)
    return value if value <= LARGEST else None
