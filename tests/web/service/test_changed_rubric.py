"""A rubric that is changed while the class is graded: what is graded again, and what is not trained again."""

from pathlib import Path

import pytest
from a_course import Course, states
from a_service import services_in

from grader.model.report import GradeReport
from grader.rubric.load import rubric_text
from grader.store.results import find_report
from grader.web.dashboard.dashboard import dashboard_for
from grader.web.dashboard.outdated import grade_outdated_again

MORE_POINTS = ("points: 20", "points: 25")
MORE_EPOCHS = ("epochs: 10", "epochs: 11")


def restart(course: Course, folder: Path, *changes: tuple[str, str]) -> None:
    """Start the service again on its store, with the rubric `demo` in which these words are others."""
    text = rubric_text("demo")
    for old, new in changes:
        assert text.count(old) >= 1
        text = text.replace(old, new, 1)
    (folder / "mine.yaml").write_text(text)
    course.services.store.close()
    written = (folder / "service.yaml").read_text()
    course.services = services_in(folder, written.replace("rubric: demo", "rubric: mine.yaml").replace("false", "true"))


def grade_again(course: Course) -> int:
    """What the button on the page of the class does; how many commits are queued."""
    assignment = dashboard_for(course.services).assignments["mnist"]
    return course.services.store.transact(lambda c: grade_outdated_again(c, assignment, who="prof", now=course.now()))


def grade_all(course: Course) -> list[GradeReport]:
    """Let everything be graded; the reports, the first first."""
    with course.service():
        course.until(lambda: set(states(course)) == {"done"})
    found = [course.services.store.transact(lambda c, k=job.report_key or "": find_report(c, k)) for job in course.jobs]
    return [report for report in found if report is not None]


@pytest.mark.parametrize(
    ("change", "gain", "runs"),
    [(MORE_POINTS, 5, 1), (MORE_EPOCHS, 0, 2)],
    ids=["a change of points trains nothing", "a change of the task trains"],
)
def test_a_changed_rubric(course: Course, tmp_path: Path, change: tuple[str, str], gain: int, runs: int) -> None:
    restart(course, tmp_path)
    course.queue(course.commit("graph=a accuracy=0.99"))
    (before,) = grade_all(course)
    assert dict(course.executor.trained) == {("a", 0): 1}
    assert grade_again(course) == 0
    restart(course, tmp_path, change)
    assert (grade_again(course), grade_again(course)) == (1, 0)
    kept, after = grade_all(course)
    assert kept == before
    assert after.rubric.digest == course.services.courses["mnist"].rubric.digest != before.rubric.digest
    assert after.score.points == before.score.points + gain
    assert after.training.runs[0].best_accuracy == before.training.runs[0].best_accuracy == 0.99
    assert dict(course.executor.trained) == {("a", 0): runs}
    assert grade_again(course) == 0
