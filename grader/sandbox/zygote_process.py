"""The zygote: a process that has imported torch and the probe, and forks a run into a namespace that is set up for it.

This file is a program, read from standard input by an isolated Python; it imports nothing of grader but the probe, and
no submitted code ever runs in this process itself. Each run is a fork that joins the namespaces of a fresh bubblewrap,
takes a uid of its own, gives up every privilege and descriptor, and only then runs the probe. Pages are copied when
they are written: two runs share none that either can write.

It is told over a socket (see grader/sandbox/zygote.py), and ends when that is closed.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib.machinery
import importlib.util
import json
import os
import resource
import runpy
import shutil
import signal
import socket
import sys
import tempfile
import threading
import traceback
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, NoReturn

_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
_NEW_USER = 0x10000000
_PARENT_DEATH, _DUMPABLE, _SECCOMP, _BOUNDING_READ, _BOUNDING_DROP, _NO_NEW_PRIVILEGES = 1, 4, 22, 23, 24, 38
_AMBIENT = 47
_AMBIENT_CLEAR_ALL = 4
_SECCOMP_FILTER = 2
_CAPABILITIES_VERSION_3 = 0x20080522
_LIMITS = {
    "as": resource.RLIMIT_AS,
    "cpu": resource.RLIMIT_CPU,
    "fsize": resource.RLIMIT_FSIZE,
    "nproc": resource.RLIMIT_NPROC,
    "nofile": resource.RLIMIT_NOFILE,
    "core": resource.RLIMIT_CORE,
    "msgqueue": 12,  # RLIMIT_MSGQUEUE, which the module does not name
}
_MOST_BYTES = 1 << 18  # of a message
_LIBC = ctypes.CDLL(None, use_errno=True)


class _Loader(importlib.machinery.SourceFileLoader):
    """Reads a module from where it lies here, and calls it what it is called inside the sandbox."""

    def __init__(self, name: str, place: str, path: str) -> None:
        super().__init__(name, place)
        self._path = path

    def get_data(self, path: str) -> bytes:
        return Path(self._path).read_bytes()

    def path_stats(self, path: str) -> Any:
        raise OSError  # no compiled files: they are named by the place, which is not here


class _Finder:
    """Finds the probe's modules; `folders` are [place here, place inside] of its files and folders."""

    def __init__(self, probe: str, sources: list[list[str]]) -> None:
        self._probe = probe
        self._files: dict[str, str] = {}
        for here, inside in sources:
            for file in (Path(here), *Path(here).glob("*.py")):
                place = Path(inside, file.relative_to(here))
                self._files[f"{probe}/{place}"] = str(file)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        root = f"{self._probe}/{name.replace('.', '/')}"
        for place, is_package in ((f"{root}/__init__.py", True), (f"{root}.py", False)):
            if place in self._files:
                loader = _Loader(name, place, self._files[place])
                folders = [root] if is_package else None
                return importlib.util.spec_from_file_location(
                    name, place, loader=loader, submodule_search_locations=folders
                )
        return None


