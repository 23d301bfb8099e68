"""What a submission in the bubblewrap sandbox can see, reach and do, more exactly than what every sandbox promises.

Those guarantees are tried by the conformance suite.
"""

import os
import sys
from pathlib import Path

import pytest

import grader
from grader import assets

ATTEMPT = """
def attempt(action):
    try:
        action()
    except OSError as error:
        return error.errno
    return "done"
"""


def test_it_runs_as_a_uid_that_is_not_root_and_owns_what_it_writes(bubblewrap, run):
    result = run(
        bubblewrap,
        """
        import os
        with open(os.environ["OUTPUT_FOLDER"] + "/uids", "w") as file:
            print(*os.getresuid(), *os.getresgid(), file=file)
        """,
        outputs=("uids",),  # read only if the host's file system says that this uid owns it
    )
    numbers = {int(number) for number in result.files["uids"].split()}
    assert len(numbers) == 1
    assert 0 not in numbers
    if os.geteuid() == 0:
        assert min(numbers) >= 0x70000000


def test_it_has_no_capability_and_can_gain_none(bubblewrap, answer):
    status = answer(
        bubblewrap, "print(json.dumps(dict(map(str.strip, l.split(':', 1)) for l in open('/proc/self/status'))))"
    )
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert answer(bubblewrap, "print(json.dumps(os.getgroups()))") in ([], [os.getgid()])


