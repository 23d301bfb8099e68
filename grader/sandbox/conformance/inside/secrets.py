"""Looking for what is not the submission's: files, environments, descriptors, other processes, shared memory."""

# What is tried is the calls themselves, and it must start fast.
# ruff: noqa: PTH110, PTH115, PTH119, PTH208

import ctypes
import os
import signal
from collections.abc import Iterator

from grader.sandbox.conformance.inside.attempts import Told, content, processes, succeeds, system_call

_PTRACE_SEIZE = 0x4206
_PASSWORDS = ("/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/sudoers", "/etc/ssh/ssh_host_ed25519_key")


def passwords(_told: Told) -> Iterator[str]:
    """The machine's own secrets."""
    for place in _PASSWORDS:
        if content(place):
            yield f"{place} can be read"


def files(told: Told) -> Iterator[str]:
    """Files of whoever runs grader: the home folder, temporary folders."""
    for title, place in told["lures"]:
        if told["secret"].encode() in content(place):
            yield f"a file in {title} was read"
        elif os.path.lexists(place):
            yield f"a file in {title} can be seen"


def grader_files(told: Told) -> Iterator[str]:
    """Grader's own sources, rubrics and reference models."""
    for place in told["grader"]:
        if os.path.exists(place):
            yield f"{os.path.basename(place)} of grader can be seen"


def environment(told: Told) -> Iterator[str]:
    """The environment of grader, as handed on and as /proc shows it."""
    secret = told["secret"].encode()
    if secret in b"".join(os.environb.values()):
        yield "a variable of grader's environment was handed on"
    for process in processes():
        if secret in content(f"/proc/{process}/environ"):
            yield "the environment of another process was read in /proc"
            return


def descriptors(told: Told) -> Iterator[str]:
    """Descriptors that were open in grader."""
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        descriptor = int(name)
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # of the listing itself
            continue
        if descriptor > 2:
            secret = told["secret"].encode() in content(f"/proc/self/fd/{name}")
            yield f"descriptor {name} was left open" + (" and holds a secret" if secret else f" ({target[:40]})")
        elif os.isatty(descriptor):
            yield f"descriptor {name} is a terminal"


def other_processes(told: Told) -> Iterator[str]:
    """A process of the same user outside: seen in /proc, and every way to reach into it."""
    victim, secret = told["bystander"], told["secret"].encode()
    for process in processes():
        if secret in content(f"/proc/{process}/cmdline"):
            yield "processes of this machine can be seen in /proc"
    if victim == os.getpid() or (victim in processes() and secret not in content(f"/proc/{victim}/cmdline")):
        return  # numbers of processes are its own here, and this one is in use
    found = ctypes.create_string_buffer(8)
    here = (ctypes.c_ulong * 2)(ctypes.addressof(found), 8)
    there = (ctypes.c_ulong * 2)(told["bystander_address"], 8)
    reaches = {
        "process_vm_readv": lambda: system_call("process_vm_readv", victim, here, 1, there, 1, 0),
        "ptrace": lambda: system_call("ptrace", _PTRACE_SEIZE, victim, 0, 0),
        "kcmp": lambda: system_call("kcmp", os.getpid(), victim, 1, 0, 0),
        "/proc/PID/mem": lambda: os.open(f"/proc/{victim}/mem", os.O_RDWR),
        "/proc/PID/root": lambda: os.close(os.open(f"/proc/{victim}/root", os.O_RDONLY)),
        "pidfd_getfd": lambda: system_call("pidfd_getfd", system_call("pidfd_open", victim, 0), 0, 0),
    }
    for name, reach in reaches.items():
        if succeeds(reach):
            yield f"{name} reaches into another process"


def arguments(told: Told) -> Iterator[str]:
    """What other processes were started with."""
    for process in processes():
        if told["secret"].encode() in content(f"/proc/{process}/cmdline"):
            yield "the arguments of another process were read"
            return


def signals(told: Told) -> Iterator[str]:
    """Signals to a process outside; only there can be told whether one arrived."""
    victim = told["bystander"]
    succeeds(lambda: os.kill(victim, signal.SIGTERM))
    succeeds(lambda: system_call("pidfd_send_signal", system_call("pidfd_open", victim, 0), signal.SIGTERM, 0, 0))
    yield from ()


def shared_memory(told: Told) -> Iterator[str]:
    """Shared memory, semaphores and queues of this machine: System V and POSIX."""
    if told["secret"].encode() in content(told["posix_shared"]):
        yield "POSIX shared memory of this machine was read"
    if told["system_v_shared"] >= 0:
        try:
            system_call("shmat", told["system_v_shared"], 0, 0o10000)  # SHM_RDONLY
            yield "System V shared memory of this machine was attached"
        except OSError:
            pass
    for kind in ("shm", "sem", "msg"):
        if content(f"/proc/sysvipc/{kind}").count(b"\n") > 1:
            yield f"System V objects of this machine are listed ({kind})"
