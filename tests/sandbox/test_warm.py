"""A run that is forked from a zygote is to the submission, and to us, what a run from nothing is."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from grader.errors import SandboxError
from grader.intake.discover import discover
from grader.intake.slice import slice_candidate
from grader.sandbox.base import Job, Limits, Result
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.conformance import examine
from grader.sandbox.zygote import Zygote

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        exec({before!r}, {{}})
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4, 10)
    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).mean((2, 3)))
"""


def probe(sandbox: Bubblewrap, folder: Path, before: str, **limits: Any) -> Result:
    """Export a net whose constructor runs `before`."""
    (folder / "model.py").write_text(NET.format(before=textwrap.dedent(before)))
    candidate = discover(folder).selected
    assert candidate is not None
    request = {
        "schema": "grader/probe-request/v1",
        "slice": slice_candidate(folder, candidate).model_dump(mode="json"),
        "input_shape": [1, 28, 28],
        "batch_size": 4,
        "seed": 0,
        "mode": "export",
    }
    return sandbox.run(Job(json.dumps(request).encode(), limits=Limits(**limits)))


SELF = """
import atexit, json, os, resource, sys
import torch
said = {
    "uid": os.getuid(), "groups": os.getgroups(), "pid": os.getpid(), "session": os.getsid(0) == os.getpid(),
    "environment": dict(os.environ), "path": sys.path, "argv": sys.argv, "folder": os.getcwd(),
    "descriptors": sorted(os.listdir("/proc/self/fd"))[:3],
    "shared": [line for line in open("/proc/self/maps") if "w" in line.split()[1] and "s" in line.split()[1]],
    "status": [line for line in open("/proc/self/status") if line.startswith(("Cap", "NoNew", "Seccomp:"))],
    "limits": [resource.getrlimit(number) for number in range(16)],
    "cuda": torch.cuda.is_available(), "marked": hasattr(torch, "marked"), "main": sys.modules["__main__"].__file__,
    "probe": sorted(m.__file__ for n, m in sys.modules.items() if n.startswith("grader.probe.") and n.count(".") == 2),
    "namespaces": {name: os.readlink("/proc/self/ns/" + name) for name in sorted(os.listdir("/proc/self/ns"))},
}
torch.marked = True
sys.stderr.write(json.dumps(said) + chr(10))
"""


def said(result: Result) -> dict[str, Any]:
    answers = [line for line in result.stderr.splitlines() if line.startswith("{")]
    assert answers, result
    answer: dict[str, Any] = json.loads(answers[0])
    return answer


def test_a_forked_run_finds_what_a_run_from_nothing_finds(
    warm: Bubblewrap, bubblewrap: Bubblewrap, tmp_path: Path
) -> None:
    cold_result, first_result, second_result = (probe(box, tmp_path, SELF) for box in (bubblewrap, warm, warm))
    cold, first, second = said(cold_result), said(first_result), said(second_result)
    del cold["environment"]["PWD"]  # of the shell that a run from nothing waits in
    cold["path"] = [path for path in cold["path"] if not path.endswith(".zip")]  # which is not there
    for key in ("environment", "path", "argv", "folder", "descriptors", "limits", "cuda", "main", "groups"):
        if key != "groups" or os.geteuid() != 0:
            assert first[key] == cold[key], key
    assert first["status"] == cold["status"]
    assert set(cold["probe"]) <= set(first["probe"])  # everything is imported from where it lies inside
    assert all(file.startswith("/probe/grader/probe/") for file in first["probe"])
    assert first["session"]
    assert first["shared"] == second["shared"] == []  # no page that two runs could both write
    assert not second["marked"]  # nothing of the first run
    if os.geteuid() == 0:
        assert first["groups"] == second["groups"] == []
        assert len({cold["uid"], first["uid"], second["uid"], 0}) == 4
    for name in ("mnt", "pid", "net", "ipc", "uts"):
        host = str(Path("/proc/self/ns", name).readlink())
        assert host not in {cold["namespaces"][name], first["namespaces"][name], second["namespaces"][name]}, name


def test_the_files_are_the_same_to_the_byte(warm: Bubblewrap, bubblewrap: Bubblewrap, tmp_path: Path) -> None:
    cold, first, second = (probe(box, tmp_path, "") for box in (bubblewrap, warm, warm))
    assert set(cold.files) == {"result.json", "graphs.json", "tensors.safetensors"}
    assert cold.files == first.files == second.files
    assert (cold.status, cold.exit_code) == (first.status, first.exit_code) == ("exited", 0)


