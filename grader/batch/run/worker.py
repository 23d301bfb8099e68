"""A worker process of the local executor: `python -m grader.batch.run.worker DESCRIPTOR PARENT KIND NETWORK`.

It speaks over a socket: ("ready",) once it has imported what its tasks need, then for each task any number of
("news", …) and one of ("done", answer), ("failed", error). It ends when the other end is closed.
"""

import contextlib
import os
import pickle
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from grader.batch.run.described import described
from grader.errors import GraderError
from grader.training.isolation import die_with_parent, leave_network


def main() -> None:
    """Serve tasks until nobody wants any more."""
    descriptor, parent, kind, network = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    die_with_parent(parent)
    _go_before_the_coordinator()
    os.set_inheritable(descriptor, False)
    # Others than root would need a user namespace for that, in which not every system lets the sandbox make its own.
    if network == "none" and os.geteuid() == 0:
        leave_network()
    if kind == "static":
        from grader.batch.run.static_part import prepare_worker

        prepare_worker()
    with Connection(descriptor) as connection, contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(("ready",))
        while True:
            _serve(connection)


def _go_before_the_coordinator() -> None:
    """Where memory runs out, the kernel shall end this process, whose task alone is lost. What it starts inherits it.

    No other limits: what lowers a hard limit keeps the sandbox from setting its own.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def _serve(connection: Connection) -> None:
    function, argument = connection.recv()
    try:
        answer = pickle.dumps(("done", function(argument, lambda news: connection.send(("news", news)))))
    except GraderError as problem:
        answer = pickle.dumps(("failed", problem))
    except Exception as problem:
        traceback.print_exc()
        answer = pickle.dumps(("failed", GraderError(described(problem))))
    connection.send_bytes(answer)


if __name__ == "__main__":
    main()