def _serve(channel: socket.socket) -> NoReturn:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a GPU is never seen here
    told = json.loads(channel.recv(_MOST_BYTES))
    # Later, the end of the channel tells; while it imports it does not listen, and would write where nobody tidies up.
    _LIBC.prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != told["parent"]:
        os._exit(0)
    finder: Any = _Finder(told["probe"], told["sources"])
    sys.meta_path.insert(0, finder)
    sys.path[:] = [told["probe"], *(path for path in sys.path if path), *told["import_folders"]]
    _import_everything(told["temporary"])
    _LIBC.prctl(_PARENT_DEATH, 0, 0, 0, 0)  # it is that of the thread that started us, which may end before
    sys.meta_path.remove(finder)  # from now on the probe is found where it lies inside
    gc.collect()
    gc.freeze()
    channel.send(json.dumps({"threads": len([*Path("/proc/self/task").iterdir()])}).encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, _MOST_BYTES, 8)
        if not message:
            os._exit(0)
        _fork_run(json.loads(message), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        _reap()


def _import_everything(temporary: str) -> None:
    # Torch makes this folder when it is imported, and would leave it in the machine's temporary folder.
    folder = tempfile.mkdtemp(prefix="grader-", dir=temporary)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
    try:
        importlib.import_module("grader.probe.warm").warm_up()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        del os.environ["TORCHINDUCTOR_CACHE_DIR"]
    tempfile.tempdir = None


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork_run(run: dict[str, Any], descriptors: list[int]) -> None:
    """Fork the process that joins the namespace; it forks the run, because a process never changes its own pid."""
    if os.fork():
        return
    namespace, stdout, stderr, status, go = descriptors
    try:
        user = 0 if run["root"] else _NEW_USER
        _check(_LIBC.setns(namespace, _NAMESPACES | user), "setns")
        process = os.fork()
        if not process:
            _become_run(run, stdout, stderr, go)
        for descriptor in (namespace, stdout, stderr, go):
            os.close(descriptor)
        os.write(status, f"started {process}\n".encode())
        _, ended, usage = os.wait4(process, 0)
        code = os.waitstatus_to_exitcode(ended)
        os.write(status, f"ended {code if code >= 0 else 128 - code} {usage.ru_utime + usage.ru_stime}\n".encode())
    except BaseException as error:
        os.write(status, f"failed {type(error).__name__}: {error}\n".encode())
    os._exit(0)


def _become_run(run: dict[str, Any], stdout: int, stderr: int, go: int) -> NoReturn:
    """Take the run's place in its namespace, without a way back."""
    try:
        if not os.read(go, 1):  # a word from grader, once it can notice this process's death
            os._exit(0)
        os.setsid()
        os.umask(0o022)
        os.chdir(run["folder"])
        null = os.open("/dev/null", os.O_RDONLY)
        for descriptor, number in ((null, 0), (stdout, 1), (stderr, 2)):
            os.dup2(descriptor, number)
        os.closerange(3, 1 << 16)
        for name, (soft, hard) in run["limits"].items():
            resource.setrlimit(_LIMITS[name], (soft, hard))
        _give_up_privileges(run)
        for name in tuple(os.environ):
            del os.environ[name]
        os.environ.update(run["environment"])
        _install_filter(bytes.fromhex(run["filter"]))
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(run["refused"])
    if run["command"]:
        os.execv(run["command"][0], run["command"])  # noqa: S606  a shell is what it may be
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os._exit(_run_probe(run["arguments"]))


def _run_probe(arguments: list[str]) -> int:
    """`python -m grader.probe ARGUMENTS` from its start to its end; returns the exit code."""
    sys.argv = ["grader.probe", *arguments]
    sys.path[:] = [path for path in sys.path if os.path.exists(path)]  # noqa: PTH110  a string may be no path
    sys.path_importer_cache.clear()
    code = 0
    try:
        runpy.run_module("grader.probe", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        traceback.print_exc()
        code = 130 if isinstance(error, KeyboardInterrupt) else 1
    finally:  # what an interpreter does at its end
        for last in (threading._shutdown, atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):  # type: ignore[attr-defined]
            with contextlib.suppress(BaseException):
                last()
    return code


def _give_up_privileges(run: dict[str, Any]) -> None:
    capability = 0
    while _LIBC.prctl(_BOUNDING_READ, capability, 0, 0, 0) >= 0:
        _check(_LIBC.prctl(_BOUNDING_DROP, capability, 0, 0, 0), "PR_CAPBSET_DROP")
        capability += 1
    if run["root"]:
        os.setgroups([])
        os.setresgid(run["uid"], run["uid"], run["uid"])
        os.setresuid(run["uid"], run["uid"], run["uid"])
    _check(_LIBC.prctl(_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT")
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    _check(_LIBC.capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")
    _check(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    _check(_LIBC.prctl(_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE")  # as after exec: its own /proc is its own


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _install_filter(instructions: bytes) -> None:
    program = _Program(len(instructions) // 8, instructions)
    _check(_LIBC.prctl(_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0), "PR_SET_SECCOMP")


def _check(answer: int, call: str) -> None:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches grader, which ends it
    with socket.socket(fileno=int(sys.argv[1])) as _channel:
        _serve(_channel)
