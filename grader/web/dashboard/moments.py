"""How times are written on a page."""

from dataclasses import dataclass
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Moment:
    """A point in time, for machines and for people."""

    machine: str  # ISO 8601
    text: str  # 1 Mar 2026, 12:05 UTC


def moment(written: str) -> Moment | None:
    """A time as it stands in the store; None for one that is not there, or can't be read."""
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        return None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    text = f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M} UTC"
    return Moment(time.isoformat(timespec="seconds"), text)
