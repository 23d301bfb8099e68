"""The sandbox's system-call filter as the JSON profile that podman and docker read.

Format: the OCI runtime specification, `linux.seccomp`, in the form of containers/common and moby. The decisions are
those of `seccomp`; the error differs in one place: JSON can't say "none of these values", so that an ioctl or a prctl
that is not listed gets the default, ENOSYS.
"""

import errno
import json
import platform
from typing import Any

from grader.errors import SandboxError
from grader.sandbox import seccomp, syscalls

_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
# Docker reports machines by other names than uname does; macOS says arm64.
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

# ioctl of NVIDIA's drivers: those of nvidiactl have type 'F', those of nvidia-uvm are small plain numbers, and two large.
_GPU_IOCTLS = (
    {"index": 1, "op": "SCMP_CMP_MASKED_EQ", "value": 0xFF00, "valueTwo": ord("F") << 8},
    {"index": 1, "op": "SCMP_CMP_LT", "value": 0x100},
    {"index": 1, "op": "SCMP_CMP_EQ", "value": 0x30000001},
    {"index": 1, "op": "SCMP_CMP_EQ", "value": 0x30000002},
)

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
                *_checked(gpu=gpu),
            ],
        }
    )


def _checked(*, gpu: bool) -> list[Rule]:
    bits = [1 << bit for bit in range(32) if seccomp.NEW_NAMESPACE >> bit & 1]
    unix = {"index": 0, "value": seccomp.UNIX}
    return [
        _allow(["clone"], _masked(0, seccomp.NEW_NAMESPACE, 0)),
        *(_refuse(["clone"], errno.EPERM, _masked(0, bit, bit)) for bit in bits),
        _allow(["socketpair"], {**unix, "op": "SCMP_CMP_EQ"}),
        _refuse(["socketpair"], errno.EPERM, {**unix, "op": "SCMP_CMP_NE"}),
        *(_allow(["ioctl"], {"index": 1, "op": "SCMP_CMP_EQ", "value": value}) for value in seccomp.IOCTLS),
        *(_allow(["ioctl"], rule) for rule in (_GPU_IOCTLS if gpu else ())),
        *(_allow(["setsockopt"], rule) for rule in _socket_options()),
        *(
            _refuse(["setsockopt"], errno.EPERM, {"index": 2, "op": "SCMP_CMP_EQ", "value": value})
            for value in seccomp.SOCKET_BUFFERS
        ),
        *(_allow(["prctl"], {"index": 0, "op": "SCMP_CMP_EQ", "value": value}) for value in seccomp.PRCTLS),
    ]


def _socket_options() -> list[Rule]:
    """All but those of `seccomp.SOCKET_BUFFERS`, up to the highest that a kernel may know.

    Not "greater than": an engine compares 64 bits and the kernel reads 32, so that a high bit would pass.
    """
    rules: list[Rule] = []
    start = 0
    for refused in (*seccomp.SOCKET_BUFFERS, _SOCKET_OPTIONS):
        while start < refused:
            size = start & -start or _SOCKET_OPTIONS  # the largest block of 2ⁿ numbers that may begin here
            while start + size > refused:
                size //= 2
            rules.append(_masked(2, _ALL_BITS ^ (size - 1), start))
            start += size
        start = refused + 1
    return rules


def _masked(index: int, mask: int, value: int) -> Rule:
    return {"index": index, "op": "SCMP_CMP_MASKED_EQ", "value": mask, "valueTwo": value}


def _allow(names: list[str], *arguments: Rule) -> Rule:
    return {"names": names, "action": "SCMP_ACT_ALLOW", "args": list(arguments)}


def _refuse(names: list[str], error: int, *arguments: Rule) -> Rule:
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": error, "args": list(arguments)}
