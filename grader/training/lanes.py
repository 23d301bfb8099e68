"""Who trains beside whom: guests are let in as they came, while there is memory and while one more is worth it."""

import time
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import torch

from grader.training.in_steps import InSteps
from grader.training.memory_needed import free_device_memory, is_want_of_memory
from grader.training.occupancy import Occupancy
from grader.training.side_by_side import Lane, SideBySide

_ROUNDS = 32  # before somebody else may have to say something


class Guest(Protocol):
    """Somebody who wants something trained."""

    alone: bool  # there was too little memory for it beside others

    @property
    def needed(self) -> int:
        """Bytes of the device's memory that it may take."""
        ...

    def work(self) -> InSteps[None]:
        """All of it, from the beginning."""
        ...


SomeGuest = TypeVar("SomeGuest", bound=Guest)


class Lanes(Generic[SomeGuest]):
    """Up to `most` trainings side by side; the others wait.

    Only when a training begins depends on the others and on what is measured, never what comes out. One that finds too
    little memory beside others begins again when they have ended, and then trains alone.
    """

    def __init__(self, device: torch.device, most: int, free_memory: Callable[[], int] | None = None) -> None:
        """`free_memory` tells the bytes that the device has left; by default a GPU's, and no bound on a CPU."""
        if free_memory is None and device.type == "cuda":
            free_memory = free_device_memory
        self._company, self._occupancy, self._free_memory = SideBySide(device), Occupancy(most), free_memory
        self._waiting: deque[SomeGuest] = deque()
        self._training: list[tuple[Lane, SomeGuest]] = []

    @property
    def busy(self) -> bool:
        """Whether anybody trains or waits."""
        return bool(self._training or self._waiting)

    @property
    def training(self) -> list[SomeGuest]:
        """Those who train now, the first of them first."""
        return [guest for _, guest in self._training]

    def join(self, guest: SomeGuest) -> None:
        """Wait for a place."""
        self._waiting.append(guest)

    def turn(self, rounds: int = _ROUNDS) -> list[tuple[SomeGuest, Exception | None]]:
        """Train so many rounds, or until somebody has ended; who has, each with what it failed with."""
        if self._waiting and self._has_place(self._waiting[0]):  # one at a time: the next sees what this one took
            guest = self._waiting.popleft()
            self._training.append((self._company.add(guest.work()), guest))
        ended = self._train(rounds)
        gone = [(guest, lane.failure) for lane, guest in self._training if lane in ended]
        self._training = [(lane, guest) for lane, guest in self._training if lane not in ended]
        return [(guest, failure) for guest, failure in gone if not self._waits_to_be_alone(guest, failure)]

    def _has_place(self, guest: SomeGuest) -> bool:
        """Whether it may begin now: alone it always may try."""
        if not self._training:
            return True
        if guest.alone or self._training[0][1].alone or not self._occupancy.has_place(len(self._training)):
            return False
        return self._free_memory is None or guest.needed <= self._free_memory()

    def _train(self, rounds: int) -> list[Lane]:
        lanes, began, before = len(self._training), time.monotonic(), self._company.steps
        ended: list[Lane] = []
        for _ in range(rounds if lanes else 0):
            if ended := self._company.round():
                break
        self._occupancy.note(lanes, self._company.steps - before, time.monotonic() - began)
        return ended

    def _waits_to_be_alone(self, guest: SomeGuest, failure: Exception | None) -> bool:
        if failure is None or guest.alone or not is_want_of_memory(failure):
            return False
        guest.alone = True
        self._waiting.appendleft(guest)
        return True
