"""`grader doctor --sandbox`: the table, its JSON, and what the exit code says."""

import json
import sys

import pytest

from grader.cli import conformance
from grader.cli import main as command_line
from grader.sandbox.base import Availability
from grader.sandbox.conformance import GUARANTEES, Holding


class Sandbox:
    """One that is only named; what holds in it is told by the test."""

    def __init__(self, name, strength="isolated", reason=""):
        self.name, self.strength, self._reason = name, strength, reason

    def availability(self):
        return Availability(not self._reason, self._reason, "Get it.")


@pytest.fixture
def doctor(monkeypatch, capsys):
    """doctor(sandboxes, held, *arguments): exit code, stdout and stderr; `held` is (sandbox, key) -> (held, detail)."""

    def run(sandboxes, held, *arguments):
        def examine(sandbox, beginning):
            for guarantee in GUARANTEES:
                beginning(guarantee)
                yield Holding(guarantee, *held.get((sandbox.name, guarantee.key), (True, "")))

        monkeypatch.setattr(conformance, "backends", lambda: sandboxes)
        monkeypatch.setattr(conformance, "examine", examine)
        monkeypatch.setattr(sys, "argv", ["grader", "doctor", "--sandbox", *arguments])
        code = 0
        try:
            command_line.main()
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return run


STRONG, WEAK = Sandbox("strong"), Sandbox("process", "limits only")
OPEN = {("process", "internet"): (False, "a listener on 127.0.0.1 was reached")}


def test_all_that_the_machine_has_are_examined_and_one_that_isolates_is_enough(doctor):
    code, stdout, stderr = doctor((STRONG, WEAK, Sandbox("container", reason="There is no engine.")), OPEN)
    assert code == 0
    count = len(GUARANTEES)
    lines = stdout.splitlines()
    assert lines[0].startswith("strong (isolated), as ")
    assert lines[0].endswith(f": {count} of {count} guarantees hold")
    assert f": {count - 1} of {count} guarantees hold" in lines[count + 1]
    failed = [line.split() for line in lines if "(fails)" in line and "listener" in line]
    seen = ["a", "listener", "on", "127.0.0.1", "was", "reached"]
    assert failed == [["(fails)", *GUARANTEES[0].title.split(), *seen]]
    assert "strong: trying" in stderr
    assert "container: not on this machine. There is no engine." in stderr


def test_one_that_fails_or_could_not_be_tried_is_not_enough(doctor):
    for held, word in ((False, "FAILS"), (None, "untried")):
        code, stdout, _ = doctor((STRONG,), {("strong", "bpf"): (held, "so it was")}, "--quiet")
        assert code == 3
        assert [line.split() for line in stdout.splitlines()[1:]] == [[word, "no", "bpf", "so", "it", "was"]]


def test_limits_only_are_never_enough_and_what_fails_unexpectedly_is_loud(doctor):
    code, stdout, _ = doctor((STRONG, WEAK), {("process", "wall-time"): (False, "it stayed")}, "process")
    assert code == 3
    assert "strong" not in stdout
    assert [line.split()[0] for line in stdout.splitlines() if "it stayed" in line] == ["FAILS"]


def test_json_holds_everything(doctor):
    code, stdout, _ = doctor((STRONG, WEAK), OPEN, "--format", "json")
    assert code == 0
    strong, weak = json.loads(stdout)
    assert (strong["sandbox"], strong["strength"], strong["conforms"]) == ("strong", "isolated", True)
    assert weak["conforms"] is False
    assert weak["guarantees"][0] == {
        "key": "internet",
        "title": GUARANTEES[0].title,
        "held": False,
        "detail": "a listener on 127.0.0.1 was reached",
    }
    assert [one["key"] for one in strong["guarantees"]] == [guarantee.key for guarantee in GUARANTEES]


def test_a_detail_cannot_write_to_the_terminal(doctor):
    _, stdout, _ = doctor((STRONG,), {("strong", "bpf"): (False, "a\x1b[2Jb\nc")})
    assert "\x1b" not in stdout
    assert "b\nc" not in stdout


def test_what_cannot_be_examined_is_an_error(doctor):
    code, _, stderr = doctor((STRONG,), {}, "chroot")
    assert (code, "There is no sandbox called 'chroot'; there are strong." in stderr) == (2, True)
    code, _, stderr = doctor((Sandbox("container", reason="There is no engine."),), {}, "container")
    assert (code, "There is no engine. Get it." in stderr) == (3, True)


def test_the_options_belong_together(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["grader", "doctor", "--format", "json"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    assert "belong to --sandbox" in capsys.readouterr().err
