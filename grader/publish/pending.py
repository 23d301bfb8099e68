"""What could not be posted, sent later: once, by whoever takes it first."""

from collections.abc import Iterator

from grader.errors import PublishError
from grader.publish.credentials import Credentials
from grader.publish.forge import open_forge
from grader.publish.patience import Patience
from grader.publish.place import require_api
from grader.publish.publish import Item, send_kept
from grader.store.engine import Store
from grader.store.publications import Publication, waiting

_PAGE = 100


def send_pending(
    store: Store,
    credentials: Credentials,
    api: str,
    *,
    patience: Patience | None = None,
    patient: bool = False,
    pause: float = 1.0,
) -> Iterator[tuple[Publication, Item]]:
    """Send what waits for that API, and tell of each what became of it. A token is never sent to another API.

    `patient` leaves out what is not worth a try yet. Raises PublishError or UsageError where the credentials can't be
    used at all.
    """
    address, shared, seen = require_api(api), patience or Patience(), set[int]()
    while rows := _next(store, address, patient, seen):
        repository = rows[0].spot.repository
        seen |= {row.id for row in rows}
        try:
            with open_forge(repository, credentials, api=address, patience=shared, pause=pause) as forge:
                yield from ((row, send_kept(row, forge, store, credentials.marker_key)) for row in rows)
        except PublishError as problem:
            yield from ((row, Item(row.spot.kind, "kept", message=str(problem))) for row in rows)


def _next(store: Store, api: str, patient: bool, seen: set[int]) -> list[Publication]:
    """The rows of the repository that has waited longest, without those that were tried."""
    found = store.transact(lambda connection: waiting(connection, api, patient=patient, limit=_PAGE + len(seen)))
    left = [row for row in found if row.id not in seen]
    return [row for row in left if row.spot.repository == left[0].spot.repository]
