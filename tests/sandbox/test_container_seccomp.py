"""The JSON profile for container engines says what the filter of bubblewrap says, call by call."""

import errno
import json
import struct

import pytest

from grader.errors import SandboxError
from grader.sandbox import container_seccomp, seccomp, syscalls

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
HOLDS = {
    "SCMP_CMP_MASKED_EQ": lambda argument, rule: argument & rule["value"] == rule["valueTwo"],
}


@pytest.fixture(params=syscalls.ARCHITECTURES)
def machine(request):
    return request.param


def answer(profile: dict, name: str, *arguments: int) -> int:
    """0 for a call that is allowed, else its error; rules that apply must agree (seccomp_rule_add(3))."""
    arguments += (0,) * (6 - len(arguments))
    verdicts = {
        0 if rule["action"] == "SCMP_ACT_ALLOW" else rule["errnoRet"]
        for rule in profile["syscalls"]
        if name in rule["names"] and all(HOLDS[part["op"]](arguments[part["index"]], part) for part in rule["args"])
    }
    assert len(verdicts) <= 1, f"rules for {name} contradict each other"
    return verdicts.pop() if verdicts else profile["defaultErrnoRet"]


def filtered(machine: str, number: int, *arguments: int) -> int:
    """The same of the filter that bubblewrap gets, run as classic BPF (bpf(4))."""
    arguments += (0,) * (6 - len(arguments))
    data = struct.pack("<IIQ6Q", number, AUDIT[machine], 0, *arguments)
    instructions = list(struct.iter_unpack("<HBBI", seccomp.program(machine)))
    at = accumulator = 0
    while True:
        code, jump_true, jump_false, k = instructions[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif code == 0x54:
            accumulator &= k
        elif code == 0x06:
            return 0 if k == 0x7FFF0000 else k & 0xFFFF
        else:
            tests = {0x15: accumulator == k, 0x25: accumulator > k, 0x35: accumulator >= k, 0x45: accumulator & k != 0}
            at += jump_true if tests[code] else jump_false


def test_what_is_not_listed_does_not_exist(machine):
    profile = json.loads(container_seccomp.profile(machine))
    assert (profile["defaultAction"], profile["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", errno.ENOSYS)
    assert profile["architectures"] == [f"SCMP_ARCH_{machine.upper()}"]
    listed = {name for rule in profile["syscalls"] for name in rule["names"]}
    tables = (syscalls.allowed(machine), syscalls.checked(machine), syscalls.refused(machine))
    assert listed == {name for table in tables for name in table} | {"clone3"}
    assert answer(profile, "clone3") == errno.ENOSYS  # said in so many words, for engines with another default


def test_every_listed_call_is_answered_as_by_the_filter(machine):
    profile = json.loads(container_seccomp.profile(machine))
    for table in (syscalls.allowed(machine), syscalls.refused(machine)):
        for name, number in table.items():
            assert answer(profile, name) == filtered(machine, number), name


def test_arguments_are_judged_as_by_the_filter(machine):
    profile = json.loads(container_seccomp.profile(machine))
    checked = syscalls.checked(machine)
    values = {*range(300), *(1 << bit for bit in range(32)), *seccomp.IOCTLS, *seccomp.PRCTLS, 0x5412, 0x541C}
    values |= {0x3D0F00, 0x3D0F00 | 1 << 28, 0x01200011, 0xFFFFFFFF}
    position = {"clone": 0, "mmap": 3, "socketpair": 0, "setsockopt": 2, "ioctl": 1, "prctl": 0}
    assert set(position) == set(checked)
    errors = set()
    for name, index in position.items():
        for value in values:
            arguments = (0,) * index + (value,)
            given, meant = answer(profile, name, *arguments), filtered(machine, checked[name], *arguments)
            if name == "setsockopt" and value >= 128:
                assert (given, meant) == (errno.ENOSYS, 0)  # no kernel knows such an option
                continue
            assert (given == 0) == (meant == 0), (name, hex(value))
            if given != meant:
                errors.add((name, given))
    assert errors == {
        (name, errno.ENOSYS) for name in ("ioctl", "prctl", "socketpair")
    }  # JSON can't say "none of these"


def test_high_halves_do_not_help(machine):
    profile = json.loads(container_seccomp.profile(machine))
    assert answer(profile, "ioctl", 0, 0x1_0000_5412) != 0
    assert answer(profile, "clone", 1 << 32 | 1 << 28) == errno.EPERM
    assert answer(profile, "prctl", 1 << 32 | 22) != 0
    assert answer(profile, "setsockopt", 3, 1, 7) == errno.EPERM  # SO_SNDBUF
    assert answer(profile, "setsockopt", 3, 1, 1 << 32 | 7) != 0


def test_a_gpu_adds_its_drivers_calls_and_no_terminal(machine):
    closed, opened = (json.loads(container_seccomp.profile(machine, gpu=gpu)) for gpu in (False, True))
    driver, terminal = (0xC020462A, 0x30000001, 0x25), (0x5412, 0x541C, 0x5414)
    assert [answer(closed, "ioctl", 3, call) for call in driver + terminal] == [errno.ENOSYS] * 6
    assert [answer(opened, "ioctl", 3, call) for call in driver + terminal] == [0] * 3 + [errno.ENOSYS] * 3
    others = {name for rule in closed["syscalls"] for name in rule["names"]} - {"ioctl"}
    assert all(answer(closed, name) == answer(opened, name) for name in others)


def test_names_of_machines_as_engines_and_macos_say_them():
    assert container_seccomp.profile("arm64") == container_seccomp.profile("aarch64")
    assert container_seccomp.profile("amd64") == container_seccomp.profile("x86_64")
    with pytest.raises(SandboxError, match="riscv64"):
        container_seccomp.profile("riscv64")
