"""Doors into the kernel: each is knocked at with arguments that do nothing where it is open."""

import ctypes
import errno
import fcntl
import mmap
import os
import platform
import signal
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from grader.sandbox.conformance.inside.attempts import Told, in_a_child, succeeds, system_call

_NAMESPACES = {
    "time": 0x80,
    "mount": 0x00020000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "network": 0x40000000,
}
_TIOCSTI = 0x5412
_PRIVATE = 0x44000  # MS_REC | MS_PRIVATE
_NOT_THERE = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOTTY)


def _knock(call: Callable[[], Any]) -> bool:
    """Whether a call is let in: refusals and absence apart, every answer comes from behind the door."""
    try:
        call()
    except OSError as error:
        return error.errno not in _NOT_THERE
    return True


def namespaces(_told: Told) -> Iterator[str]:
    """New namespaces, in which the kernel hands out privileges, and those of others."""
    for name, flag in _NAMESPACES.items():
        if in_a_child(partial(system_call, "unshare", flag)):
            yield f"unshare makes a {name} namespace"
        if in_a_child(partial(_clone, flag)):
            yield f"clone makes a {name} namespace"
        if flag != 0x80 and in_a_child(partial(_clone3, flag)):
            yield f"clone3 makes a {name} namespace"
    user = os.open("/proc/self/ns/user", os.O_RDONLY)
    if _knock(lambda: system_call("setns", user, 0)):
        yield "setns is there"
    os.close(user)


