"""The system-call filter of both architectures, run by a small interpreter of classic BPF (bpf(4))."""

import errno
import struct

import pytest

from grader.errors import SandboxError
from grader.sandbox import seccomp, syscalls

ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
MASK = 0xFFFFFFFF


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter answers to one system call."""
    audit = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine] if audit is None else audit
    arguments += (0,) * (6 - len(arguments))
    data = struct.pack("<IIQ6Q", number, audit, 0, *(argument & (1 << 64) - 1 for argument in arguments))
    instructions = list(struct.iter_unpack("<HBBI", seccomp.program(machine)))
    at = accumulator = 0
    while True:
        code, jump_true, jump_false, k = instructions[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, k)
            case 0x06:
                return k
            case 0x54:
                accumulator &= k
            case _:
                holds = {
                    0x15: accumulator == k,
                    0x25: accumulator > k,
                    0x35: accumulator >= k,
                    0x45: accumulator & k != 0,
                }
                at += jump_true if holds[code] else jump_false


@pytest.fixture(params=syscalls.ARCHITECTURES)
def machine(request):
    return request.param


def test_exactly_the_listed_calls_are_allowed(machine):
    allowed = {number for number in range(1100) if verdict(machine, number) == ALLOW}
    # With all arguments zero, three of the checked calls ask for nothing that is refused.
    checked = syscalls.checked(machine)
    passing = {checked[name] for name in ("clone", "mmap", "setsockopt")}
    assert allowed == {*syscalls.allowed(machine).values(), *passing}


def test_unknown_calls_do_not_exist_and_refused_ones_are_not_permitted(machine):
    assert verdict(machine, 435) == ERRNO | errno.ENOSYS  # clone3: the C library falls back to clone
    assert verdict(machine, 4000) == ERRNO | errno.ENOSYS
    for number in syscalls.refused(machine).values():
        assert verdict(machine, number) == ERRNO | errno.EPERM


def test_another_architecture_is_killed(machine):
    assert verdict(machine, 0, audit=0x40000003) == KILL  # i386 on x86_64


def test_the_x32_numbers_do_not_exist():
    assert verdict("x86_64", 0x40000000 | 1) == ERRNO | errno.ENOSYS


@pytest.mark.parametrize("flag", [0x80, 1 << 17, 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30])
def test_clone_makes_threads_but_no_namespaces(machine, flag):
    clone = syscalls.checked(machine)["clone"]
    thread = 0x3D0F00  # what the C library passes for a thread
    assert verdict(machine, clone, thread) == ALLOW
    assert verdict(machine, clone, thread | flag) == ERRNO | errno.EPERM


def test_arguments_decide_and_high_halves_do_not_help(machine):
    numbers = syscalls.checked(machine)
    assert verdict(machine, numbers["ioctl"], 0, 0x5401) == ALLOW
    assert verdict(machine, numbers["ioctl"], 0, 0x5412) == ERRNO | errno.ENOTTY
    assert verdict(machine, numbers["ioctl"], 0, 0x7_0000_5412) == ERRNO | errno.ENOTTY
    assert verdict(machine, numbers["socketpair"], 1) == ALLOW
    assert verdict(machine, numbers["socketpair"], 2) == ERRNO | errno.EPERM
    assert verdict(machine, numbers["mmap"], 0, 4096, 3, 0x22) == ALLOW  # MAP_PRIVATE | MAP_ANONYMOUS
    assert verdict(machine, numbers["mmap"], 0, 4096, 3, 0x01) == ALLOW  # MAP_SHARED, of a file
    assert verdict(machine, numbers["mmap"], 0, 4096, 3, 0x21) == ERRNO | errno.EPERM
    assert verdict(machine, numbers["mmap"], 0, 4096, 3, 0x40023) == ERRNO | errno.EPERM  # MAP_SHARED_VALIDATE
    assert verdict(machine, numbers["setsockopt"], 3, 1, 2) == ALLOW  # SO_REUSEADDR
    assert verdict(machine, numbers["setsockopt"], 3, 1, 7) == ERRNO | errno.EPERM  # SO_SNDBUF
    assert verdict(machine, numbers["setsockopt"], 3, 1, 32) == ERRNO | errno.EPERM  # SO_SNDBUFFORCE
    assert verdict(machine, numbers["prctl"], 15) == ALLOW
    assert verdict(machine, numbers["prctl"], 0x53564D41) == ALLOW
    assert verdict(machine, numbers["prctl"], 22) == ERRNO | errno.EPERM


@pytest.mark.parametrize(
    ("name", "x86_64", "aarch64"),
    [
        ("read", 0, 63),
        ("openat", 257, 56),
        ("execve", 59, 221),
        ("mprotect", 10, 226),
        ("futex", 202, 98),
        ("statx", 332, 291),
    ],
)
def test_numbers_known_by_heart(name, x86_64, aarch64):
    assert (syscalls.allowed("x86_64")[name], syscalls.allowed("aarch64")[name]) == (x86_64, aarch64)


def test_no_number_stands_twice(machine):
    tables = [syscalls.allowed(machine), syscalls.checked(machine), syscalls.refused(machine)]
    numbers = [number for table in tables for number in table.values()]
    assert len(numbers) == len(set(numbers))


def test_an_unknown_machine_is_an_error_and_no_empty_filter():
    with pytest.raises(SandboxError, match="riscv64"):
        seccomp.program("riscv64")
