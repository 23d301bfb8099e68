"""What a training process says in place of a run that can't be done."""

from grader.errors import DataError, RecipeError, SubmissionError, UsageError
from grader.training.events import Refused
from grader.training.job import TrainingJob
from grader.training.memory_needed import is_want_of_memory
from grader.training.too_little import too_little


def refusal_of(problem: Exception, job: TrainingJob) -> Refused | None:
    """The refusal that an exception means; None for a mistake of ours."""
    match problem:
        case DataError():
            return Refused(kind="data", message=problem.message, mend=problem.mend)
        case RecipeError():
            return Refused(kind="recipe", message=problem.message, mend=problem.mend)
        case UsageError():
            return Refused(kind="device", message=problem.message, mend=problem.mend)
        case SubmissionError():
            return Refused(kind="model", message=problem.message, mend=problem.mend)
    return too_little(job) if is_want_of_memory(problem) else None
