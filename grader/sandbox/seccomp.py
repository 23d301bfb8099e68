"""A seccomp filter for the sandbox: an allow-list as classic BPF, assembled here, for `bwrap --seccomp`.

Linux `Documentation/userspace-api/seccomp_filter.rst`; the instruction set is that of bpf(4). The filter sees the
number and the plain arguments of each system call; all supported machines are little-endian, so the low half of
argument i lies at 16 + 8 i.
"""

import errno
import platform
import struct
from collections.abc import Iterable

from grader.errors import SandboxError
from grader.sandbox import syscalls

_LOAD, _AND, _EQUAL, _GREATER, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x35, 0x45, 0x06
_KILL_PROCESS, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NEW_NAMESPACE = 0x80 | 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
UNIX = 1  # AF_UNIX
# MAP_SHARED | MAP_ANONYMOUS: such pages stay when no process has them mapped any more, so that no limit counts them.
SHARED_ANONYMOUS = 0x01 | 0x20
SOCKET_BUFFERS = (7, 32)  # SO_SNDBUF, SO_SNDBUFFORCE: what waits in a socket is memory of no process
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: what asks about a descriptor; TIOCSTI is not among them.
IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# PR_SET_PDEATHSIG, GET_ and SET_DUMPABLE, GET_ and SET_KEEPCAPS, SET_ and GET_NAME, CAPBSET_READ and _DROP,
# GET_ and SET_SECUREBITS, SET_TIMERSLACK, SET_ and GET_NO_NEW_PRIVS, SET_THP_DISABLE, CAP_AMBIENT, SET_VMA
PRCTLS = (1, 3, 4, 7, 8, 15, 16, 23, 24, 27, 28, 29, 38, 39, 41, 47, 0x53564D41)

MACHINES = tuple(_AUDIT)

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, k


def program(architecture: str | None = None) -> bytes:
    """The filter as an array of `struct sock_filter`, for this machine unless told.

    Raises SandboxError on an architecture whose system calls are not listed.
    """
    machine = architecture or platform.machine()
    if machine not in _AUDIT:
        raise SandboxError(f"The sandbox's system-call filter does not know the machine type {machine!r}.")
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in _instructions(machine))


def _instructions(machine: str) -> Iterable[Instruction]:
    yield (_LOAD, 0, 0, _ARCHITECTURE_AT)
    yield (_EQUAL, 1, 0, _AUDIT[machine])
    yield (_RETURN, 0, 0, _KILL_PROCESS)
    yield (_LOAD, 0, 0, _NUMBER_AT)
    checked = syscalls.checked(machine)
    # clone3 hides its flags in memory and so is not listed: the C library falls back to clone.
    yield from _call(checked["clone"], _unless_any_bit(0, NEW_NAMESPACE, errno.EPERM))
    yield from _call(checked["mmap"], _unless_all_bits(3, SHARED_ANONYMOUS, errno.EPERM))
    yield from _call(checked["socketpair"], _one_of(0, (UNIX,), errno.EPERM))
    yield from _call(checked["setsockopt"], _none_of(2, SOCKET_BUFFERS, errno.EPERM))
    yield from _call(checked["ioctl"], _one_of(1, IOCTLS, errno.ENOTTY))
    yield from _call(checked["prctl"], _one_of(0, PRCTLS, errno.EPERM))
    for number in syscalls.refused(machine).values():
        yield from _call(number, ((_RETURN, 0, 0, _ERRNO | errno.EPERM),))
    for first, last in _ranges(syscalls.allowed(machine).values()):
        yield (_AT_LEAST, 0, 2, first)
        yield (_GREATER, 1, 0, last)
        yield (_RETURN, 0, 0, _ALLOW)
    yield (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)


def _call(number: int, verdict: tuple[Instruction, ...]) -> Iterable[Instruction]:
    """`verdict` for one system call; it must return, because it may load over the number."""
    yield (_EQUAL, 0, len(verdict), number)
    yield from verdict


def _one_of(argument: int, values: tuple[int, ...], error: int) -> tuple[Instruction, ...]:
    tests = [(_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
    return (_load(argument), *tests, (_RETURN, 0, 0, _ERRNO | error), (_RETURN, 0, 0, _ALLOW))


def _none_of(argument: int, values: tuple[int, ...], error: int) -> tuple[Instruction, ...]:
    tests = [(_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
    return (_load(argument), *tests, (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | error))


def _unless_any_bit(argument: int, bits: int, error: int) -> tuple[Instruction, ...]:
    refuse_or_allow = ((_RETURN, 0, 0, _ERRNO | error), (_RETURN, 0, 0, _ALLOW))
    return (_load(argument), (_ANY_BIT, 0, 1, bits), *refuse_or_allow)


def _unless_all_bits(argument: int, bits: int, error: int) -> tuple[Instruction, ...]:
    refuse_or_allow = ((_RETURN, 0, 0, _ERRNO | error), (_RETURN, 0, 0, _ALLOW))
    return (_load(argument), (_AND, 0, 0, bits), (_EQUAL, 0, 1, bits), *refuse_or_allow)


def _load(argument: int) -> Instruction:
    # The low half is enough: the kernel reads these arguments as 32-bit values.
    return (_LOAD, 0, 0, 16 + 8 * argument)


def _ranges(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Runs of consecutive numbers, as (first, last)."""
    ordered = sorted(set(numbers))
    first = last = ordered[0]
    for number in ordered[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last
