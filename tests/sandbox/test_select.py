"""Choosing a backend, and what is said where one cannot run."""

import os
import stat
import sys

import pytest

from grader.errors import SandboxError, UsageError
from grader.sandbox import bubblewrap, bubblewrap_availability
from grader.sandbox.select import backends, select


@pytest.fixture
def untried(monkeypatch):
    """Answers are kept for the life of the process; here they are asked anew, and forgotten again."""
    for kept in (bubblewrap._tried, bubblewrap_availability.availability):
        kept.cache_clear()
    yield
    for kept in (bubblewrap._tried, bubblewrap_availability.availability):
        kept.cache_clear()


def test_auto_is_bubblewrap_and_process_is_what_it_says(untried):
    assert (select().name, select().strength) == ("bubblewrap", "isolated")
    assert (select("process").name, select("process").strength) == ("process", "limits only")
    assert [backend.name for backend in backends()] == ["bubblewrap", "container", "process"]


def test_without_bubblewrap_nothing_weaker_is_chosen(untried, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("auto", "bubblewrap"):
        with pytest.raises(SandboxError) as caught:
            select(name)
        assert caught.value.message == "bubblewrap is not installed."
        assert "apt-get install bubblewrap" in caught.value.mend
        assert "--sandbox process (limits only" in caught.value.mend


def fake_bubblewrap(folder, script: str, monkeypatch) -> None:
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_an_old_bubblewrap_is_named(untried, monkeypatch, tmp_path):
    fake_bubblewrap(tmp_path, "echo bubblewrap 0.6.1", monkeypatch)
    with pytest.raises(SandboxError, match=r"bubblewrap 0\.6\.1 is too old"):
        select()


def test_a_bubblewrap_that_may_not_make_namespaces_is_an_error_with_its_words(untried, monkeypatch, tmp_path):
    script = (
        '[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit\necho "bwrap: No permissions to make one" >&2; exit 1'
    )
    fake_bubblewrap(tmp_path, script, monkeypatch)
    with pytest.raises(SandboxError) as caught:
        select()
    assert "No permissions to make one" in caught.value.message
    assert "--sandbox process" in caught.value.mend


@pytest.mark.parametrize(("row", "word"), [(0, "AppArmor"), (1, "unprivileged users"), (2, "no user namespaces")])
def test_the_switch_that_forbids_user_namespaces_is_named(tmp_path, row, word):
    _, value, reason, mend = bubblewrap_availability._SWITCHES[row]
    switch = tmp_path / "switch"
    switch.write_text(f"{value}\n")
    here = bubblewrap_availability.refused(1000, "bwrap: setting up uid map", ((str(switch), value, reason, mend),))
    assert not here.ok
    assert word in here.reason
    assert "sysctl" in here.mend
    switch.write_text("7\n")
    other = bubblewrap_availability.refused(1000, "bwrap: no", ((str(switch), value, reason, mend),))
    assert word not in other.reason


def test_other_systems_are_pointed_to_a_container(untried, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxError, match="needs Linux"):
        select()
    with pytest.raises(SandboxError, match="needs Linux"):
        select("process")


def test_names_that_are_no_backend():
    with pytest.raises(UsageError, match="auto, bubblewrap, container, process"):
        select("chroot")


def test_a_command_that_is_not_there_is_its_own_exit_code(untried):
    from grader.sandbox.base import Job

    for name in ("bubblewrap", "process"):
        assert select(name).run(Job(b"", ("there-is-no-such-command",), ())).exit_code == 127
