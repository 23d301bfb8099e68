"""Times as they stand in the store: UTC, ISO 8601 with seconds, so that they sort as text."""

from datetime import UTC, datetime


def moment(time: datetime) -> str:
    """A time, which must have its zone, as it stands in the store."""
    return time.astimezone(UTC).isoformat(timespec="seconds")
