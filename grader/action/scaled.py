"""A grade out of the number of points that the assignment gives, whatever the rubric's points add up to. Pure."""

import math

from grader.model.grade import CriterionGrade, Grade


def scaled(grade: Grade, points: float | None) -> Grade:
    """The grade out of `points`; as it is where that is None or the rubric gives none.

    Criteria keep their share unrounded, so that they add up; the total is rounded to six decimals.
    """
    if points is None or not grade.max_points:
        return grade
    factor = points / grade.max_points
    criteria = tuple(_scaled(line, factor) for line in grade.criteria)
    total = round(math.fsum(line.points for line in criteria), 6)
    return grade.model_copy(update={"points": total, "max_points": points, "criteria": criteria})


def _scaled(line: CriterionGrade, factor: float) -> CriterionGrade:
    return line.model_copy(update={"points": line.points * factor, "max_points": line.max_points * factor})
