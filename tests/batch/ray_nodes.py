"""A Ray cluster of several nodes on this machine, and what runs on each of them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_STORE = 100 * 2**20  # bytes of each node's object store


@contextlib.contextmanager
def cluster(*cpus: int, gpus: int = 0) -> Iterator[Any]:
    """A cluster with a node for each number of CPUs; the first one is the head, and says that it has the GPUs."""
    from ray.cluster_utils import Cluster

    found = Cluster(
        initialize_head=True, head_node_args={"num_cpus": cpus[0], "num_gpus": gpus, "object_store_memory": _STORE}
    )
    try:
        for number in cpus[1:]:
            found.add_node(num_cpus=number, object_store_memory=_STORE)
        yield found
    finally:
        found.shutdown()


def workers_of(node: Any) -> dict[int, str]:
    """The processes of a node in which tasks run or may run, each with what it calls itself."""
    (raylet,) = node.all_processes["raylet"]
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == raylet.process.pid:
                found[int(process.name)] = (process / "cmdline").read_text().strip("\0 ")
    return found
