"""Who trains beside whom, with guests that only count."""

from dataclasses import dataclass, field

import pytest
import torch

from grader.training.in_steps import InSteps
from grader.training.lanes import Lanes


@dataclass
class Counting:
    """Takes so many steps; with less memory than it needs it fails at its first, as often as it is told to."""

    name: str
    steps: int
    needed: int = 0
    failures: int = 0
    alone: bool = False
    beside: list[list[str]] = field(default_factory=list)  # who trained at each of its steps
    lanes: "Lanes[Counting] | None" = None

    def work(self) -> InSteps[None]:
        if self.failures:
            self.failures -= 1
            raise MemoryError
        for _ in range(self.steps):
            assert self.lanes is not None
            self.beside.append([guest.name for guest in self.lanes.training])
            yield


def trained(lanes: "Lanes[Counting]", *guests: Counting) -> list[tuple[str, Exception | None]]:
    """All of them, to the end: who left, in which order, and why."""
    for guest in guests:
        guest.lanes = lanes
        lanes.join(guest)
    gone: list[tuple[str, Exception | None]] = []
    while lanes.busy:
        gone += [(guest.name, failure) for guest, failure in lanes.turn(1)]
    return gone


def test_so_many_at_a_time_and_in_their_order() -> None:
    lanes: Lanes[Counting] = Lanes(torch.device("cpu"), most=2)
    a, b, c = Counting("a", 5), Counting("b", 2), Counting("c", 3)
    assert trained(lanes, a, b, c) == [("b", None), ("a", None), ("c", None)]
    assert a.beside == [["a"], ["a", "b"], ["a", "b"], ["a", "b"], ["a", "c"]]


def test_who_needs_more_than_is_left_waits() -> None:
    """And so do those who came later, or it would wait for ever."""
    free = {0: 100, 1: 40, 2: 10}
    lanes: Lanes[Counting] = Lanes(torch.device("cpu"), 8, free_memory=lambda: free[len(lanes.training)])
    a, b, c = Counting("a", 3, needed=60), Counting("b", 2, needed=60), Counting("c", 2, needed=30)
    assert trained(lanes, a, b, c) == [("a", None), ("b", None), ("c", None)]
    assert a.beside == [["a"]] * 3
    assert b.beside == [["b"], ["b", "c"]]


def test_who_fails_for_memory_beside_others_trains_alone() -> None:
    lanes: Lanes[Counting] = Lanes(torch.device("cpu"), 8)
    a, b, c = Counting("a", 3), Counting("b", 2, failures=1), Counting("c", 1)
    assert trained(lanes, a, b, c) == [("a", None), ("b", None), ("c", None)]
    assert b.beside == [["b"]] * 2
    assert c.beside == [["c"]]


def test_who_fails_for_memory_alone_has_failed() -> None:
    lanes: Lanes[Counting] = Lanes(torch.device("cpu"), 8)
    ((name, failure),) = trained(lanes, Counting("a", 3, failures=2))
    assert name == "a"
    assert isinstance(failure, MemoryError)


def test_another_failure_is_not_tried_again() -> None:
    lanes: Lanes[Counting] = Lanes(torch.device("cpu"), 8)
    guest = Counting("a", 3)
    guest.beside = None  # type: ignore[assignment]
    ((name, failure),) = trained(lanes, guest)
    assert name == "a"
    with pytest.raises(AttributeError):
        raise failure or AssertionError
