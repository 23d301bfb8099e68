"""A job as a line of a roster, which is what a batch grades. Pure."""

from grader.model.job import Job
from grader.model.roster import RosterEntry
from grader.model.work import Stage, State, StoredSubmission
from grader.web.repositories import Course


def submission_of(job: Job, course: Course, clone_url: str) -> StoredSubmission:
    """The commit of a job, with the model, folder and recipe that its student's line or the assignment names.

    Its student is called by the number of the job: one student may have several.
    """
    known = course.by_repository.get(job.repository) or course.by_login.get(job.login)
    entry = RosterEntry(
        student=str(job.id),
        line=1,
        name=job.student,
        repository=f"{clone_url}/{job.home}",
        path=(known and known.path) or course.assignment.path,
        ref=job.commit,
        model=(known and known.model) or course.assignment.model,
        recipe=known.recipe if known else None,
    )
    return StoredSubmission(
        id=job.id, entry=entry, stage=Stage.CLONE, state=State.RUNNING, attempts=job.attempts, commit=job.commit
    )
