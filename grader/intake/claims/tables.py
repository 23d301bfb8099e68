"""Tables of a text: Markdown pipes, box drawing, HTML, and columns set with spaces or tabs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grader.intake.claims.document import Line
from grader.intake.claims.markup import plain

MOST_COLUMNS = 30
MOST_ROWS = 400
MOST_TABLES = 200
RULE = re.compile(r"^[\s|:+=\-_─━┼├┤┬┴┌┐└┘╪╞╡╔╗╚╝╠╣╦╩╬═*]+$")
PIPES = re.compile(r"(?<!\\)\|")
GAP = re.compile(r"\s{2,}|\t+")
HTML_TOKEN = re.compile(r"<(/?)(table|tr|td|th)\b[^<>]{0,300}>", re.IGNORECASE)
HEADER_WORD = re.compile(
    r"\b(?:layers?|kernel|stride|padding|jump|rf|receptive|n_?in|n_?out|j_?in|j_?out|r_?in"
    r"|r_?out|input|output|epochs?|acc(?:uracy)?|param\w*|train|test|val\w*|model|metric"
    r"|operation|size)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Row:
    """The cells of a row, without markup, and the line it stands on."""

    cells: tuple[str, ...]
    line: Line


@dataclass(frozen=True)
class Table:
    """A table: column titles and rows; ragged rows are as they are."""

    title: Row
    rows: tuple[Row, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The titles of the columns."""
        return self.title.cells

    @property
    def lines(self) -> frozenset[int]:
        """The identities of the lines that the table takes up."""
        return frozenset(id(row.line) for row in (self.title, *self.rows))


def find_tables(lines: Sequence[Line]) -> list[Table]:
    """The tables among the lines, at most 200 of 400 rows and 30 columns each."""
    found: list[Table] = []
    at = 0
    while at < len(lines) and len(found) < MOST_TABLES:
        block = _block(lines, at)
        if block is None:
            at += 1
            continue
        table, at = block
        if table is not None:
            found.append(table)
    return found


def _block(lines: Sequence[Line], at: int) -> tuple[Table | None, int] | None:
    line = lines[at]
    if "<t" in line.raw.lower() and re.search(r"<table\b", line.raw[:4000], re.IGNORECASE):
        return _html(lines, at)
    if line.plain.count("|") >= 2 or (
        line.plain.count("|") == 1 and at + 1 < len(lines) and _is_rule(lines[at + 1].plain)
    ):
        return _piped(lines, at)
    if len(HEADER_WORD.findall(line.plain)) >= 2 and len(_columns(line.plain)) >= 2 and len(line.plain) <= 200:
        return _spaced(lines, at)
    return None


def _is_rule(text: str) -> bool:
    return len(text) <= 400 and RULE.match(text) is not None and re.search(r"[-=─━═]", text) is not None


def _piped(lines: Sequence[Line], at: int) -> tuple[Table | None, int]:
    end = at
    while (
        end < len(lines)
        and (lines[end].plain.count("|") >= 1 or _is_rule(lines[end].plain))
        and lines[end].plain.strip()
    ):
        end += 1
    block = lines[at:end]
    ruled = any(_is_rule(line.plain) for line in block)
    rows = [Row(_cells(line), line) for line in block[: MOST_ROWS + 2] if not _is_rule(line.plain)]
    if len(rows) < 2 or (not ruled and len(HEADER_WORD.findall(rows[0].line.plain)) < 2):
        return None, end
    if not ruled and not _uniform(rows):
        return None, end
    return Table(rows[0], tuple(rows[1:])), end


def _uniform(rows: Sequence[Row]) -> bool:
    """Without a rule under the header, bars make a table where all rows have as many cells and no title a colon."""
    return len({len(row.cells) for row in rows}) == 1 and not any(":" in cell for cell in rows[0].cells)


def _cells(line: Line) -> tuple[str, ...]:
    text = line.plain.strip()
    text = text[1:] if text.startswith("|") else text
    text = text[:-1] if text.endswith("|") else text
    return tuple(cell.strip() for cell in PIPES.split(text))[:MOST_COLUMNS]


def _columns(text: str) -> list[str]:
    return [cell for cell in GAP.split(text.strip()) if cell][:MOST_COLUMNS]


def _spaced(lines: Sequence[Line], at: int) -> tuple[Table | None, int]:
    """Columns set with two or more spaces or tabs; rows go on until one has fewer than two columns."""
    header = _columns(lines[at].plain)
    rows: list[Row] = []
    end = at + 1
    while end < len(lines) and len(rows) < MOST_ROWS:
        text = lines[end].plain
        if not _is_rule(text):
            cells = _columns(text)
            if len(cells) < 2 or "%|" in text or len(text) > 300:
                break
            rows.append(Row(tuple(cells), lines[end]))
        end += 1
    fitting = [row for row in rows if abs(len(row.cells) - len(header)) <= 1]
    if len(fitting) < 2 or len(fitting) < 0.6 * len(rows):
        return None, at + 1
    return Table(Row(tuple(header), lines[at]), tuple(rows)), end


def _html(lines: Sequence[Line], at: int) -> tuple[Table | None, int]:
    """An HTML table, up to its end tag; one that lays out a page (headings, fences, tables within) is none."""
    rows: list[tuple[list[str], Line]] = []
    cell: list[str] | None = None
    depth = 0
    for position in range(at, min(len(lines), at + MOST_ROWS * 8)):
        line, last = lines[position], 0
        if line.fenced or line.section is not lines[at].section:
            return None, at + 1
        for token in HTML_TOKEN.finditer(line.raw):
            if cell is not None:
                cell.append(line.raw[last : token.start()])
            last = token.end()
            closing, name = token.group(1) == "/", token.group(2).lower()
            if cell is not None and rows and len(rows[-1][0]) < MOST_COLUMNS:
                rows[-1][0].append(plain(" ".join(cell)).strip())
            cell = [] if name in ("td", "th") and not closing else None
            if name == "tr" and not closing:
                rows.append(([], line))
            if name == "table":
                depth += -1 if closing else 1
                if depth == 0:
                    return _filled(rows), position + 1
                if depth > 1:
                    return None, at + 1
        if cell is not None:
            cell.append(line.raw[last:])
    return _filled(rows), at + 1


def _filled(rows: list[tuple[list[str], Line]]) -> Table | None:
    filled = [Row(tuple(cells), line) for cells, line in rows if cells][: MOST_ROWS + 1]
    return Table(filled[0], tuple(filled[1:])) if len(filled) >= 2 else None
