"""What bears a label of ours is removed exactly when the grader that made it is gone."""

import os
import subprocess
from dataclasses import replace

import pytest

from grader.sandbox.container_leftovers import Owner, is_left_over, start_of, this_grader

HERE = Owner("machine", "boot", "4026531836", 100, "5000")


@pytest.mark.parametrize(
    ("label", "start", "left_over"),
    [
        (HERE.label(), "5000", False),  # it lives
        (HERE.label(), None, True),  # no process has its pid
        (HERE.label(), "7000", True),  # another has it now
        (replace(HERE, boot="before").label(), "5000", True),  # the machine was started anew
        (replace(HERE, machine="other").label(), None, False),  # of another machine, which shares the engine
        (replace(HERE, machine="other", boot="before").label(), None, False),
        (replace(HERE, namespace="4026539999").label(), None, False),  # a grader in a container: its pids are others
        ("", None, False),
        ("machine/boot/1", None, False),
        ("machine/boot/4026531836/pid/5000", None, False),
    ],
)
def test_whose_grader_is_gone(label, start, left_over):
    assert is_left_over(label, HERE, start) is left_over


def test_this_grader_lives_and_another_does_not():
    here = this_grader()
    assert here.process == os.getpid()
    assert not is_left_over(here.label(), here, start_of(os.getpid()))
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert start_of(ended.pid) is None
    assert is_left_over(replace(here, process=ended.pid).label(), here, start_of(ended.pid))


def test_the_start_is_told_whatever_a_process_calls_itself(tmp_path):
    odd = tmp_path / "a) R 1 1 1"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([str(odd), "60"]) as process:
        assert start_of(process.pid).isdecimal()
        assert int(start_of(process.pid)) >= int(start_of(os.getpid()))
        process.kill()
