"""A small runner of composite actions: their own action.yml, each step in a clean shell, other actions stubbed by name.

It is no more forgiving than GitHub's: what it does not know raises. What is checked of every file: other actions are
pinned by a commit, no expression stands in a script, no step runs in the workspace.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from actions_commands import Command, assignments, commands
from actions_expressions import condition, expanded

ROOT = Path(__file__).resolve().parents[2]
_PINNED = re.compile(r"(?P<action>[\w.-]+/[\w./-]+)@[0-9a-f]{40}")
_SECONDS = 300

Stub = Callable[["Machine", Mapping[str, str]], Mapping[str, str]]


@dataclass
class Machine:
    """A fresh runner: a workspace, a temporary folder, a home, and the `github` context of its job."""

    folder: Path
    github: dict[str, Any] = field(default_factory=dict)
    stubs: dict[str, Stub] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)  # of the job

    def __post_init__(self) -> None:
        for name in ("workspace", "temp", "home", "files"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.workspace, self.temp = self.folder / "workspace", self.folder / "temp"

    @property
    def contexts(self) -> dict[str, Any]:
        github = {"api_url": "https://api.github.com", "server_url": "https://github.com", **self.github}
        return {"github": github, "runner": {"temp": str(self.temp), "os": "Linux", "arch": "X64"}}

    def file(self, name: str) -> Path:
        return self.folder / "files" / name


@dataclass
class Ran:
    """What came of an action."""

    outputs: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    done: dict[str, str] = field(default_factory=dict)  # step's name -> success, failure or skipped
    log: str = ""
    commands: list[Command] = field(default_factory=list)
    summary: str = ""

    def marks(self, level: str) -> list[Command]:
        return [command for command in self.commands if command.name == level]


def run_action(name: str, inputs: Mapping[str, str], machine: Machine) -> Ran:
    """Run `.github/actions/NAME/action.yml` with these inputs."""
    place = ROOT / ".github" / "actions" / name
    action = yaml.safe_load((place / "action.yml").read_text(encoding="utf-8"))
    assert action["runs"]["using"] == "composite"
    unknown = set(inputs) - set(action["inputs"])
    assert not unknown, f"the action has no inputs {unknown}"
    contexts = dict(machine.contexts)
    contexts["inputs"] = {
        key: str(inputs[key]) if key in inputs else expanded(known.get("default", ""), contexts)
        for key, known in action["inputs"].items()
    }
    missing = [key for key, known in action["inputs"].items() if known.get("required") and key not in inputs]
    assert not missing, f"the inputs {missing} are required"
    ran = Ran()
    contexts["steps"] = {}
    for step in action["runs"]["steps"]:
        _run_step(step, place, contexts, machine, ran)
    for key, known in action.get("outputs", {}).items():
        ran.outputs[key] = expanded(known["value"], contexts)
    return ran


def _run_step(step: Mapping[str, Any], place: Path, contexts: dict[str, Any], machine: Machine, ran: Ran) -> None:
    if not condition(step.get("if"), contexts, failed=ran.failed):
        ran.done[step["name"]] = "skipped"
        return
    before = len(ran.log)
    if "uses" in step:
        pinned = _PINNED.fullmatch(step["uses"])
        assert pinned, f"not pinned by a commit: {step['uses']}"
        told = machine.stubs[pinned["action"]](machine, expanded(step.get("with", {}), contexts))
        outputs, code = dict(told), int(told.get("exit code", 0))
    else:
        outputs, code = _run_script(step, place, contexts, machine, ran)
    if step.get("id"):
        contexts["steps"][step["id"]] = {"outputs": outputs}
    ran.commands += commands(ran.log[before:])
    ran.failed = ran.failed or code != 0
    ran.done[step["name"]] = "failure" if code else "success"


def _run_script(
    step: Mapping[str, Any], place: Path, contexts: dict[str, Any], machine: Machine, ran: Ran
) -> tuple[dict[str, str], int]:
    assert step["shell"] == "bash"
    assert "${{" not in step["run"], "an input would become a part of the script"
    folder = Path(expanded(step["working-directory"], contexts))
    assert folder == machine.temp, "a step of ours runs in a folder with submitted files"
    script = machine.file("script.sh")
    script.write_text(step["run"], encoding="utf-8")
    files = {name: machine.file(name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")}
    for file in files.values():
        file.write_text("")
    result = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder,
        env=_environment(machine, contexts, place)
        | {name: str(file) for name, file in files.items()}
        | {name: str(value) for name, value in expanded(step.get("env", {}), contexts).items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    ran.log += result.stdout
    ran.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
    for name in ("GITHUB_ENV", "GITHUB_PATH"):
        assert files[name].read_text() == "", f"something wrote {name}, which later steps obey"
    return assignments(files["GITHUB_OUTPUT"].read_text(encoding="utf-8")), result.returncode


def _environment(machine: Machine, contexts: Mapping[str, Any], place: Path) -> dict[str, str]:
    """A clean shell: what the runner sets, and the programs of this machine."""
    bin_folder = Path(sys.executable).parent
    return {
        "PATH": f"{bin_folder}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(machine.folder / "home"),
        "LANG": "C.UTF-8",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(place),
        "GITHUB_API_URL": contexts["github"]["api_url"],
        "GITHUB_WORKSPACE": str(machine.workspace),
        "RUNNER_TEMP": str(machine.temp),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **machine.environment,
    }
