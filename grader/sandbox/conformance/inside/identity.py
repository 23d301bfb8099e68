"""Who the run is, and what it may become."""

# What is tried is the calls themselves, and it must start fast.
# ruff: noqa: PTH118, PTH123

import os
from collections.abc import Iterator
from functools import partial

from grader.sandbox.conformance.inside.attempts import Told, in_a_child


def user(told: Told) -> Iterator[str]:
    """A uid that is not root, neither here nor outside; where this run writes it down, outside sees who owns it."""
    ids = {*os.getresuid(), *os.getresgid(), *os.getgroups()}
    if 0 in ids:
        yield "it is root"
    with open(os.path.join(os.environ["OUTPUT_FOLDER"], "user"), "w") as file:
        file.write(str(outside(os.getuid())))
    if outside(os.getuid()) == 0:
        yield "it is root outside"
    elif told["grader_is_root"] is False and len(ids) > 2:
        yield f"it has more groups than its own: {sorted(ids)}"


def outside(uid: int) -> int:
    """The uid as the machine sees it, through the maps of user namespaces (user_namespaces(7))."""
    with open("/proc/self/uid_map") as file:
        rows = [[int(number) for number in line.split()] for line in file]
    return next((there + uid - here for here, there, count in rows if here <= uid < here + count), -1)


def capabilities(_told: Told) -> Iterator[str]:
    """Privileges of the kernel, held or to be had through a set-user-id program."""
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[name], 16):
            yield f"{name} is {status[name].strip().lstrip('0')}"
    if status["NoNewPrivs"].strip() != "1":
        yield "programs can gain privileges (NoNewPrivs is 0)"
    for name, become in (("uid", os.setuid), ("gid", os.setgid)):
        if in_a_child(partial(become, 0)):
            yield f"it can become {name} 0"
