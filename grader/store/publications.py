"""What was posted where, and what is still to be. Every function runs in the caller's transaction.

A row is one place: a rubric's comment on a pull request, its check on a commit. What waits in it is a list of posts,
one for each commit, because which commit the pull request shows is known only when one of them is sent.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from grader.errors import DamagedError
from grader.model.work import digest_of
from grader.store.moments import moment
from grader.store.publication_tables import PUBLICATION
from grader.store.unpack import unpacked

_MOST_WAITING = 10  # posts of one place, the newest
PENDING, SENDING, POSTED, REFUSED = "pending", "sending", "posted", "refused"


@dataclass(frozen=True)
class Spot:
    """What tells one row from every other."""

    api: str
    repository: str  # OWNER/NAME, in any case
    place: str  # "pull/12" or "commit/<sha>"
    kind: str
    rubric: str

    @property
    def values(self) -> dict[str, str]:
        """The columns."""
        return {
            "api": self.api,
            "repository": self.repository.lower(),
            "place": self.place,
            "kind": self.kind,
            "rubric": self.rubric,
        }


@dataclass(frozen=True)
class Publication:
    """A row. `posts` are those that wait, oldest first, as plain data."""

    id: int
    spot: Spot
    commit: str  # that is shown there; before anything is, the one that was wanted last
    remote_id: str
    state: str
    digest: str  # of what was wanted last
    posts: tuple[dict[str, Any], ...]
    report_key: str | None
    attempts: int
    problem: str
    changed_at: str


def want(
    connection: Connection, spot: Spot, commit: str, post: dict[str, Any], *, report_key: str | None = None
) -> Publication:
    """Keep a post until it is sent, in place of one about the same commit. The same post as the last is kept once."""
    row = _row(connection, spot)
    waiting = () if row is None else unpacked_posts(row.id, row.content)
    kept = [*(one for one in waiting if one.get("commit") != commit), post][-_MOST_WAITING:]
    values: dict[str, Any] = {"digest": digest_of(post), "content": _packed(kept), "report_key": report_key}
    values |= {"attempts": 0, "problem": "", "changed_at": _time()}
    if row is None or not row.remote_id:
        values["commit"] = commit
    if row is None:
        fresh = {**spot.values, **values, "remote_id": "", "state": PENDING, "not_before": ""}
        connection.execute(insert(PUBLICATION).values(fresh))
    else:
        # Somebody who is sending at this moment goes on; the row is pending again when they have done.
        values |= {} if row.state == SENDING else {"state": PENDING, "not_before": ""}
        connection.execute(update(PUBLICATION).where(PUBLICATION.c.id == row.id).values(values))
    return _publication(_row(connection, spot))


def publication_at(connection: Connection, spot: Spot) -> Publication | None:
    """What is posted, or to be posted, there."""
    row = _row(connection, spot)
    return None if row is None else _publication(row)


def publications_of(connection: Connection, repository: str) -> list[Publication]:
    """Everything of a repository, newest change first."""
    wanted = select(PUBLICATION).where(PUBLICATION.c.repository == repository.lower())
    rows = connection.execute(wanted.order_by(PUBLICATION.c.changed_at.desc(), PUBLICATION.c.id.desc()))
    return [_publication(row) for row in rows]


def waiting(connection: Connection, api: str, *, patient: bool = True, limit: int = 100) -> list[Publication]:
    """What can be sent to an API now, what has waited longest first.

    `patient` leaves out what a limit, an outage or a missing right says to wait for; what somebody else is sending is
    always left out, until their time is up.
    """
    now = _time()
    pending = PUBLICATION.c.state == PENDING
    ready = and_(pending, PUBLICATION.c.not_before <= now) if patient else pending
    left = and_(PUBLICATION.c.state == SENDING, PUBLICATION.c.not_before <= now)
    there = select(PUBLICATION).where(PUBLICATION.c.api == api, or_(ready, left))
    wanted = there.order_by(PUBLICATION.c.changed_at, PUBLICATION.c.id)
    return [_publication(row) for row in connection.execute(wanted.limit(limit))]


def take(connection: Connection, publication: int, seconds: float) -> Publication | None:
    """Take it in hand for that long; None where somebody else has it, or it is done."""
    there = PUBLICATION.c.id == publication
    free = or_(
        PUBLICATION.c.state == PENDING, and_(PUBLICATION.c.state == SENDING, PUBLICATION.c.not_before <= _time())
    )
    values = {"state": SENDING, "not_before": _time(seconds), "attempts": PUBLICATION.c.attempts + 1}
    if connection.execute(update(PUBLICATION).where(there, free).values(values)).rowcount != 1:
        return None
    return _publication(connection.execute(select(PUBLICATION).where(there)).one())


def note_posted(connection: Connection, taken: Publication, remote_id: str, commit: str) -> None:
    """It is there, about that commit. What was wanted since then waits on."""
    _settle(connection, taken, {"state": POSTED, "problem": ""}, remote_id)
    connection.execute(update(PUBLICATION).where(PUBLICATION.c.id == taken.id).values(commit=commit))


def note_refused(connection: Connection, taken: Publication, problem: str) -> None:
    """It will never be there; what was there before stays. What was wanted since then waits on."""
    state = POSTED if taken.remote_id else REFUSED
    _settle(connection, taken, {"state": state, "problem": problem}, taken.remote_id)


def postpone(connection: Connection, taken: Publication, problem: str, seconds: float) -> None:
    """It could not be posted for now."""
    values = {"state": PENDING, "problem": problem, "not_before": _time(seconds), "changed_at": _time()}
    connection.execute(update(PUBLICATION).where(PUBLICATION.c.id == taken.id).values(values))


def _settle(connection: Connection, taken: Publication, values: dict[str, Any], remote_id: str) -> None:
    row = connection.execute(select(PUBLICATION).where(PUBLICATION.c.id == taken.id)).one()
    newer = [one for one in unpacked_posts(row.id, row.content) if one not in taken.posts]
    values = {"state": PENDING, "problem": "", "content": _packed(newer)} if newer else {**values, "content": None}
    values |= {"remote_id": remote_id, "not_before": "", "changed_at": _time()}
    connection.execute(update(PUBLICATION).where(PUBLICATION.c.id == taken.id).values(values))


def _row(connection: Connection, spot: Spot) -> Any:
    wanted = select(PUBLICATION).where(*(PUBLICATION.c[name] == value for name, value in spot.values.items()))
    return connection.execute(wanted).one_or_none()


def _publication(row: Any) -> Publication:
    return Publication(
        id=row.id,
        spot=Spot(row.api, row.repository, row.place, row.kind, row.rubric),
        commit=row.commit,
        remote_id=row.remote_id,
        state=row.state,
        digest=row.digest,
        posts=unpacked_posts(row.id, row.content),
        report_key=row.report_key,
        attempts=row.attempts,
        problem=row.problem,
        changed_at=row.changed_at,
    )


def _packed(posts: Sequence[dict[str, Any]]) -> bytes:
    return zlib.compress(json.dumps(posts, ensure_ascii=False).encode())


def unpacked_posts(number: int, content: bytes | None) -> tuple[dict[str, Any], ...]:
    """The posts in a row. Raises DamagedError where it is damaged."""
    try:
        return () if content is None else tuple(json.loads(unpacked(content)))
    except (ValueError, zlib.error):
        raise DamagedError(
            f"The publication {number} in the store is damaged.", mend="Run `grader store check`."
        ) from None


def _time(seconds: float = 0.0) -> str:
    return moment(datetime.now(UTC) + timedelta(seconds=seconds))
