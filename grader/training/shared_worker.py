"""A process that trains for everybody who asks: `python -m grader.training.shared_worker FOLDER PARENT DEVICE LANES`.

It listens at FOLDER/socket. Whoever connects sends the folder of a job and a line's end, and is told the events of that
job, one JSON line each; whoever hangs up wants no more. Up to LANES jobs train side by side; the others wait.
"""

import contextlib
import os
import selectors
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.model.pace import SIDE_BY_SIDE
from grader.training.isolation import be_expendable, die_with_parent, leave_network
from grader.training.worker import WEIGHTS

if TYPE_CHECKING:
    from grader.training.data import Dataset
    from grader.training.events import Event
    from grader.training.in_steps import InSteps
    from grader.training.job import TrainingJob
    from grader.training.lanes import Lanes

SOCKET = "socket"
_PATIENCE = 10.0  # seconds for somebody to say or to hear something: all others wait meanwhile
_LONGEST_PATH = 4096


def main() -> None:
    """Give up network, independence and the last word on memory, then serve."""
    folder, parent, device, lanes = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    die_with_parent(parent)
    be_expendable()
    network = "isolated" if leave_network() else "not isolated"
    # Torch may start threads when it is loaded: only now. And there is no door before there is a device.
    from grader.training.device import choose_device, settle
    from grader.training.hardware_limit import hardware_limit
    from grader.training.lanes import Lanes

    place = choose_device("cuda" if device == "cuda" else "cpu")
    settle(place)
    with contextlib.suppress(RuntimeError):
        hardware_limit(place)  # kept for all runs, and measured while nobody trains beside it
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / SOCKET))
        listener.listen(128)
        _Service(listener, Lanes(place, lanes), device, network).serve()


@dataclass
class _Visitor:
    """Somebody at the other end of a connection who wants a job trained; a `Guest`."""

    connection: socket.socket
    folder: Path
    job: "TrainingJob"
    dataset: "Callable[[], Dataset]"
    network: str
    training: "Callable[[], int]"  # how many there are now
    alone: bool = False
    at_once: int = 1  # trainings, this one among them: the most there were when it told something

    @cached_property
    def needed(self) -> int:
        """See `Guest`."""
        from grader.training.memory_needed import lane_bytes

        return lane_bytes(self.job)

    def work(self) -> "InSteps[None]":
        """See `Guest`."""
        from grader.training.engine import select_engine

        weights = self.folder / WEIGHTS if self.job.keep_weights else None
        yield from select_engine(self.job).train_in_steps(self.job, self.dataset(), self.tell, weights)

    def tell(self, event: "Event") -> None:
        """Raises OSError where nobody listens any more, MemoryError where it may have enough once it is alone."""
        from grader.training.events import Ended, Refused, Started

        if isinstance(event, Refused) and event.kind == "memory" and not self.alone:
            raise MemoryError(event.message)
        if isinstance(event, Started):
            event = event.model_copy(update={"environment": {**event.environment, "network": self.network}})
            self.at_once = 1  # it may be its second beginning
        self.at_once = max(self.at_once, self.training())
        if isinstance(event, Ended):
            event = event.model_copy(update={"environment": {**event.environment, SIDE_BY_SIDE: str(self.at_once)}})
        self.connection.sendall(event.model_dump_json().encode() + b"\n")

    def part(self, failure: Exception | None) -> None:
        """Hang up, and tell why where it can't be done."""
        from grader.training.refusal import refusal_of

        if failure is not None and not isinstance(failure, OSError):
            if refused := refusal_of(failure, self.job):
                with contextlib.suppress(OSError):
                    self.tell(refused)
            else:
                traceback.print_exception(failure)
        self.connection.close()


@dataclass
class _Service:
    listener: socket.socket
    lanes: "Lanes[_Visitor]"
    device: str
    network: str
    data: "dict[tuple[str, Path | None], Dataset]" = field(default_factory=dict)

    def serve(self) -> None:
        """For ever: whoever started this ends it."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.listener, selectors.EVENT_READ)
            while True:
                for _ in selector.select(0 if self.lanes.busy else None):
                    if visitor := self._welcome():
                        self.lanes.join(visitor)
                for visitor, failure in self.lanes.turn():
                    visitor.part(failure)
                    if failure is not None and _is_of_the_device(failure):
                        sys.exit(1)

    def _welcome(self) -> _Visitor | None:
        """Who is at the door; None where they do not say what they want."""
        from grader.training.job import read_job

        connection, _ = self.listener.accept()
        connection.settimeout(_PATIENCE)
        try:
            with connection.makefile("rb") as stream:
                folder = Path(os.fsdecode(stream.readline(_LONGEST_PATH).rstrip(b"\n")))
            job = read_job(folder).model_copy(update={"device": self.device, "memory_bytes": None})
        except (OSError, ValueError):
            traceback.print_exc()
            connection.close()
            return None
        data = partial(self._dataset, job)
        return _Visitor(connection, folder, job, data, self.network, training=lambda: len(self.lanes.training))

    def _dataset(self, job: "TrainingJob") -> "Dataset":
        """Loaded once for all."""
        from grader.training.data import load

        place = (job.task.dataset, job.data_dir)
        if place not in self.data:
            self.data[place] = load(*place)
        return self.data[place]


def _is_of_the_device(failure: Exception) -> bool:
    """After an error of a kernel nothing more can be done on the device in this process; another takes its place."""
    return isinstance(failure, RuntimeError) and "CUDA error" in str(failure)


if __name__ == "__main__":
    main()
