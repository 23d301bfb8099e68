"""A report is published: each post kept first, then sent, so that nothing is lost and nothing is there twice."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from grader.errors import PublishError
from grader.model.report import GradeReport
from grader.publish.failure import Delayed, Refused, Superseded
from grader.publish.forge import Forge
from grader.publish.place import Place
from grader.publish.posts import POSTS, Kind, Post
from grader.publish.render import Shown, posts_of, slot_of
from grader.publish.send import Sent, send
from grader.store.engine import Store
from grader.store.publications import Publication, Spot, note_posted, note_refused, postpone, take, want

_LEASE_SECONDS = 1_800.0  # longer than Patience waits altogether
_LONGEST_DELAY = 3_600.0

Outcome = Literal["posted", "unchanged", "kept", "refused", "superseded", "no grade"]


@dataclass(frozen=True)
class Item:
    """What became of one post. `message` says why, where it is not there now."""

    kind: str
    outcome: Outcome
    url: str = ""
    message: str = ""

    @property
    def is_there(self) -> bool:
        """Whether GitHub shows it."""
        return self.outcome in ("posted", "unchanged")


@dataclass(frozen=True)
class Published:
    """What became of a report's posts."""

    place: Place
    items: tuple[Item, ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything is there that is to be there."""
        return not any(item.outcome in ("kept", "refused") for item in self.items)

    @property
    def kept(self) -> tuple[Item, ...]:
        """What waits for `grader publish --pending`."""
        return tuple(item for item in self.items if item.outcome == "kept")


def publish(
    report: GradeReport,
    place: Place,
    forge: Forge,
    store: Store,
    shown: Shown | None = None,
    *,
    marker_key: bytes = b"",
    report_key: str | None = None,
) -> Published:
    """Post a report and say what became of it. Raises nothing for what GitHub refuses: it is in the answer.

    A report of an error of ours, or of a grading that was interrupted, is no grade: it is not posted. `report_key`: the
    report's key in the store.
    """
    shown = shown or Shown()
    if why := no_grade(report):
        return Published(place, (Item("report", "no grade", message=why),))
    rows = keep(report, place, store, shown, report_key=report_key)
    return Published(place, tuple(send_kept(row, forge, store, marker_key) for row in rows))


def no_grade(report: GradeReport) -> str:
    """Why a report is not posted, one sentence; "" where it is."""
    if report.verdict == "error":
        return "It was not graded, for a reason of ours: nothing is posted, and what was posted before stays."
    if report.training.was_interrupted:
        return "Its training was interrupted: nothing is posted, and what was posted before stays."
    return ""


def keep(
    report: GradeReport, place: Place, store: Store, shown: Shown, *, report_key: str | None = None
) -> list[Publication]:
    """Keep a report's posts in the store, to be sent; nothing is asked of GitHub."""
    slot = slot_of(report, shown)
    posts = posts_of(report, place.commit, shown)
    if place.pull_request is None:
        posts = {kind: post for kind, post in posts.items() if kind in ("check", "status")}

    def keep_all(connection: Connection) -> list[Publication]:
        return [
            want(
                connection, _spot(place, kind, slot), place.commit, post.model_dump(mode="json"), report_key=report_key
            )
            for kind, post in posts.items()
        ]

    return store.transact(keep_all)


def send_kept(row: Publication, forge: Forge, store: Store, marker_key: bytes = b"") -> Item:
    """Send what waits in a row, if nobody else is doing it; what can't be posted now waits on."""
    taken = store.transact(lambda connection: take(connection, row.id, _LEASE_SECONDS))
    if taken is None:
        return Item(row.spot.kind, "kept", message="Somebody else is posting there at this moment.")
    try:
        commit, sent = _sent(taken, forge, marker_key)
    except PublishError as problem:
        return _failed(taken, problem, store)
    except BaseException:
        store.transact(lambda connection: postpone(connection, taken, "It was interrupted.", 0))
        raise
    store.transact(lambda connection: note_posted(connection, taken, sent.remote_id, commit))
    return Item(row.spot.kind, "posted" if sent.changed else "unchanged", sent.url)


def _sent(taken: Publication, forge: Forge, marker_key: bytes) -> tuple[str, Sent]:
    """Of the posts that wait for a place, the one that is about the commit shown there. Raises PublishError."""
    problem: PublishError = Refused("There was nothing to post.")
    for post in reversed(POSTS.validate_python(taken.posts)):
        try:
            return post.commit, send(post, _place(taken, post), forge, marker_key, taken.remote_id)
        except Superseded as superseded:
            problem = superseded
    raise problem


def _failed(taken: Publication, problem: PublishError, store: Store) -> Item:
    if isinstance(problem, Delayed):
        seconds = min(problem.seconds * 2 ** min(taken.attempts - 1, 6), _LONGEST_DELAY)
        store.transact(lambda connection: postpone(connection, taken, problem.message, seconds))
        return Item(taken.spot.kind, "kept", message=str(problem))
    store.transact(lambda connection: note_refused(connection, taken, problem.message))
    outcome: Outcome = "superseded" if isinstance(problem, Superseded) else "refused"
    return Item(taken.spot.kind, outcome, message=str(problem))


def _spot(place: Place, kind: Kind, slot: str) -> Spot:
    on_pull = kind in ("comment", "labels")
    where = f"pull/{place.pull_request}" if on_pull else f"commit/{place.commit}"
    return Spot(place.api.rstrip("/"), place.repository, where, kind, slot)


def _place(row: Publication, post: Post) -> Place:
    what, _, where = row.spot.place.partition("/")
    return Place(row.spot.repository, post.commit, int(where) if what == "pull" else None, row.spot.api)
