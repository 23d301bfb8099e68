"""Source text of statements at their original lines."""

import ast
from dataclasses import dataclass

from grader.intake.source import Cell


@dataclass(frozen=True)
class Piece:
    """Lines of source that begin at `line`, 1-based within the cell."""

    line: int
    lines: tuple[str, ...]

    @property
    def end(self) -> int:
        """The last line."""
        return self.line + len(self.lines) - 1

    def standing_alone(self) -> str:
        """The text by itself."""
        return "\n".join(self.lines) + "\n"


def statement_text(cell: Cell, node: ast.stmt) -> Piece:
    """A module-level statement with its decorators, cut out of a line it shares with others."""
    decorators = [decorator.lineno for decorator in getattr(node, "decorator_list", [])]
    start, end = min([node.lineno, *decorators]), node.end_lineno or node.lineno
    lines = cell.source.split("\n")[start - 1 : end]
    if lines and node.end_col_offset is not None:
        lines[-1] = _bytes(lines[-1], 0, node.end_col_offset)
    if lines and start == node.lineno and node.col_offset:
        lines[0] = _bytes(lines[0], node.col_offset, None)
    return Piece(start, tuple(lines))


def kept_text(cell: Cell, node: ast.stmt, dropped: list[ast.stmt]) -> Piece:
    """A compound statement with the dropped statements inside it replaced by `pass`."""
    piece = statement_text(cell, node)
    lines = list(piece.lines)
    for statement in sorted(dropped, key=lambda one: (-one.lineno, -one.col_offset)):
        decorators = [decorator.lineno for decorator in getattr(statement, "decorator_list", [])]
        first = min([statement.lineno, *decorators]) - piece.line
        last = (statement.end_lineno or statement.lineno) - piece.line
        if not 0 <= first <= last < len(lines):
            continue
        before = _bytes(lines[first], 0, statement.col_offset)
        after = _bytes(lines[last], statement.end_col_offset or 0, None)
        lines[first] = f"{before}pass{after if after.strip().startswith(';') else ''}"
        for number in range(first + 1, last + 1):
            lines[number] = ""
    return Piece(piece.line, tuple(lines))


def assemble(pieces: list[Piece]) -> str:
    """Pieces in ascending order as one text, blank lines in the gaps; statements of one line joined by `;`."""
    lines: list[str] = []
    for piece in pieces:
        lines += [""] * (piece.line - 1 - len(lines))
        first, *rest = piece.lines
        if len(lines) >= piece.line and lines[piece.line - 1].strip():
            lines[piece.line - 1] = f"{lines[piece.line - 1].rstrip().rstrip(';')}; {first.lstrip()}"
        else:
            lines.append(first)
        lines += rest
    return "\n".join(lines) + "\n"


def _bytes(line: str, start: int, end: int | None) -> str:
    """A slice of a line by the parser's offsets, which count UTF-8 bytes."""
    return line.encode()[start:end].decode(errors="replace")
