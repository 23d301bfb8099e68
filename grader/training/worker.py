"""The training process: `python -m grader.training.worker FOLDER PARENT`. Events go to stdout, one JSON line each.

The folder holds the job; the best epoch's weights are written into it.
"""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from grader.training.isolation import be_expendable, die_with_parent, leave_network

WEIGHTS = "weights.safetensors"


def main() -> None:
    """Give up network, independence and the last word on memory, then train."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent)
    be_expendable()
    isolated = leave_network()
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up among the events
    _train(folder, channel, "isolated" if isolated else "not isolated")


def _train(folder: Path, channel: BinaryIO, network: str) -> None:
    # Torch may start threads when it is loaded, so it is loaded only now.
    from grader.training.data import load
    from grader.training.engine import select_engine
    from grader.training.events import Event, Started
    from grader.training.job import read_job
    from grader.training.refusal import refusal_of

    def emit(event: Event) -> None:
        if isinstance(event, Started):
            event = event.model_copy(update={"environment": {**event.environment, "network": network}})
        channel.write(event.model_dump_json().encode() + b"\n")
        channel.flush()

    job = read_job(folder)
    try:
        dataset = load(job.task.dataset, job.data_dir)
        select_engine(job).train(job, dataset, emit, folder / WEIGHTS if job.keep_weights else None)
    except Exception as problem:
        refused = refusal_of(problem, job)
        if refused is None:
            raise
        emit(refused)


if __name__ == "__main__":
    main()
