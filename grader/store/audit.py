"""Who did what. Rows are added, and changed only where a student's data is deleted. In the caller's transaction."""

import json
from typing import Any

from sqlalchemy import Connection, insert, select

from grader.model.review import Action, AuditEntry
from grader.store.batches import now
from grader.store.review_tables import AUDIT


def note(connection: Connection, *, who: str, action: Action, subject: str, **detail: Any) -> None:
    """Add a row."""
    text = json.dumps(detail, sort_keys=True, ensure_ascii=False, allow_nan=False)
    values = {"made_at": now(), "who": who, "action": action, "subject": subject, "detail": text}
    connection.execute(insert(AUDIT).values(values))


def entries(
    connection: Connection, subject: str | None = None, *, before: int | None = None, most: int = 200
) -> list[AuditEntry]:
    """The newest first; of one subject, or all; those with a number below `before`, to read on."""
    wanted = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(most)
    if subject is not None:
        wanted = wanted.where(AUDIT.c.subject == subject)
    if before is not None:
        wanted = wanted.where(AUDIT.c.id < before)
    return [AuditEntry.model_validate(dict(row._mapping)) for row in connection.execute(wanted)]