def _clone(flag: int) -> None:
    child = system_call("clone", flag | signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _clone3(flag: int) -> None:
    # struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls
    arguments = struct.pack("<8Q", flag, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    child = system_call("clone3", arguments, len(arguments))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def io_uring(_told: Told) -> Iterator[str]:
    """System calls through shared memory, past every filter."""
    if _knock(lambda: system_call("io_uring_setup", 4, ctypes.create_string_buffer(120))):
        yield "io_uring can be set up"


def keys(_told: Told) -> Iterator[str]:
    """The kernel's keyrings, which no namespace confines."""
    calls = {
        "keyctl": lambda: system_call("keyctl", 0, -3, 0, 0, 0),  # KEYCTL_GET_KEYRING_ID, session
        "add_key": lambda: system_call("add_key", b"user\0", b"grader\0", b"x", 1, -1),
        "request_key": lambda: system_call("request_key", b"user\0", b"grader-none\0", 0, 0),
    }
    for name, call in calls.items():
        if _knock(call):
            yield f"{name} is there"


def tracing(_told: Told) -> Iterator[str]:
    """Debugging of processes, were it only its own."""
    if in_a_child(lambda: system_call("ptrace", 0, 0, 0, 0)):  # PTRACE_TRACEME
        yield "ptrace is there"
    found = ctypes.create_string_buffer(8)
    vector = (ctypes.c_ulong * 2)(ctypes.addressof(found), 8)
    for name in ("process_vm_readv", "process_vm_writev"):
        if _knock(partial(system_call, name, os.getpid(), vector, 1, vector, 1, 0)):
            yield f"{name} is there"
    if _knock(lambda: system_call("kcmp", os.getpid(), os.getpid(), 0, 0, 1)):
        yield "kcmp is there"


def terminal(_told: Told) -> Iterator[str]:
    """Typing into a terminal: that of whoever started grader, or one of its own."""
    for name in ("/dev/tty", "/dev/console", "/dev/tty1"):
        try:
            opened = os.open(name, os.O_RDWR | os.O_NOCTTY)
        except OSError:
            continue
        os.close(opened)
        yield f"{name} can be opened"
    for descriptor in range(3):
        if succeeds(fcntl.ioctl, descriptor, _TIOCSTI, b"#"):
            yield f"TIOCSTI works on descriptor {descriptor}"
    try:
        ours, theirs = os.openpty()
    except OSError:
        return
    if in_a_child(lambda: _type_into(theirs)):
        yield "TIOCSTI works on a terminal of its own"
    os.close(ours)
    os.close(theirs)


def _type_into(opened: int) -> None:
    os.setsid()
    fcntl.ioctl(opened, 0x540E, 0)  # TIOCSCTTY
    fcntl.ioctl(opened, _TIOCSTI, b"#")


def bpf(_told: Told) -> Iterator[str]:
    """Programs inside the kernel."""
    # BPF_MAP_CREATE: an array of one number
    if _knock(lambda: system_call("bpf", 0, struct.pack("<5I", 2, 4, 4, 1, 0) + bytes(100), 120)):
        yield "bpf is there"


def performance_events(_told: Told) -> Iterator[str]:
    """Counters and traces of the kernel."""
    # struct perf_event_attr: PERF_TYPE_SOFTWARE, task clock, of this process, without the kernel
    attributes = struct.pack("<IIQ", 1, 112, 1) + bytes(24) + struct.pack("<Q", 1 << 5 | 1 << 6) + bytes(64)
    if _knock(lambda: system_call("perf_event_open", attributes, 0, -1, -1, 0)):
        yield "perf_event_open is there"


def userfaultfd(_told: Told) -> Iterator[str]:
    """Stopping the kernel at a page of one's own choice."""
    if any(_knock(partial(system_call, "userfaultfd", flag)) for flag in (0, 1)):
        yield "userfaultfd is there"


def mounts(_told: Told) -> Iterator[str]:
    """Changing what lies where: both interfaces of mount, and roots."""
    here = os.environ["TMPDIR"].encode() + b"\0"
    calls = {
        "mount": lambda: system_call("mount", b"none\0", here, b"tmpfs\0", 0, b"size=4k\0"),
        "umount2": lambda: system_call("umount2", b"/proc\0", 2),
        "pivot_root": lambda: system_call("pivot_root", here, here),
        "chroot": lambda: system_call("chroot", here),
        "fsopen": lambda: system_call("fsopen", b"tmpfs\0", 0),
        "fspick": lambda: system_call("fspick", -100, b"/\0", 0),
        "open_tree": lambda: system_call("open_tree", -100, b"/\0", 1),  # OPEN_TREE_CLONE
        "mount_setattr": lambda: system_call("mount_setattr", -100, b"/\0", 0, bytes(32), 32),
    }
    for name, call in calls.items():
        if _knock_in_a_child(call, mounts_of_its_own=True):
            yield f"{name} is there"


def _knock_in_a_child(call: Callable[[], Any], *, mounts_of_its_own: bool = False) -> bool:
    """Like `_knock`, where what opens the door changes something: it stays in the child, and in its namespace."""

    def knock() -> None:
        if mounts_of_its_own and os.geteuid() == 0:
            system_call("unshare", _NAMESPACES["mount"])
            system_call("mount", b"none\0", b"/\0", 0, _PRIVATE, 0)
        _expect(_knock(call))

    return in_a_child(knock)


def administration(_told: Told) -> Iterator[str]:
    """Modules, reboots, swap, ports: with arguments that the kernel refuses even to root."""
    calls = {
        "init_module": lambda: system_call("init_module", b"\0", 0, b"\0"),
        "finit_module": lambda: system_call("finit_module", -1, b"\0", 0),
        "kexec_load": lambda: system_call("kexec_load", 0, 17, 0, 0xFFFF),
        "reboot": lambda: system_call("reboot", 0, 0, 0, 0),
        "swapon": lambda: system_call("swapon", b"/nothing\0", 0),
        "acct": lambda: system_call("acct", b"/nothing\0"),
        "syslog": lambda: system_call("syslog", 3, ctypes.create_string_buffer(8), 8),
        "fanotify_init": lambda: system_call("fanotify_init", 0, 0),
        "sethostname": lambda: system_call("sethostname", b"x\0", -1),
        "process_madvise": lambda: system_call("process_madvise", -1, 0, 0, 4, 0),
        "personality": lambda: system_call("personality", 0x0040000),  # ADDR_NO_RANDOMIZE
    }
    for name, call in calls.items():
        if _knock_in_a_child(call):
            yield f"{name} is there"


def _expect(condition: bool) -> None:
    if not condition:
        raise OSError


def other_tables(_told: Told) -> Iterator[str]:
    """The other tables of system calls that an x86 kernel may have: a filter of numbers must know of them."""
    if platform.machine() != "x86_64":
        return
    if in_a_child(lambda: _expect(_interrupt_0x80() == os.getpid())):
        yield "32-bit system calls work (int 0x80)"
    library = ctypes.CDLL(None, use_errno=True)
    x32_getpid = ctypes.c_long(0x40000000 | 39)
    if in_a_child(lambda: _expect(library.syscall(x32_getpid) == os.getpid())):
        yield "x32 system calls work"


def _interrupt_0x80() -> int:
    code = bytes.fromhex("b814000000cd80c3")  # mov eax, 20 (getpid); int 0x80; ret
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(address)())


def core_dumps(told: Told) -> Iterator[str]:
    """What a crash leaves: a file, or a handler that the kernel starts as root (core(5))."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if told["core_pattern"].startswith(("|", "@")) and soft != 1:
        yield f"a crash starts the machine's handler of core dumps ({told['core_pattern'][:40]})"
    elif soft not in (0, 1):
        yield "a crash writes a core dump"
    elif hard not in (0, 1):
        yield "the limit on core dumps can be raised"
