"""A batch scored again with another rubric: a new batch in the same store, from the reports of the old one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from grader import __version__
from grader.batch.stored.collect import Collected, Collection
from grader.errors import RecipeError
from grader.model.report import GradeReport
from grader.model.rubric import Rubric
from grader.model.work import RescoredKey, State, StoredSubmission, digest_of
from grader.pipeline.measured_alike import Marking, NotMeasured
from grader.pipeline.rescore import rescore
from grader.store.batches import begin_batch, finish, give_up, note_commit, retry, submissions
from grader.store.fingerprints import copy_fingerprint
from grader.store.results import keep_report
from grader.training.recipe import load_recipe


@dataclass(frozen=True)
class Rescored:
    """The new batch, how many of its students have a report, and who was not scored again with why."""

    batch: int
    reports: int
    refused: tuple[tuple[str, str], ...]  # student, sentence


def marking_of(rubric: Rubric) -> Marking:
    """A rubric with its reference recipe, where that is at hand: of a stored rubric a file may not be."""
    try:
        return Marking(rubric, load_recipe(rubric.reference_recipe_source))
    except RecipeError:
        return Marking(rubric, None)


def rescore_batch(
    collection: Collection, after: Marking, *, on_student: Callable[[str], None] = lambda _: None
) -> Rescored:
    """Score every report of a batch again. The same again goes on with the same new batch.

    Students without a report stand as they stood; one whose report does not hold what the rubric needs has none in the
    new batch, and the reason stands there. Raises StoreError for a report that can't be read back.
    """
    before = marking_of(collection.rubric)
    old, rubric, store = collection.batch, after.rubric, collection.store
    students = list(collection.submissions())
    key = digest_of({"rescored": old.key, "rubric": rubric.digest})
    title = f"{old.title}, scored with {rubric.id}"

    def begin(connection: Connection) -> tuple[int, dict[str, StoredSubmission]]:
        entries = [student.entry for student in students]
        batch = begin_batch(connection, key=key, title=title, rubric=rubric.model_dump_json(), entries=entries)
        return batch, {one.entry.student: one for one in submissions(connection, batch)}

    batch, fresh = store.transact(begin)
    reports, refused = 0, []
    for student in collection.students():
        name = student.submission.entry.student
        on_student(name)
        found = _scored(student, before, after)
        if isinstance(found, NotMeasured):
            refused.append((name, str(found)))
        reports += isinstance(found, GradeReport)
        number = fresh[name].id
        store.transact(partial(_keep, number=number, student=student, found=found, rubric=rubric))
    return Rescored(batch, reports, tuple(refused))


def _scored(student: Collected, before: Marking, after: Marking) -> GradeReport | NotMeasured | None:
    if student.report is None or student.submission.entry.excused:
        return None
    try:
        return rescore(student.report, before, after)
    except NotMeasured as problem:
        return problem


def _keep(
    connection: Connection, *, number: int, student: Collected, found: GradeReport | NotMeasured | None, rubric: Rubric
) -> None:
    """Note in the new batch what became of one student; repeatable."""
    old = student.submission
    note_commit(connection, number, old.commit, received_at=old.received_at, late=old.late)
    if isinstance(found, NotMeasured):
        retry(connection, [number])  # there may be a report from before
        give_up(connection, number, f"Not scored again: {found}")
    elif found is not None:
        key = RescoredKey(report=old.report_key or "", rubric=rubric.digest, grader=__version__)
        kept = keep_report(connection, key, found)
        copy_fingerprint(connection, key.report, kept)
        finish(connection, number, kept)
    elif old.state is State.FAILED:
        give_up(connection, number, old.problem)
