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
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grader.training.isolation import be_expendable, die_with_parent, leave_network
from grader.training.worker import WEIGHTS

if TYPE_CHECKING:
    from grader.training.data import Dataset
    from grader.training.events import Event
    from grader.training.in_steps import InSteps
    from grader.training.job import TrainingJob
    from grader.training.side_by_side import Lane

SOCKET = "socket"
_PATIENCE = 10.0  # seconds for somebody to say or to hear something: all others wait meanwhile
_LONGEST_PATH = 4096


def main() -> None:
    """Give up network, independence and the last word on memory, then serve."""
    folder, parent, device, lanes = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    die_with_parent(parent)
    be_expendable()
    network = "isolated" if leave_network() else "not isolated"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / SOCKET))
        listener.listen(128)
        _Service(listener, device, lanes, network).serve()


@dataclass
class _Visitor:
    """Somebody who wants a job trained."""

    connection: socket.socket
    folder: Path
    job: "TrainingJob"
    network: str

    def tell(self, event: "Event") -> None:
        """Raises OSError where nobody listens any more."""
        from grader.training.events import Started

        if isinstance(event, Started):
            event = event.model_copy(update={"environment": {**event.environment, "network": self.network}})
        self.connection.sendall(event.model_dump_json().encode() + b"\n")


@dataclass
class _Service:
    listener: socket.socket
    device: str
    most: int
    network: str
    waiting: deque[_Visitor] = field(default_factory=deque)
    data: dict[tuple[str, Path | None], "Dataset"] = field(default_factory=dict)

    def serve(self) -> None:
        """For ever: whoever started this ends it."""
        from grader.training.device import choose_device
        from grader.training.side_by_side import SideBySide

        company = SideBySide(choose_device("cuda" if self.device == "cuda" else "cpu"))
        visitors: list[tuple[Lane, _Visitor]] = []
        with selectors.DefaultSelector() as selector:
            selector.register(self.listener, selectors.EVENT_READ)
            while True:
                for _ in selector.select(0 if company.lanes or self.waiting else None):
                    self._welcome()
                while self.waiting and len(company.lanes) < self.most and self._has_room(bool(company.lanes)):
                    visitor = self.waiting.popleft()
                    visitors.append((company.add(self._work(visitor)), visitor))
                for lane in company.round():
                    found = next(pair for pair in visitors if pair[0] is lane)
                    visitors.remove(found)
                    _farewell(lane, found[1])

    def _welcome(self) -> None:
        """Take in who is at the door, if they say what they want."""
        from grader.training.job import read_job

        connection, _ = self.listener.accept()
        connection.settimeout(_PATIENCE)
        try:
            with connection.makefile("rb") as stream:
                folder = Path(os.fsdecode(stream.readline(_LONGEST_PATH).rstrip(b"\n")))
            self.waiting.append(_Visitor(connection, folder, read_job(folder), self.network))
        except (OSError, ValueError):
            traceback.print_exc()
            connection.close()

    def _has_room(self, company: bool) -> bool:
        """Whether the next job fits beside those that train; alone it may try."""
        import torch

        from grader.training.memory_needed import lane_bytes

        if self.device != "cuda" or not company:
            return True
        return lane_bytes(self.waiting[0].job) <= torch.cuda.mem_get_info()[0]

    def _work(self, visitor: _Visitor) -> "InSteps[None]":
        from grader.training.torch_engine import TorchEngine

        job = visitor.job.model_copy(update={"device": self.device, "memory_bytes": None})
        weights = visitor.folder / WEIGHTS if job.keep_weights else None
        yield from TorchEngine().train_in_steps(job, self._dataset(job), visitor.tell, weights)

    def _dataset(self, job: "TrainingJob") -> "Dataset":
        """Loaded once for all."""
        from grader.training.data import load

        place = (job.task.dataset, job.data_dir)
        if place not in self.data:
            self.data[place] = load(*place)
        return self.data[place]


def _farewell(lane: "Lane", visitor: _Visitor) -> None:
    """Tell why it can't be done, where that is known, and hang up. A failure of the device is the end for all."""
    from grader.training.refusal import refusal_of

    if lane.failure is not None and not isinstance(lane.failure, OSError):
        refused = refusal_of(lane.failure, visitor.job)
        if refused is None:
            traceback.print_exception(lane.failure)
        else:
            with contextlib.suppress(OSError):
                visitor.tell(refused)
        if refused is None and _is_of_the_device(lane.failure):
            os._exit(1)
    visitor.connection.close()


def _is_of_the_device(failure: Exception) -> bool:
    """After an error of a kernel nothing more can be done on the device within this process."""
    return isinstance(failure, RuntimeError) and "CUDA error" in str(failure)


if __name__ == "__main__":
    main()
