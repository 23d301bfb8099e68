"""How the action gets its sandbox: a profile for bubblewrap where the kernel's switch asks for one."""

import os
import subprocess
from pathlib import Path

import pytest
from actions_runner import ROOT

SCRIPT = ROOT / ".github/actions/grade/sandbox"
UNLESS_ROOT = "case $1 in -u) echo 1001;; esac"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that write down how they were called; bwrap is forbidden its namespaces, sudo allowed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {"id": UNLESS_ROOT, "bwrap": "exit 1", "sudo": f'echo "$*" >>{tmp_path}/asked'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


def run(programs: Path, switch: str) -> subprocess.CompletedProcess[str]:
    (programs.parent / "switch").write_text(switch)
    return subprocess.run(
        ["sh", SCRIPT, programs.parent / "switch"],
        env={**os.environ, "PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def asked(programs: Path) -> list[str]:
    file = programs.parent / "asked"
    return file.read_text().splitlines() if file.exists() else []


def test_a_profile_for_bubblewrap_alone_is_loaded(programs: Path) -> None:
    assert run(programs, "1\n").returncode == 0
    profile = SCRIPT.parent / "bwrap.apparmor"
    assert asked(programs) == [
        "-n true",
        f"-n install -m 644 {profile} /etc/apparmor.d/bwrap",
        "-n apparmor_parser --replace /etc/apparmor.d/bwrap",
    ]
    assert "profile bwrap /usr/bin/bwrap flags=(unconfined) {\n  userns," in profile.read_text()


@pytest.mark.parametrize("case", ["the switch is off", "it works already", "as root"])
def test_nothing_is_changed_where_nothing_has_to_be(programs: Path, case: str) -> None:
    if case == "it works already":
        (programs / "bwrap").write_text("#!/bin/sh\nexit 0\n")
    if case == "as root":
        (programs / "id").write_text("#!/bin/sh\necho 0\n")
    assert run(programs, "0\n" if case == "the switch is off" else "1\n").returncode == 0
    assert asked(programs) == []


def test_without_sudo_it_says_what_the_administrator_has_to_do(programs: Path) -> None:
    (programs / "sudo").write_text("#!/bin/sh\nexit 1\n")
    done = run(programs, "1\n")
    assert done.returncode == 1
    assert done.stderr.startswith("This runner forbids user namespaces to bubblewrap, and sudo asks for a password.\n")
    assert "bwrap.apparmor" in done.stderr