@pytest.mark.parametrize(
    "before",
    [
        "raise RuntimeError('no')",
        "import os; os._exit(7)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
        "import atexit; atexit.register(lambda: open('/out/result.json', 'w').write('{}'))",
        "import threading, time; threading.Thread(target=lambda: (time.sleep(1), open('/out/x', 'w'))).start()",
        "import os; os.close(1); os.close(2)",
    ],
)
def test_what_goes_wrong_goes_wrong_alike(
    before: str, warm: Bubblewrap, bubblewrap: Bubblewrap, tmp_path: Path
) -> None:
    cold, forked = (probe(box, tmp_path, before, wall_seconds=30) for box in (bubblewrap, warm))
    assert (forked.status, forked.exit_code, forked.files) == (cold.status, cold.exit_code, cold.files)
    assert forked.refused == cold.refused


def test_a_forked_run_has_its_limits(warm: Bubblewrap, tmp_path: Path) -> None:
    assert probe(warm, tmp_path, "while True: pass", wall_seconds=2).status == "timeout"
    assert probe(warm, tmp_path, "while True: pass", cpu_seconds=1).status == "timeout"
    spins = "import os\nfor _ in range(3): os.fork()\nblock = b'x' * (1 << 28)\nwhile True: pass"
    assert probe(warm, tmp_path, spins, memory_bytes=4 << 30, wall_seconds=30).status == "memory"


def test_it_says_what_a_run_cost(warm: Bubblewrap, tmp_path: Path) -> None:
    idle = probe(warm, tmp_path, "").cpu_seconds
    busy = probe(warm, tmp_path, "import time\nwhile time.process_time() < 3: pass").cpu_seconds
    assert idle is not None
    assert busy is not None
    assert busy > 2.5 > idle


def test_every_guarantee_holds_for_a_forked_run_too(warm: Bubblewrap) -> None:
    assert [(one.guarantee.key, one.detail) for one in examine(warm) if one.held is not True] == []


def test_a_zygote_that_died_is_replaced(tmp_path: Path) -> None:
    others = set(_zygotes(os.getpid()))
    sandbox = Bubblewrap(warm=True)
    probe(sandbox, tmp_path, "")
    (first,) = set(_zygotes(os.getpid())) - others
    os.kill(first, signal.SIGKILL)
    time.sleep(0.2)
    assert "graphs.json" in probe(sandbox, tmp_path, "").files
    (second,) = set(_zygotes(os.getpid())) - others
    assert second != first


SCRIPT = """
import sys, time
from grader.sandbox.base import Job, Limits
from grader.sandbox.select import select
sandbox = select("bubblewrap", warm=True)
inside = "import os, time; os.fork(); time.sleep(100)  # " + sys.argv[1]
sandbox.run(Job(b"", (sys.executable, "-I", "-S", "-c", "0"), ()))
print("ready", flush=True)
sandbox.run(Job(b"", (sys.executable, "-I", "-S", "-c", inside), (), Limits(wall_seconds=60)))
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_remains_when_grader_ends(ending: signal.Signals, running: Any, tmp_path: Path) -> None:
    token = f"warm-token-{os.getpid()}-{ending}"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT, token]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as grader:
        assert grader.stdout is not None
        assert grader.stdout.readline() == b"ready\n"
        assert _eventually(lambda: len(running(token)) >= 3)
        zygotes = _zygotes(grader.pid)
        assert len(zygotes) == 1
        grader.send_signal(ending)
        grader.wait(10)
    assert _eventually(lambda: running(token) == [])
    assert _eventually(lambda: not Path("/proc", str(zygotes[0])).exists())
    assert list(tmp_path.iterdir()) == []


def test_a_zygote_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("raise SystemExit('no torch today')")
    monkeypatch.setattr("grader.sandbox.zygote._PROGRAM", program)
    with pytest.raises(SandboxError, match="warm process does not start: no torch today"):
        Bubblewrap(warm=True).run(Job(b"{}"))


def test_closing_ends_the_process(tmp_path: Path) -> None:
    sandbox = Bubblewrap(warm=True)
    before = _zygotes(os.getpid())
    sandbox.run(Job(b"", ("/bin/true",), ()))
    mine = [pid for pid in _zygotes(os.getpid()) if pid not in before]
    assert len(mine) == 1
    del sandbox
    assert _eventually(lambda: not Path("/proc", str(mine[0])).exists())


def test_a_zygote_never_started_is_closed_without_a_word() -> None:
    Zygote().close()


def _zygotes(process: int) -> list[int]:
    """The children of a process that read their program from standard input."""
    children: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        children += [int(pid) for pid in (task / "children").read_text().split()]
    return [pid for pid in children if b"\0-I\0-B\0-\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _eventually(condition: Any) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False
