"""What a table claims: fields by layer, a log by epoch, figures by model or by metric."""

import re
from collections.abc import Iterator
from dataclasses import replace

from grader.intake.claims.accuracy import ACCURACY
from grader.intake.claims.document import Document, Line
from grader.intake.claims.drafts import Draft
from grader.intake.claims.features import WORDS as FEATURES
from grader.intake.claims.field_table import columns_of, read_field_table
from grader.intake.claims.parameters import WORD as PARAMETER
from grader.intake.claims.readers import read_text_line
from grader.intake.claims.receptive_field import FIELD
from grader.intake.claims.requirement import is_requirement
from grader.intake.claims.tables import Row, Table
from grader.model.claims import AccuracyClaim, EpochsClaim, FeatureClaim

EPOCH_TITLE = re.compile(r"epochs?(?: ?(?:no|number|#))?\.?", re.IGNORECASE)
SET_TITLE = re.compile(r"(?:train(?:ing)?|test(?:ing)?|val(?:idation)?)(?: set)?(?: ?\(?%\)?)?", re.IGNORECASE)
WISHED_TITLE = re.compile(
    r"\b(?:target|required?|requirement|limit|goal|expected|threshold|constraint)\b", re.IGNORECASE
)
REPORTED_TITLE = re.compile(
    r"\b(?:actual|achieved|results?|ours?|value|measured|obtained|current|status|check)\b", re.IGNORECASE
)
EPOCH_WORD = re.compile(r"\bepoch", re.IGNORECASE)
LAYER_TITLE = re.compile(r"\b(?:layer|operation|type|module)\b", re.IGNORECASE)
PART_TITLE = re.compile(r"\d|\b(?:block|layer|final|first|last|fc|conv)\b", re.IGNORECASE)
LONGEST_CELL = 150
FIGURE = re.compile(r"\d")


def read_table(table: Table, document: Document) -> list[Draft]:
    """The statements of a table, as it stands: nothing is checked for sense."""
    drafts: list[Draft] = []
    field_table = read_field_table(table)
    if field_table is not None:
        title = " | ".join(table.header)
        drafts.append(Draft(field_table, document, table.rows[0].line, text=f"a table by layer: {title}"))
    epoch_column = next((at for at, title in enumerate(table.header) if EPOCH_TITLE.fullmatch(title.strip())), None)
    if epoch_column is not None and _has_numbers(table, epoch_column):
        return drafts + list(_epoch_rows(table, document, epoch_column))
    if _is_layer_table(table, field_table is not None):
        totals = [row for row in table.rows if row.cells and re.search(r"\btotal\b", row.cells[0], re.IGNORECASE)]
        return drafts + [draft for row in totals for draft in _metric_row(row, (), document)]
    if any(_is_figure_title(title) for title in table.header[1:]):
        return drafts + [draft for row in table.rows for draft in _model_row(row, table.header, document)]
    return drafts + [draft for row in table.rows for draft in _metric_row(row, table.header, document)]


def _has_numbers(table: Table, column: int) -> bool:
    cells = [row.cells[column] for row in table.rows if column < len(row.cells)]
    return sum(re.match(r"\W*\d{1,4}\b", cell) is not None for cell in cells) >= max(1, len(cells) // 2)


def _is_layer_table(table: Table, has_fields: bool) -> bool:
    first = table.header[0] if table.header else ""
    sizes = {"size_in", "size_out", "kernel"} & set(columns_of(table.header))
    return has_fields or (
        LAYER_TITLE.search(first) is not None and bool(sizes or any("param" in title.lower() for title in table.header))
    )


def _is_figure_title(title: str) -> bool:
    patterns = [PARAMETER, ACCURACY, EPOCH_WORD, FIELD, *(pattern for _, pattern in FEATURES)]
    return any(pattern.search(title) for pattern in patterns)


def _epoch_rows(table: Table, document: Document, epoch_column: int) -> Iterator[Draft]:
    """The accuracies of a log, each with its row's epoch."""
    for row in table.rows:
        epoch = re.search(r"\d{1,4}", row.cells[epoch_column]) if epoch_column < len(row.cells) else None
        for title, cell in zip(table.header, row.cells, strict=False):
            names_set = SET_TITLE.fullmatch(title.strip()) is not None and "%" in cell + title
            if epoch is None or not (ACCURACY.search(title) or names_set):
                continue
            shown = f"{cell}%" if "%" in title and "%" not in cell else cell
            lead = f"{title} accuracy" if names_set else title
            for found in read_text_line(f"{lead}: {shown}"):
                if isinstance(found.statement, AccuracyClaim):
                    statement = found.statement.model_copy(
                        update={"epoch": int(epoch.group(0)) or None, "role": "unknown"}
                    )
                    yield Draft(
                        statement, document, row.line, logged=True, text=f"epoch {epoch.group(0)}, {title}: {cell}"
                    )
                    break


def _model_row(row: Row, header: tuple[str, ...], document: Document) -> Iterator[Draft]:
    """A row of figures about what its first cell names."""
    label = row.cells[0] if row.cells else ""
    for title, cell in list(zip(header, row.cells, strict=False))[1:]:
        if _is_figure_title(title) and cell:
            yield from _cell(title, cell, row.line, document, label)


def _metric_row(row: Row, header: tuple[str, ...], document: Document) -> Iterator[Draft]:
    """A row about one metric: one value, or a value for each model that the header names."""
    if len(row.cells) < 2:
        return
    title, values = row.cells[0], row.cells[1:]
    figures = [cell for cell in values if FIGURE.search(cell)]
    named = [header[at] if at < len(header) else "" for at in range(1, len(row.cells))]
    reports = [REPORTED_TITLE.search(name) or WISHED_TITLE.search(name) for name in named]
    if len(figures) >= 2 and not any(reports):
        for name, cell in zip(named, values, strict=False):
            yield from _cell(title, cell, row.line, document, name)
    elif any(WISHED_TITLE.search(name) for name in named):
        for name, cell in zip(named, values, strict=False):
            yield from _cell(title, cell, row.line, document, "", wished=WISHED_TITLE.search(name) is not None)
    else:
        yield from _cell(title, " | ".join(values), row.line, document, "")


def _cell(title: str, cell: str, line: Line, document: Document, label: str, wished: bool = False) -> Iterator[Draft]:
    """The statements of a cell under its title; figures within the title itself are none."""
    text = f"{title[:LONGEST_CELL]}: {cell[:LONGEST_CELL]}"
    shown = f"{label}: {text}" if label else text
    for found in read_text_line(text, context=f"{title}:", item=True):
        about_title = found.start < len(title) and isinstance(found.statement, AccuracyClaim | EpochsClaim)
        if about_title or (found.end <= len(title) and found.statement.kind != "feature"):
            continue
        if isinstance(found.statement, FeatureClaim) and not found.statement.present and PART_TITLE.search(title):
            continue
        requirement = wished or is_requirement(replace(line, plain=text), found, bare_list=False)
        yield Draft(found.statement, document, line, requirement=requirement, label=label, text=shown)
