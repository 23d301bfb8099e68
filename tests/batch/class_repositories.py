"""A class as real git repositories, behind a git daemon, with the forge's record of what it received when."""

import csv
import io
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from class_of_200 import DEADLINE, Push, Student
from git_daemon import git_daemon
from github_stub import NOTHING, GitHubStub, activity, serve_github

_COLUMNS = ("student", "name", "repository", "ref", "path", "excused")
_UNREACHABLE = "git://127.0.0.1:1"  # nothing listens there
_FORMULA = '=HYPERLINK("https://example.invalid","click")'


@dataclass(frozen=True)
class Course:
    """The students by the names that the roster gives them, and what the forge recorded of each repository."""

    folder: Path
    students: dict[str, Student]
    records: dict[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True)
class Served:
    """What `grader batch` is told."""

    roster: Path
    deadline: str
    environment: dict[str, str]  # with the address of the forge
    github: GitHubStub


def build(folder: Path, students: Sequence[Student]) -> Course:
    """Make the repositories; takes two small processes for each."""
    template = folder / "template.git"
    _git(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(template))
    _git(template, "config", "uploadpack.allowFilter", "true")
    named = {f"s{number:03}": student for number, student in enumerate(students, 1)}
    records: dict[str, Sequence[dict[str, Any]]] = {}
    for name, student in named.items():
        if student.place == "daemon" and student.repository_of is None:
            repository = folder / "course" / f"{name}.git"
            repository.parent.mkdir(exist_ok=True)
            subprocess.run(["cp", "-r", template, repository], check=True)
            records[f"course/{name}"] = _record(student.pushes, _import(repository, student.pushes))
    return Course(folder, named, records)


@contextmanager
def serve(course: Course) -> Iterator[Served]:
    """Serve the repositories and the record, and write the roster."""
    with git_daemon(course.folder) as address, serve_github(course.records) as github:
        roster = course.folder / "roster.csv"
        roster.write_text(_roster(course, address), encoding="utf-8")
        environment = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": "token-of-the-class"}
        yield Served(roster, DEADLINE.isoformat(), environment, github)


def _roster(course: Course, address: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for number, (name, student) in enumerate(course.students.items(), 1):
        holder = f"s{student.repository_of + 1:03}" if student.repository_of is not None else name
        where = {"unreachable": _UNREACHABLE, "none": ""}.get(student.place, address)
        cells = {
            "student": name,
            "name": _FORMULA if number == 3 else f"Student {number}",
            "repository": f"{where}/course/{holder}" if where else "",
            **dict(student.columns),
        }
        writer.writerow([cells.get(column, "") for column in _COLUMNS])
    return text.getvalue()


def _import(repository: Path, pushes: Sequence[Push]) -> list[str]:
    """Commit the states of a branch; returns their ids. See git-fast-import(1)."""
    if not pushes:
        return []
    stream = bytearray()
    for mark, push in enumerate(pushes, 1):
        if push.forced:
            stream += b"reset refs/heads/main\n"
        stream += b"commit refs/heads/main\nmark :%d\n" % mark
        stream += b"committer S <s@example.invalid> %d +0000\ndata 2\nx\ndeleteall\n" % push.at.timestamp()
        for path, content in push.files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            stream += b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(raw), raw)
    _git(
        repository,
        *("-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--force", "--export-marks=marks"),
        given=bytes(stream),
    )
    lines = (repository / "marks").read_text().splitlines()
    ids = dict(line.split(" ") for line in lines)
    return [ids[f":{mark}"] for mark in range(1, len(pushes) + 1)]


def _record(pushes: Sequence[Push], commits: Sequence[str]) -> Sequence[dict[str, Any]]:
    """What GitHub would tell of the pushes, newest first."""
    entries = []
    before = NOTHING
    for push, commit in zip(pushes, commits, strict=True):
        kind = "force_push" if push.forced else "push" if entries else "branch_creation"
        entries.append(activity(_written(push.at), before, commit, kind))
        before = commit
    return entries[::-1]


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(folder: Path, *arguments: str, given: bytes = b"") -> None:
    subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=True)