def test_secrets_of_the_host_are_not_visible(bubblewrap, answer, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    places = [
        "/etc/shadow",
        "/etc/passwd",
        "/etc/hostname",
        "/root/.ssh",
        "/home",
        "/var",
        "/opt",
        "/run",
        "/sys",
        "/mnt",
    ]
    places += [str(Path.home() / ".bashrc"), str(secret), str(Path(__file__))]
    assert answer(bubblewrap, f"print(json.dumps([p for p in {places!r} if os.path.lexists(p)]))") == []


def test_grader_itself_is_not_visible(bubblewrap, answer):
    package = Path(grader.__file__).parent
    places = [package / "errors.py", package / "model", package / "sandbox", package.parent / "pyproject.toml"]
    for name in ("rubrics", "templates", "reference_models"):
        try:
            places.append(assets.folder(name))
        except FileNotFoundError:
            places += [package / "assets" / name, package.parent / name]
    visible = answer(bubblewrap, f"print(json.dumps([p for p in {[*map(str, places)]!r} if os.path.exists(p)]))")
    assert visible == []
    assert answer(bubblewrap, "print(json.dumps(sorted(os.listdir('/probe/grader'))))") == ["__init__.py", "probe"]


def test_a_grader_inside_the_interpreters_packages_is_masked(bubblewrap, answer, monkeypatch, tmp_path):
    library = Path(sys.prefix) / "lib"
    package = next(library.glob("python3*/site-packages/pydantic"))
    monkeypatch.setattr(grader, "__file__", str(package / "__init__.py"))
    monkeypatch.setattr("grader.sandbox.bubblewrap_arguments.probe_sources", lambda: ())
    assert answer(bubblewrap, f"print(json.dumps(os.listdir({str(package)!r})))") == []
    assert answer(bubblewrap, f"print(json.dumps('pydantic_core' in os.listdir({str(package.parent)!r})))") is True


def test_the_environment_holds_nothing_of_ours(bubblewrap, answer, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    names = answer(bubblewrap, "print(json.dumps(sorted(os.environ)))")
    assert set(names) <= {
        *("PATH", "HOME", "TMPDIR", "USER", "LANG", "PWD", "REQUEST_FILE", "OUTPUT_FOLDER", "LC_CTYPE"),
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
    }
    source = """
    import glob
    seen = b""
    for place in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
        try:
            seen += open(place, "rb").read()
        except OSError:
            pass
    print(json.dumps([b"ghp_" + b"secret" in seen, b"--" + b"seccomp" in seen, b"--" + b"args" in seen]))
    """
    assert answer(bubblewrap, source) == [False, False, True]


def test_no_descriptor_is_inherited(bubblewrap, answer, tmp_path):
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        source = "print(json.dumps(sorted(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')[:3])))"
        targets = answer(bubblewrap, source)
    assert [target.partition("[")[0] for target in targets] == ["/dev/null", "pipe:", "pipe:"]
    assert answer(bubblewrap, "print(len(os.listdir('/proc/self/fd')))") == 4  # and the folder itself


def test_nothing_can_be_written_outside_the_three_folders(bubblewrap, answer):
    source = f"""
    {ATTEMPT.replace(chr(10), chr(10) + "    ")}
    places = ["/x", "/usr/x", "/in/x", "/in/request.json", "/probe/x", "/dev/x", "/etc/x"]
    places += ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", sys.prefix + "/lib/x", sys.prefix + "/x"]
    written = [place for place in places if attempt(lambda: open(place, "a")) == "done"]
    allowed = [place for place in ["/tmp/x", "/out/x", "/dev/shm/x"] if attempt(lambda: open(place, "a")) == "done"]
    print(json.dumps([written, allowed]))
    """
    assert answer(bubblewrap, source) == [[], ["/tmp/x", "/out/x", "/dev/shm/x"]]


def test_there_is_no_network(bubblewrap, answer):
    source = """
    import socket
    def attempt(*arguments):
        try:
            socket.socket(*arguments)
        except OSError:
            return False
        return True
    families = [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_VSOCK, socket.AF_PACKET]
    types = [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW]
    print(json.dumps([attempt(family, kind) for family in families for kind in types]))
    """
    assert answer(bubblewrap, source) == [False] * 18
    interfaces = "print(json.dumps([line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]))"
    assert answer(bubblewrap, interfaces) == ["lo"]
    assert answer(bubblewrap, "import socket; a, b = socket.socketpair(); a.send(b'1'); print(b.recv(1).decode())") == 1


NUMBERS = {  # x86_64, aarch64
    "unshare(CLONE_NEWUSER)": ((272, 97), (0x10000000,)),
    "unshare(CLONE_NEWNS)": ((272, 97), (0x00020000,)),
    "clone(CLONE_NEWUSER)": ((56, 220), (0x10000000 | 17, 0, 0, 0, 0)),
    "clone3": ((435, 435), (0, 0)),
    "setns": ((308, 268), (0, 0)),
    "mount": ((165, 40), (0, 0, 0, 0, 0)),
    "ptrace(PTRACE_TRACEME)": ((101, 117), (0, 0, 0, 0)),
    "keyctl(GET_KEYRING_ID)": ((250, 219), (0, -3, 1)),
    "io_uring_setup": ((425, 425), (1, 0)),
    "bpf": ((321, 280), (0, 0, 0)),
    "perf_event_open": ((298, 241), (0, 0, -1, -1, 0)),
    "userfaultfd": ((323, 282), (1,)),
    "memfd_create": ((319, 279), (0, 0)),
    "shmget": ((29, 194), (0, 4096, 0o1600)),
    "kexec_load": ((246, 104), (0, 0, 0, 0)),
    "process_vm_readv": ((310, 270), (1, 0, 0, 0, 0, 0)),
    "personality(ADDR_NO_RANDOMIZE)": ((135, 92), (0x0040000,)),
    "ioctl(TIOCSTI)": ((16, 29), (0, 0x5412, 0)),
    "ioctl(TIOCSTI) with high bits": ((16, 29), (0, 0x1_0000_5412, 0)),
    "prctl(PR_SET_SECCOMP)": ((157, 167), (22, 2, 0, 0, 0)),
    "chroot": ((161, 51), (0,)),
}


@pytest.mark.parametrize("call", NUMBERS)
def test_system_calls_that_reach_out_are_refused(bubblewrap, answer, call):
    numbers, arguments = NUMBERS[call]
    source = f"""
    import ctypes, platform
    library = ctypes.CDLL(None, use_errno=True)
    number = {numbers}[platform.machine() == "aarch64"]
    result = library.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in {arguments}])
    print(json.dumps([result, ctypes.get_errno()]))
    """
    result, error = answer(bubblewrap, source)
    # EPERM, ENOSYS, ENOTTY: the filter's answers; a call that passed it would fail with EFAULT, EINVAL or not at all.
    assert result == -1
    assert error in (1, 38, 25)


def test_the_request_is_there_and_the_probe_is_on_no_other_path(bubblewrap, run):
    result = run(bubblewrap, "import os; print(open(os.environ['REQUEST_FILE']).read())", request=b"x" * 300_000)
    assert len(result.stdout) == 64 * 1024  # the tail of what was printed
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "make",
    [
        "os.symlink('/etc/passwd', out)",
        "os.symlink('/proc/self/environ', out)",
        "os.mkdir(out)",
    ],
)
def test_what_is_not_a_plain_small_file_is_not_read(bubblewrap, run, make):
    source = f"import os\nout = os.environ['OUTPUT_FOLDER'] + '/result.json'\n{make}\n"
    result = run(bubblewrap, source, outputs=("result.json", "absent.json"), output_bytes=8 << 20)
    assert result.files == {}
    assert result.refused == ("result.json was not read: it is not a regular file.",)


def test_fifos_and_devices_cannot_be_made(bubblewrap, answer):
    source = """
    import stat
    refused = []
    device = stat.S_IFCHR | 0o666, os.makedev(1, 3)
    for make in (lambda: os.mkfifo("/out/result.json"), lambda: os.mknod("/out/device", *device)):
        try:
            make()
        except OSError:
            refused.append(True)
    print(json.dumps(refused))
    """
    assert answer(bubblewrap, source) == [True, True]
