"""Tables that are cut and say so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Given = TypeVar("Given")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Table(Generic[Row]):
    """The rows shown, and how many more there are in report.json."""

    rows: tuple[Row, ...]
    left_out: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows)


def table(given: Iterable[Given], most: int, row: Callable[[Given], Row]) -> Table[Row]:
    """The first `most` rows."""
    everything = tuple(given)
    return Table(tuple(row(item) for item in everything[:most]), max(len(everything) - most, 0))


@dataclass(frozen=True)
class Entry:
    """A name and its value; `note` says where it came from. `code` values are set in a fixed-width face."""

    name: str
    value: str
    note: str = ""
    code: bool = False
