"""The sandbox's system-call filter as the JSON profile that podman and docker read.

Format: the OCI runtime specification, `linux.seccomp`, in the form of containers/common and moby. The decisions are
those of `seccomp`; the error may differ: JSON can't say "none of these values", so that another ioctl, prctl or kind of
socket gets the default, ENOSYS.
"""

import errno
import json
import platform
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from grader.errors import SandboxError
from grader.sandbox import seccomp, syscalls

_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
# Docker reports machines by other names than uname does; macOS says arm64.
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

_SOCKET_OPTIONS = 128  # Linux include/uapi/asm-generic/socket.h goes up to 83
_ALL_BITS = (1 << 64) - 1

Rule = dict[str, Any]


def profile(architecture: str | None = None, *, gpu: bool = False) -> str:
    """The profile for this machine, unless told; with `gpu`, the ioctl calls of NVIDIA's drivers pass too.

    Raises SandboxError on an architecture whose system calls are not listed.
    """
    named = architecture or platform.machine()
    machine = _MACHINES.get(named, named)
    if machine not in _ARCHITECTURES:
        raise SandboxError(f"The sandbox's system-call filter does not know the machine type {machine!r}.")
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": errno.ENOSYS,
            "architectures": [_ARCHITECTURES[machine]],  # neither 32-bit calls nor x32
            "syscalls": [
                _allow(sorted(syscalls.allowed(machine))),
                _refuse(sorted(syscalls.refused(machine)), errno.EPERM),
                # Engines that don't know defaultErrnoRet say EPERM, and the C library would not fall back to clone.
                _refuse(["clone3"], errno.ENOSYS),
                *_checked(machine, gpu=gpu),
            ],
        }
    )


def _checked(machine: str, *, gpu: bool) -> Iterator[Rule]:
    """The rules of the calls whose arguments decide; none of these calls may be left without."""
    rules: dict[str, Callable[[], Iterable[Rule]]] = {
        "clone": lambda: _unless_any_bit("clone", 0, seccomp.NEW_NAMESPACE),
        "mmap": lambda: _unless_all_bits("mmap", 3, seccomp.SHARED_ANONYMOUS),
        "socketpair": lambda: _only("socketpair", 0, (seccomp.UNIX,)),
        "setsockopt": lambda: _none_of("setsockopt", 2, seccomp.SOCKET_BUFFERS, _SOCKET_OPTIONS),
        "ioctl": lambda: (*_only("ioctl", 1, seccomp.IOCTLS), *(_gpu_ioctls() if gpu else ())),
        "prctl": lambda: _only("prctl", 0, seccomp.PRCTLS),
    }
    for name in syscalls.checked(machine):
        yield from rules[name]()


def _gpu_ioctls() -> Iterator[Rule]:
    """Of NVIDIA's drivers: nvidiactl's have type 'F', nvidia-uvm's are small plain numbers, and two large ones."""
    yield _allow(["ioctl"], _masked(1, 0xFF00, ord("F") << 8))
    yield _allow(["ioctl"], _masked(1, _ALL_BITS ^ 0xFF, 0))
    yield from _only("ioctl", 1, (0x30000001, 0x30000002))


def _unless_any_bit(name: str, index: int, bits: int) -> Iterator[Rule]:
    yield _allow([name], _masked(index, bits, 0))
    for bit in _single(bits):
        yield _refuse([name], errno.EPERM, _masked(index, bit, bit))


def _unless_all_bits(name: str, index: int, bits: int) -> Iterator[Rule]:
    for bit in _single(bits):
        yield _allow([name], _masked(index, bit, 0))
    yield _refuse([name], errno.EPERM, _masked(index, bits, bits))


def _only(name: str, index: int, values: tuple[int, ...]) -> Iterator[Rule]:
    for value in values:
        yield _allow([name], _masked(index, _ALL_BITS, value))


def _none_of(name: str, index: int, values: tuple[int, ...], end: int) -> Iterator[Rule]:
    """All numbers below `end`, a power of 2, but `values`, which are ordered.

    Not "greater than": an engine compares 64 bits and the kernel reads 32, so that a high bit would pass.
    """
    start = 0
    for value in (*values, end):
        while start < value:
            size = start & -start or end  # the largest block of 2ⁿ numbers that may begin here
            while start + size > value:
                size //= 2
            yield _allow([name], _masked(index, _ALL_BITS ^ (size - 1), start))
            start += size
        start = value + 1
    for value in values:
        yield _refuse([name], errno.EPERM, _masked(index, _ALL_BITS, value))


def _single(bits: int) -> list[int]:
    return [1 << place for place in range(bits.bit_length()) if bits >> place & 1]


def _masked(index: int, mask: int, value: int) -> Rule:
    return {"index": index, "op": "SCMP_CMP_MASKED_EQ", "value": mask, "valueTwo": value}


def _allow(names: list[str], *arguments: Rule) -> Rule:
    return {"names": names, "action": "SCMP_ACT_ALLOW", "args": list(arguments)}


def _refuse(names: list[str], error: int, *arguments: Rule) -> Rule:
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": error, "args": list(arguments)}
