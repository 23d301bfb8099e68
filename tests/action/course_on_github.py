"""A course on the GitHub of this machine: a student's repository, a pull request, and the course's own files."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from actions_runner import ROOT, Machine
from actions_workflow import Forge, Trigger, WorkflowRun, run_workflow
from artifact_store import ArtifactStore
from fake_github import FakeGitHub, Pull, Repository
from graded_repository import commit, git, write

RUBRIC = """\
id: tiny
title: Handwritten digits, without retraining
task:
  dataset: digits
  input_shape: [1, 28, 28]
  classes: 10
reference_recipe: digits
criteria:
  - id: dropout
    title: Dropout
    check: dropout
    points: 40
    text: At least one dropout layer.
  - id: parameters
    title: Fewer than 20,000 parameters
    check: parameters
    parameters:
      less_than: 20_000
    points: 60
    text: All parameters count.
"""


@dataclass
class Course:
    """`student` is the git repository that the student pushes to, `base` what GitHub knows of it."""

    folder: Path
    github: FakeGitHub
    base: Repository
    student: Path
    artifacts: ArtifactStore = field(default_factory=ArtifactStore)
    runs: int = 0

    @classmethod
    def begin(cls, folder: Path, github: FakeGitHub) -> "Course":
        """The default branch of the student's repository holds our example workflows."""
        student = folder / "server/course/mnist-ada"
        write(student, {"README.md": "Hand in by a pull request.\n"})
        for name in ("feedback.yml", "grade.yml"):
            target = student / ".github/workflows" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / ".github/examples" / name, target)
        git(student, "init", "--quiet", "--initial-branch", "main")
        commit(student, "the template")
        return cls(folder, github, github.add_repository("course/mnist-ada"), student)

    def pull(self, files: dict[str, str]) -> Pull:
        """A pull request that adds these files; the default branch stays as it is."""
        git(self.student, "checkout", "--quiet", "-b", f"hand-in-{len(self.base.pulls)}", "main")
        write(self.student, files)
        head = commit(self.student)
        git(self.student, "checkout", "--quiet", "main")
        return self.base.open_pull(head, f"hand-in-{len(self.base.pulls)}")

    def push(self, pull: Pull, files: dict[str, str]) -> None:
        """Another commit on the branch of a pull request."""
        git(self.student, "checkout", "--quiet", pull.ref)
        write(self.student, files)
        head = commit(self.student)
        git(self.student, "checkout", "--quiet", "main")
        self.base.push(head, pull.ref)

    def grade(self, pull: Pull, **event: object) -> WorkflowRun:
        """The run of grade.yml that GitHub starts after the pull request's own run; always from the default branch."""
        self.runs += 1
        run_id = f"10{self.runs}"
        told = {
            "event": "pull_request",
            "head_sha": pull.sha,
            "head_branch": pull.ref,
            "head_repository": {"id": 1, "full_name": pull.head.full_name},
            "id": 7,
            **event,
        }
        workflow = self.folder / f"grade-{run_id}.yml"
        workflow.write_text(git(self.student, "show", "main:.github/workflows/grade.yml"))
        trigger = Trigger("course/mnist-ada", "workflow_run", {"workflow_run": told}, run_id=run_id)
        stubs = {**self.artifacts.stubs(run_id), "actions/checkout": self._checkout}
        forge = Forge(self.github, {"grade": (self.folder / "server").as_uri()}, stubs)
        return run_workflow(workflow, trigger, forge, self.folder / f"run-{run_id}")

    def give_feedback(self, pull: Pull) -> WorkflowRun:
        """The pull request's own run of feedback.yml, as it stands in the template."""
        event = {"pull_request": {"number": pull.number, "head": {"sha": pull.sha}}}
        trigger = Trigger("course/mnist-ada", "pull_request", event, run_id="7")

        def checkout(machine: Machine, inputs: Mapping[str, str]) -> Mapping[str, str]:
            assert inputs == {"ref": pull.sha, "persist-credentials": "false"}
            git(machine.workspace, "init", "--quiet")
            git(machine.workspace, "fetch", "--quiet", "--depth=1", self.student.as_uri(), inputs["ref"])
            git(machine.workspace, "checkout", "--quiet", "--detach", "FETCH_HEAD")
            return {}

        forge = Forge(self.github, {}, {**self.artifacts.stubs("7"), "actions/checkout": checkout})
        return run_workflow(ROOT / ".github/examples/feedback.yml", trigger, forge, self.folder / "run-7")

    def grade_elsewhere(self, pull: Pull) -> WorkflowRun:
        """The run of grade-elsewhere.yml that an instructor starts in a repository of their own."""
        inputs = {"repository": "mnist-ada", "commit": pull.sha}
        trigger = Trigger("course/grading", "workflow_dispatch", inputs=inputs, run_id="900")
        stubs = {
            **self.artifacts.stubs("900"),
            "actions/checkout": self._checkout_elsewhere,
            "actions/create-github-app-token": self._token_of_the_app,
        }
        file = ROOT / ".github/examples/grade-elsewhere.yml"
        return run_workflow(file, trigger, Forge(self.github, {}, stubs), self.folder / "run-900")

    def _checkout_elsewhere(self, machine: Machine, inputs: Mapping[str, str]) -> Mapping[str, str]:
        """The instructor's own repository, or, with a token that reads it, a commit of the student's."""
        assert inputs["persist-credentials"] == "false"
        folder = machine.workspace / inputs["path"]
        if "repository" not in inputs:
            write(folder, {"mnist.yaml": RUBRIC})
            return {}
        assert inputs["repository"] == "course/mnist-ada"
        assert self.github.tokens[inputs["token"]].rights == {"metadata": "read", "contents": "read"}
        folder.mkdir()
        git(folder, "init", "--quiet")
        git(folder, "fetch", "--quiet", "--depth=1", self.student.as_uri(), inputs["ref"])
        git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        return {}

    def _token_of_the_app(self, machine: Machine, inputs: Mapping[str, str]) -> Mapping[str, str]:
        assert (inputs["owner"], inputs["repositories"]) == ("course", "mnist-ada")
        assert (inputs["client-id"], inputs["private-key"]) == ("Iv1.grader", "the App's key")
        rights = {
            name.removeprefix("permission-").replace("-", "_"): right
            for name, right in inputs.items()
            if name.startswith("permission-")
        }
        token = f"ghs_of_the_app_{len(self.github.tokens)}_{'x' * 20}"
        self.github.add_token(token, "course-grader[bot]", rights={"metadata": "read"} | rights)
        return {"token": token}

    def _checkout(self, machine: Machine, inputs: Mapping[str, str]) -> Mapping[str, str]:
        """Only the course's own repository is ever checked out, at a pinned commit, without leaving a token behind."""
        assert inputs["repository"] == "COURSE/material"
        assert inputs["persist-credentials"] == "false"
        assert len(inputs["ref"]) == 40
        write(machine.workspace / inputs["path"], {"mnist.yaml": RUBRIC})
        return {}
