"""Runs a workflow of ours as GitHub would: its jobs in their order, each on a fresh machine with a token of its own.

A job's token has the rights that its `permissions` name and no more; other actions are stubbed by name, and our own two
are run step by step from their action.yml.
"""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from actions_expressions import condition, expanded
from actions_runner import Machine, Ran, Stub, run_action
from fake_github import FakeGitHub

_OURS = re.compile(r"COURSE/grader/\.github/actions/(?P<name>\w+)@[0-9a-f]{40}")
_PINNED = re.compile(r"(?P<action>[\w.-]+/[\w./-]+)@[0-9a-f]{40}")


@dataclass
class Trigger:
    """What GitHub tells a run: the repository whose workflow it is, the event, and the inputs of a dispatch."""

    repository: str
    name: str
    event: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    run_id: str = "1"


@dataclass
class WorkflowRun:
    """`ran[job]` is what its steps of ours did; a job that was left out is not in it."""

    ran: dict[str, Ran] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)


@dataclass
class Forge:
    """`servers[job]` is where a job that fetches finds repositories, as a file:// address; else github.com."""

    github: FakeGitHub
    servers: Mapping[str, str]
    stubs: dict[str, Stub]


def run_workflow(file: Path, trigger: Trigger, forge: Forge, folder: Path) -> WorkflowRun:
    """Run all jobs that are due."""
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    triggers = workflow[True]  # YAML 1.1 reads `on` so
    assert trigger.name in triggers
    assert workflow["permissions"] == {}
    run = WorkflowRun()
    outputs: dict[str, dict[str, Any]] = {}
    for job, told in workflow["jobs"].items():
        needs = _names(told.get("needs", []))
        if any(name in run.failed or name not in outputs for name in needs):
            continue
        contexts = _contexts(trigger, forge, workflow, {name: outputs[name] for name in needs})
        if condition(told.get("if"), contexts, failed=False):
            outputs[job] = _run_job(job, told, contexts, forge, folder / job, run)
    return run


def _names(needs: Any) -> list[str]:
    return [needs] if isinstance(needs, str) else list(needs)


def _contexts(trigger: Trigger, forge: Forge, workflow: Mapping[str, Any], needs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "github": {
            "event_name": trigger.name,
            "event": trigger.event,
            "repository": trigger.repository,
            "repository_owner": trigger.repository.partition("/")[0],
            "token": None,
            "run_id": trigger.run_id,
            "api_url": forge.github.api,
        },
        "inputs": trigger.inputs,
        "env": workflow.get("env", {}),
        "needs": {name: {"outputs": found} for name, found in needs.items()},
        "vars": {"GRADER_GITHUB_APP_ID": "Iv1.grader"},
        "secrets": {"GRADER_GITHUB_APP_KEY": "the App's key"},
    }


def _run_job(
    job: str, told: Mapping[str, Any], contexts: dict[str, Any], forge: Forge, folder: Path, run: WorkflowRun
) -> dict[str, Any]:
    rights = {"metadata": "read"}
    rights |= {name.replace("-", "_"): right for name, right in told.get("permissions", {}).items()}
    token = forge.github.add_token(f"ghs_of_{job}_{'x' * 20}", "github-actions[bot]", rights=rights)
    run.tokens[job] = token
    contexts["github"] |= {"token": token, "server_url": forge.servers.get(job, "https://github.com")}
    machine = Machine(folder, github=contexts["github"], stubs=forge.stubs)
    contexts = {**machine.contexts, **contexts, "steps": {}}
    for step in told["steps"]:
        outputs, failed = _run_step(job, step, contexts, machine, run)
        if failed:
            run.failed.add(job)
            break
        if "id" in step:
            contexts["steps"][step["id"]] = {"outputs": outputs}
    return dict(expanded(told.get("outputs", {}), contexts))


def _run_step(
    job: str, step: Mapping[str, Any], contexts: dict[str, Any], machine: Machine, run: WorkflowRun
) -> tuple[Mapping[str, str], bool]:
    assert "if" not in step
    inputs = expanded(step.get("with", {}), contexts)
    if "run" in step:
        assert "${{" not in step["run"], "an input would become a part of the script"
        folder = expanded(step.get("working-directory", str(machine.workspace)), contexts)
        done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=folder, check=False)
        return {}, done.returncode != 0
    if ours := _OURS.fullmatch(step["uses"]):
        run.ran[job] = run_action(ours["name"], {**inputs, "install": "false"}, machine)
        return run.ran[job].outputs, run.ran[job].failed
    pinned = _PINNED.fullmatch(step["uses"])
    assert pinned, f"not pinned by a commit: {step['uses']}"
    outputs = machine.stubs[pinned["action"]](machine, inputs)
    return outputs, outputs.get("exit code", "0") != "0"
