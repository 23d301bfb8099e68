"""A claim on its way: read, its place known, not yet whose it is."""

from dataclasses import dataclass

from grader.intake.claims.document import Document, Line
from grader.model.claims import Statement


@dataclass(frozen=True)
class Draft:
    """A statement with its line; `label` is the row or column of a table that it stands under."""

    statement: Statement
    document: Document
    line: Line
    requirement: bool = False
    label: str = ""
    logged: bool = False  # one of many lines of a training log
    text: str = ""  # what to show where the line alone does not say it: a cell with its title
