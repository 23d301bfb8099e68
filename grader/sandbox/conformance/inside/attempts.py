"""What the programs share: system calls by name, children that may die, and the answer on stdout."""

# What is tried is the calls themselves, and it must start fast.
# ruff: noqa: PTH123, PTH208

import contextlib
import ctypes
import json
import os
import platform
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

Told = dict[str, Any]

# name=x86_64/aarch64, from Linux `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`;
# apart from the filter's own table, so that a wrong number there is found here.
_NUMBERS = """
unshare=272/97 clone=56/220 clone3=435/435 setns=308/268 mount=165/40 umount2=166/39 pivot_root=155/41 chroot=161/51
open_tree=428/428 move_mount=429/429 fsopen=430/430 fspick=433/433 mount_setattr=442/442 ptrace=101/117
process_vm_readv=310/270 process_vm_writev=311/271 process_madvise=440/440 kcmp=312/272 pidfd_open=434/434
pidfd_getfd=438/438 pidfd_send_signal=424/424 keyctl=250/219 add_key=248/217 request_key=249/218 bpf=321/280
perf_event_open=298/241 userfaultfd=323/282 io_uring_setup=425/425 memfd_create=319/279 memfd_secret=447/447
shmget=29/194 shmat=30/196 shmdt=67/197 shmctl=31/195 semget=64/190 msgget=68/186 mq_open=240/180 mq_unlink=241/181
personality=135/92 ioprio_set=251/30 sched_setscheduler=144/119 sched_setattr=314/274 init_module=175/105
finit_module=313/273 kexec_load=246/104 reboot=169/142 swapon=167/224 quotactl=179/60 acct=163/89 syslog=103/116
fanotify_init=300/262 name_to_handle_at=303/264 open_by_handle_at=304/265 lookup_dcookie=212/18 iopl=172/-
ioperm=173/- modify_ldt=154/- sethostname=170/161
"""

_library = ctypes.CDLL(None, use_errno=True)
_library.syscall.restype = ctypes.c_long  # it may be an address


class Untried(Exception):
    """An attempt that makes no sense here; says why."""


def system_call(name: str, *arguments: "int | bytes | ctypes.Array[Any]") -> int:
    """The answer of a system call; raises OSError where it is refused, Untried where there is no such call."""
    numbers = dict(entry.split("=") for entry in _NUMBERS.split())
    number = numbers[name].split("/")[platform.machine() == "aarch64"]
    if number == "-":
        raise Untried(f"{platform.machine()} has no {name}")
    passed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    answer = int(_library.syscall(ctypes.c_long(int(number)), *passed))
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return answer


def succeeds(action: Callable[..., Any], *arguments: Any) -> bool:
    """Whether an action is allowed; a descriptor that it gives is closed again."""
    try:
        result = action(*arguments)
    except (OSError, Untried):
        return False
    if isinstance(result, int) and not isinstance(result, bool) and result > 2:
        with contextlib.suppress(OSError):
            os.close(result)
    return True


def in_a_child(action: Callable[[], Any]) -> bool:
    """Whether an action is allowed, tried in a child process: what it changes, or that it kills, stays there."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            action()
            os._exit(0)
        os._exit(1)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def processes() -> list[int]:
    """All that /proc shows, but this one."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid()]


def content(path: str) -> bytes:
    """The start of a file; nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(1 << 16)
    except OSError:
        return b""


def answer(program: Callable[[Told], Iterator[str]], told: Told) -> None:
    """Run a program and print what it found, as the last line of stdout."""
    found: dict[str, Any] = {"open": [], "untried": ""}
    try:
        for sentence in program(told):
            found["open"].append(sentence)
    except Untried as reason:
        found["untried"] = str(reason)
    print("\n" + json.dumps(found), flush=True)
