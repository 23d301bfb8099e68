"""CSV that a spreadsheet opens as text: no cell becomes a formula (OWASP, "CSV Injection")."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def neutral(cell: str) -> str:
    """The cell behind an apostrophe where a spreadsheet would calculate it; numbers stay numbers."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def to_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows as RFC 4180 text, each cell neutralised and on one line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([neutral(" ".join(cell.split("\n")).replace("\r", " ").replace("\0", "")) for cell in row])
    return text.getvalue()
