"""The results as CSV and as JSON lines. Pure."""

import json
from collections.abc import Iterator, Sequence

from grader.batch.exports.spreadsheet import to_csv
from grader.model.result import ResultRow

_MARK = "\ufeff"  # without it a spreadsheet takes UTF-8 for the code page of its country

_COLUMNS = (
    "student",
    "name",
    "result",
    "points",
    "max_points",
    "best_accuracy",
    "parameters",
    "receptive_field",
    "late",
    "received_at",
    "commit",
    "repository",
    "path",
    "flags",
    "reason",
    "report",
)


def results_csv(rows: Sequence[ResultRow], criteria: Sequence[str]) -> str:
    """One line per student; a column with the points of each of `criteria`, which are their ids.

    No cell becomes a formula. Where there is no grade there are no points, not zero ones.
    """
    header = (*_COLUMNS, *(f"points_{identity}" for identity in criteria))
    return _MARK + to_csv([header, *(_cells(row, criteria) for row in rows)])


def results_jsonl(rows: Sequence[ResultRow]) -> str:
    """One JSON object per student and line, in ASCII."""
    return "".join(f"{line}\n" for line in _lines(rows))


def _lines(rows: Sequence[ResultRow]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row.model_dump(mode="json"), ensure_ascii=True, allow_nan=False)


def _cells(row: ResultRow, criteria: Sequence[str]) -> tuple[str, ...]:
    earned = {line.id: line.points for line in row.criteria} if row.standing == "graded" else {}
    field = row.receptive_field
    values: tuple[object, ...] = (
        row.student,
        row.name,
        row.result,
        row.points,
        row.max_points,
        row.best_accuracy,
        row.parameters,
        None if field is None else f"{field[0]}x{field[1]}",
        "late" if row.late else None,
        row.received_at,
        row.commit,
        row.repository,
        row.path,
        " ".join(row.flags),
        row.reason,
        row.report,
        *(earned.get(identity) for identity in criteria),
    )
    return tuple(map(_cell, values))


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.encode("utf-8", errors="replace").decode()  # a file's name may hold what no UTF-8 file can
