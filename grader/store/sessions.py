"""Who is signed in. Every function runs in the caller's transaction; times are as in the store."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from grader.model.review import Role, SignedIn
from grader.store.moments import moment
from grader.store.review_tables import SESSION

LASTS = timedelta(hours=12)


def begin_session(connection: Connection, *, digest: str, login: str, role: Role, at: datetime | None = None) -> None:
    """Note who holds the cookie with that digest; sessions that have run out are deleted."""
    begun = at or datetime.now(UTC)
    connection.execute(delete(SESSION).where(SESSION.c.expires_at <= moment(begun)))
    values = {"digest": digest, "login": login.lower(), "role": role}
    times = {"created_at": moment(begun), "expires_at": moment(begun + LASTS)}
    connection.execute(insert(SESSION).values(**values, **times))


def find_session(connection: Connection, digest: str, at: datetime | None = None) -> SignedIn | None:
    """The session of that digest; None where there is none, or it has run out."""
    row = connection.execute(select(SESSION).where(SESSION.c.digest == digest)).one_or_none()
    if row is None or row.expires_at <= moment(at or datetime.now(UTC)):
        return None
    return SignedIn.model_validate(dict(row._mapping))


def end_session(connection: Connection, digest: str) -> None:
    """Sign out."""
    connection.execute(delete(SESSION).where(SESSION.c.digest == digest))
