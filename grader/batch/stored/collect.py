"""A batch read out of its store, one student at a time: reports are large, and there may be many."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from grader.batch.exports.grades import grade_of
from grader.batch.results.row import result_row
from grader.errors import StoreError
from grader.model.grade import Grade
from grader.model.report import GradeReport
from grader.model.result import ResultRow
from grader.model.rubric import Rubric
from grader.model.work import State, StoredSubmission
from grader.store.batches import submissions
from grader.store.engine import Store
from grader.store.listing import StoredBatch, find_batch, most_points
from grader.store.results import find_report


@dataclass(frozen=True)
class Collected:
    """One student, with the report where there is one."""

    submission: StoredSubmission
    report: GradeReport | None
    max_points: float

    @property
    def row(self) -> ResultRow:
        """The line in the results."""
        return result_row(self.submission, self.report, max_points=self.max_points)

    @property
    def grade(self) -> Grade:
        """What a gradebook gets."""
        grade = grade_of(self.submission.entry, self.report, max_points=self.max_points)
        if self.submission.state is State.FAILED and grade.standing == "not_graded":
            return grade.model_copy(update={"reason": self.submission.problem})
        return grade


@dataclass(frozen=True)
class Collection:
    """A batch of a store."""

    store: Store
    batch: StoredBatch
    rubric: Rubric
    max_points: float  # without bonus; of the criteria that are in scope

    def submissions(self) -> list[StoredSubmission]:
        """Everybody, in the order of the roster."""
        return self.store.transact(lambda connection: submissions(connection, self.batch.id))

    def students(self) -> Iterator[Collected]:
        """Everybody with their reports, one after the other. Raises StoreError for one that can't be read back."""
        for submission in self.submissions():
            yield Collected(submission, self._report(submission.report_key), self.max_points)

    def _report(self, key: str | None) -> GradeReport | None:
        return None if key is None else self.store.transact(lambda connection: find_report(connection, key))


def collect(store: Store, number: int | None = None) -> Collection:
    """The batch of that number, or the only one. Raises UsageError where there is none, StoreError where it is damaged.

    The points of those without a report are the reports' most, else those of the whole rubric: without training some
    criteria are out of scope.
    """
    batch = store.transact(lambda connection: find_batch(connection, number))
    try:
        rubric = Rubric.model_validate_json(batch.rubric)
    except ValidationError:
        message = f"The rubric of batch {batch.id} in the store is damaged."
        raise StoreError(message, mend="Run `grader store check`.") from None
    found = store.transact(lambda connection: most_points(connection, batch.id))
    whole = math.fsum(criterion.points for criterion in rubric.criteria if criterion.kind != "bonus")
    return Collection(store, batch, rubric, whole if found is None else found)
