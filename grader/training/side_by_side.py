"""Several trainings in one process, a step each in turn: on a GPU the steps of small models fill each other's gaps.

Each training has random numbers and, on a GPU, a stream of its own, so it comes out as it would alone. None is let
further ahead of the device than a few steps, so that a large model, whose steps take long, makes no small one wait.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from grader.training.in_steps import InSteps

_AHEAD = 8  # steps of one training that may wait on the device
_PAUSE_SECONDS = 2e-5  # where the device has enough to do for now


@dataclass(eq=False)  # each is itself, whatever the others are like
class Lane:
    """One of the trainings. `failure` is what it raised; a failure of the device itself is everybody's."""

    work: InSteps[None]
    randomness: "Randomness"
    stream: Any = None  # torch.cuda.Stream
    marks: list[Any] = field(default_factory=list)  # torch.cuda.Event, one behind each of the last steps
    steps: int = 0
    ended: bool = False
    failure: Exception | None = None

    def may_step(self) -> bool:
        """Whether the device has done all of its steps but the last few."""
        return not self.marks or bool(self.marks[self.steps % _AHEAD].query())

    def stepped(self) -> None:
        """One more step is on its way."""
        if self.marks:
            self.marks[self.steps % _AHEAD].record(self.stream)
        self.steps += 1


class Randomness:
    """Where the default generators of torch stand for one training.

    On a GPU it is a state of its own and not two numbers that are set anew: captured steps read seed and offset from
    memory that belongs to the state, and steps of several trainings are under way at the same time.
    """

    def __init__(self, device: torch.device) -> None:
        self._host = torch.get_rng_state()
        self._gpu = torch.Generator(device) if device.type == "cuda" else None
        self._index = device.index or 0

    @contextlib.contextmanager
    def own(self) -> Iterator[None]:
        """Go on where this training was, and remember where it has come to."""
        with self._own_gpu():
            others = torch.get_rng_state()
            torch.set_rng_state(self._host)
            try:
                yield
            finally:
                self._host = torch.get_rng_state()
                torch.set_rng_state(others)

    @contextlib.contextmanager
    def _own_gpu(self) -> Iterator[None]:
        if self._gpu is None:
            yield
            return
        default = torch.cuda.default_generators[self._index]
        others = default.graphsafe_get_state()
        default.graphsafe_set_state(self._gpu)
        try:
            yield
        finally:
            default.graphsafe_set_state(others)


@dataclass
class SideBySide:
    """Trainings that take turns."""

    device: torch.device
    lanes: list[Lane] = field(default_factory=list)
    steps: int = 0  # of all of them so far

    def add(self, work: InSteps[None]) -> Lane:
        """One more; it begins with the next round."""
        lane = Lane(work, Randomness(self.device))
        if self.device.type == "cuda":
            lane.stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
            lane.marks = [torch.cuda.Event() for _ in range(_AHEAD)]  # type: ignore[no-untyped-call]
        self.lanes.append(lane)
        return lane

    def round(self) -> list[Lane]:
        """A step of each that is not far enough ahead; those that have ended with it leave, and are returned."""
        ready = [lane for lane in self.lanes if lane.may_step()]
        for lane in ready:
            self._step(lane)
        if not ready:
            time.sleep(_PAUSE_SECONDS)
        ended = [lane for lane in self.lanes if lane.ended]
        self.lanes = [lane for lane in self.lanes if not lane.ended]
        return ended

    def _step(self, lane: Lane) -> None:
        stream = torch.cuda.stream(lane.stream) if lane.stream is not None else contextlib.nullcontext()
        with lane.randomness.own(), stream:
            try:
                next(lane.work)
                lane.stepped()
                self.steps += 1
            except StopIteration:
                lane.ended = True
            except Exception as failure:
                lane.ended, lane.failure = True, failure
