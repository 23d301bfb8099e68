"""What a training told while it ran. Every function runs in the caller's transaction."""

from sqlalchemy import Connection, delete, insert, select

from grader.store.queue_tables import PROGRESS


def add_progress(connection: Connection, job: int, event: str) -> None:
    """Add what a job's training told, as JSON."""
    connection.execute(insert(PROGRESS).values(job_id=job, event=event))


def progress_since(connection: Connection, job: int, after: int) -> list[tuple[int, str]]:
    """What a job's training told after the event of that number: numbers and JSON, the first first."""
    wanted = select(PROGRESS.c.id, PROGRESS.c.event).where(PROGRESS.c.job_id == job, PROGRESS.c.id > after)
    return [(int(number), str(event)) for number, event in connection.execute(wanted.order_by(PROGRESS.c.id))]


def clear_progress(connection: Connection, job: int) -> None:
    """Forget what a job's training told: its report has the whole of it."""
    connection.execute(delete(PROGRESS).where(PROGRESS.c.job_id == job))
