"""Joining a Ray cluster, and that its nodes have the same software."""

import logging
import os
import socket
import warnings
from importlib import import_module
from typing import Any

from grader.batch.run.ray_worker import versions
from grader.errors import UsageError

SAME_VERSIONS = "Install the same version of graph-grader[ray], torch and Python on all nodes."
_ANSWER_SECONDS = 300.0  # for all nodes to say what they have installed
_CONNECT_SECONDS = 10.0
_OBJECT_STORE_BYTES = 200 * 2**20  # where a cluster of this machine alone is started


def require_equal_nodes(ray: Any, ours: str) -> None:
    """Raises UsageError where a node has other versions than the coordinator, or says nothing."""
    strategies: Any = import_module("ray.util.scheduling_strategies")
    asked = []
    for node in ray.nodes():
        if node["Alive"]:
            place = strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            task = ray.remote(versions).options(num_cpus=0, scheduling_strategy=place, max_retries=0)
            asked.append((node["NodeManagerAddress"], task.remote()))
    for address, answer in asked:
        try:
            theirs = ray.get(answer, timeout=_ANSWER_SECONDS)
        except ray.exceptions.RayError as problem:
            cause = getattr(problem, "cause", None) or problem
            said = f"The node {address} of the cluster can't run grader: {type(cause).__name__}."
            raise UsageError(said, mend=SAME_VERSIONS) from None
        if theirs != ours:
            raise UsageError(f"The node {address} has {theirs}; the coordinator has {ours}.", mend=SAME_VERSIONS)


def _require_reachable(address: str) -> None:
    """Raises UsageError; Ray itself would try for many minutes."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not (port.isascii() and port.isdigit()):
        raise UsageError(
            f"{address!r} is no address of a Ray cluster.",
            mend="Run grader on a node of the cluster, with --address auto, or give HOST:PORT of its head.",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as problem:
        said = getattr(problem, "strerror", None) or str(problem)
        raise UsageError(f"The Ray cluster {address} can't be joined: {said}.") from None


def joined(address: str | None, jobs: int | None) -> Any:
    """The module `ray`, joined to the cluster at `address`, or to a new one of this machine alone with `jobs` CPUs.

    Raises UsageError where Ray is not installed or there is no such cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports its use over the network otherwise
    try:
        ray: Any = import_module("ray")
    except ImportError:
        raise UsageError("Ray is not installed.", mend="pip install 'graph-grader[ray]'") from None
    if address not in (None, "auto"):
        _require_reachable(str(address))
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    alone: dict[str, Any] = {
        "num_cpus": jobs or len(os.sched_getaffinity(0)),
        "object_store_memory": _OBJECT_STORE_BYTES,
        "include_dashboard": False,
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=address or "local", **quiet, **({} if address else alone))
        # Of a node that dies Ray prints screens of its own state into the table of results. It has no option for that.
        setattr(import_module("ray._private.worker"), "_worker_logs_enabled", False)  # noqa: B010
    except (ConnectionError, ValueError, RuntimeError, OSError) as problem:
        said = str(problem).strip().split("\n")[0][:200]
        raise UsageError(f"The Ray cluster {address or 'of this machine'} can't be joined: {said}.") from None
    return ray
