"""A gradebook file for Canvas LMS.

Source: Canvas community guide "How do I import grades in the Gradebook?": five columns that identify a student, one
column per assignment headed `Title (id)`, a row `Points Possible`; `EX` excuses. An empty cell where Canvas has a grade
takes that grade away (`no_change_to_value?` in its `gradebook_importer.rb`); a student without a row keeps it.
"""

from collections.abc import Sequence

from grader.batch.exports.spreadsheet import to_csv
from grader.model.grade import Grade

_HEADER = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def gradebook(grades: Sequence[Grade], assignment: str, *, max_points: float) -> str:
    """The file's text; `assignment` is the column's head, with the id in parentheses where the assignment exists."""
    rows: list[tuple[str, ...]] = [(*_HEADER, assignment), ("    Points Possible", "", "", "", "", f"{max_points:.2f}")]
    rows += [(*_identity(grade), _cell(grade)) for grade in grades]
    return to_csv(rows)


def _identity(grade: Grade) -> tuple[str, ...]:
    columns = grade.columns
    name = columns.get("student", "") if "sis_login_id" in columns else grade.name
    login = columns.get("sis_login_id", "") if "sis_login_id" in columns else grade.student
    return (
        name or grade.student,
        columns.get("id", ""),
        columns.get("sis_user_id", ""),
        login,
        columns.get("section", ""),
    )


def _cell(grade: Grade) -> str:
    return {"graded": f"{grade.points:.2f}", "excused": "EX", "not_graded": ""}[grade.standing]
