"""Points that a person set. Every function runs in the caller's transaction."""

from sqlalchemy import Connection, insert, select, update

from grader.model.review import Override
from grader.store.batches import now
from grader.store.review_tables import OVERRIDE


def set_override(
    connection: Connection, *, assignment: str, repository: str, points: float | None, reason: str, by: str
) -> int:
    """Points in place of a report's, None to excuse; an earlier override is revoked, and stays to be read."""
    _revoke(connection, assignment, repository)
    values = {"assignment": assignment, "repository": repository, "points": points, "reason": reason}
    made = insert(OVERRIDE).values(**values, made_by=by, made_at=now(), revoked_at="")
    return int(connection.execute(made.returning(OVERRIDE.c.id)).scalar_one())


def revoke_override(connection: Connection, assignment: str, repository: str) -> bool:
    """Let the report's points stand again; whether there was an override."""
    return _revoke(connection, assignment, repository)


def overrides_of(connection: Connection, assignment: str, repository: str) -> list[Override]:
    """All of a repository's, also revoked ones, the newest first."""
    here = (OVERRIDE.c.assignment == assignment) & (OVERRIDE.c.repository == repository)
    rows = connection.execute(select(OVERRIDE).where(here).order_by(OVERRIDE.c.id.desc()))
    return [Override.model_validate(dict(row._mapping)) for row in rows]


def overrides_that_hold(connection: Connection, assignment: str) -> dict[str, Override]:
    """Those of an assignment that are in force, by repository."""
    wanted = select(OVERRIDE).where(OVERRIDE.c.assignment == assignment, OVERRIDE.c.revoked_at == "")
    return {row.repository: Override.model_validate(dict(row._mapping)) for row in connection.execute(wanted)}


def _revoke(connection: Connection, assignment: str, repository: str) -> bool:
    here = (OVERRIDE.c.assignment == assignment) & (OVERRIDE.c.repository == repository)
    change = update(OVERRIDE).where(here, OVERRIDE.c.revoked_at == "").values(revoked_at=now())
    return connection.execute(change).rowcount > 0
