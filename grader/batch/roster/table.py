"""A roster's bytes as rows with line numbers, whatever spreadsheet they came out of."""

import csv
import io
import re
from dataclasses import dataclass

from grader.errors import UsageError

MAX_BYTES = 64 * 2**20
MAX_ROWS = 200_000
_DELIMITERS = ",;\t"
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Row:
    """One record. `line` is where it begins; a quoted cell may span several lines."""

    line: int  # 1-based
    cells: tuple[str, ...]  # without surrounding spaces


@dataclass(frozen=True)
class Table:
    """The header's names in plain form (`SIS User ID` is `sis_user_id`), and the rows below it."""

    names: tuple[str, ...]
    header: Row
    rows: tuple[Row, ...]


def read_table(content: bytes) -> Table:
    """Read comma-, semicolon- or tab-separated text in UTF-8, UTF-16 with a mark, or Windows-1252 (RFC 4180 quoting).

    Raises UsageError for what is not a table: too large, empty, binary, a quote that is never closed.
    """
    if len(content) > MAX_BYTES:
        raise UsageError(f"The roster has {len(content) >> 20} MB; at most {MAX_BYTES >> 20} MB are read.")
    text = _decoded(content)
    if "\0" in text:
        raise UsageError("The roster is not text.", mend="Export it as CSV.")
    rows = _rows(text)
    if not rows:
        raise UsageError("The roster is empty.", mend="Its first line names the columns: student,repository")
    header, *rest = rows
    return Table(tuple(plain_name(cell) for cell in header.cells), header, tuple(rest))


def plain_name(text: str) -> str:
    """A column's name without case, spaces and punctuation: `SIS Login ID` is `sis_login_id`."""
    return _NOT_IN_NAMES.sub("_", text.strip().lower()).strip("_")


def _decoded(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:  # what spreadsheets of Western Europe and America save as CSV
        return content.decode("windows-1252", errors="replace")


def _rows(text: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                rows.append(Row(line, stripped))
            if len(rows) > MAX_ROWS + 1:
                raise UsageError(f"The roster has more than {MAX_ROWS:,} rows.")
            line = reader.line_num + 1
    except csv.Error as problem:
        raise UsageError(f"The roster's record that begins on line {line} is not CSV: {problem}.") from None
    return rows


def _delimiter(text: str) -> str:
    """The one that stands most often in the header, outside quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)
