"""Where the students of an assignment stand: which of their gradings counts, and what a person made of it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.batch.exports.grades import grade_of
from grader.batch.results.row import result_row
from grader.model.grade import CriterionGrade, Grade
from grader.model.outcome import Status
from grader.model.report import GradeReport
from grader.model.result import ResultRow
from grader.model.review import Grading, Override
from grader.model.roster import RosterEntry
from grader.model.work import Stage, State, StoredSubmission


@dataclass(frozen=True)
class Standing:
    """One student. `counts` is the grading whose report is the grade; `newest` may still be under way.

    `again` is the newest generation of the commit that counts: `counts` itself, where it was not graded again since.
    """

    entry: RosterEntry
    counts: Grading | None = None
    newest: Grading | None = None
    override: Override | None = None
    again: Grading | None = None


def counting(gradings: Iterable[Grading]) -> Grading | None:
    """The newest commit in time; where nothing came in time, the newest at all."""
    done = (one for one in gradings if one.state == "done" and one.report_key is not None)
    return max(done, key=lambda one: (not one.late, one.handed_in_at, one.generation, one.id), default=None)


def standings(
    gradings: Sequence[Grading],
    roster: Sequence[RosterEntry],
    overrides: Mapping[str, Override],
    forge_url: str = "https://github.com",
) -> list[Standing]:
    """Everybody of the roster in its order, then those whom only the forge knows, by name.

    `overrides` are those in force, by repository.
    """
    of_student: dict[str, list[Grading]] = defaultdict(list)
    for grading in gradings:
        of_student[grading.student].append(grading)
    known = {entry.student for entry in roster}
    strangers = sorted(of_student.keys() - known)
    line = max((entry.line for entry in roster), default=1)
    entries = [*roster, *(RosterEntry(student=name, line=line + n) for n, name in enumerate(strangers, 1))]
    return [_standing(entry, of_student.get(entry.student, []), overrides, forge_url) for entry in entries]


def _standing(
    entry: RosterEntry, gradings: list[Grading], overrides: Mapping[str, Override], forge_url: str
) -> Standing:
    newest = max(gradings, key=lambda one: one.id, default=None)
    counts = counting(gradings)
    shown = counts or newest
    if shown is None:
        return Standing(entry.model_copy(update={"repository": None, "missing": "nothing was handed in"}))
    commit = [one for one in gradings if (one.repository, one.commit) == (shown.repository, shown.commit)]
    again = max(commit, key=lambda one: one.generation) if counts else None
    held = next((overrides[one.repository] for one in (shown, *gradings) if one.repository in overrides), None)
    place = {"repository": f"{forge_url}/{shown.repository}", "missing": ""}
    return Standing(entry.model_copy(update=place), counts, newest, held, again)


def row_of(standing: Standing, report: GradeReport | None, *, max_points: float) -> ResultRow:
    """The line in the table and in the results; it leads to the page of the grading that counts."""
    row = result_row(stored_submission(standing), report, max_points=max_points)
    grade = grade_of_standing(standing, report, max_points=max_points)
    shown = standing.counts or standing.newest
    changes: dict[str, object] = {"report": None if shown is None else f"/jobs/{shown.id}"}
    if standing.override is not None:
        points = None if grade.standing == "excused" else grade.points
        changes |= {"standing": grade.standing, "points": points, "reason": grade.reason}
        changes["result"] = "excused" if grade.standing == "excused" else "pass" if grade.passed else "fail"
    return row.model_copy(update=changes)


def grade_of_standing(standing: Standing, report: GradeReport | None, *, max_points: float) -> Grade:
    """What a gradebook gets: a person's points where there are any, else the report's."""
    grade = grade_of(standing.entry, report, max_points=max_points)
    override = standing.override
    if override is None:
        if grade.standing == "not_graded" and report is None and standing.newest is not None:
            return grade.model_copy(update={"reason": standing.newest.problem or "Not graded yet."})
        return grade
    if override.points is None:
        gone = {"standing": "excused", "points": 0.0, "passed": False, "criteria": ()}
        return grade.model_copy(update={**gone, "reason": f"Excused: {override.reason}"})
    passed = override.points >= (min(grade.points, grade.max_points) if grade.passed else grade.max_points)
    line = CriterionGrade(
        id="set-by-instructor",
        title="Points set by the instructor",
        bonus=False,
        status=Status.PASSED if passed else Status.FAILED,
        points=override.points,
        max_points=grade.max_points,
        message=override.reason,
    )
    told = f"Set by the instructor: {override.reason}"
    changes = {"standing": "graded", "points": override.points, "passed": passed, "criteria": (line,), "reason": told}
    return grade.model_copy(update=changes)


def stored_submission(standing: Standing) -> StoredSubmission:
    """As a batch has it: what results and exports are made of."""
    shown = standing.counts or standing.newest
    if shown is None:
        return StoredSubmission(
            id=0, entry=standing.entry, stage=Stage.CLONE, state=State.NOTHING, attempts=0, problem=""
        )
    state = State.DONE if standing.counts else State.FAILED if shown.state in ("dead", "gone") else State.WAITING
    return StoredSubmission(
        id=shown.id,
        entry=standing.entry,
        stage=Stage(shown.stage) if shown.stage else Stage.CLONE,
        state=state,
        attempts=shown.attempts,
        commit=shown.commit,
        received_at=shown.handed_in_at,
        late=shown.late,
        report_key=shown.report_key,
        problem=shown.problem if state is State.FAILED else "",
    )
