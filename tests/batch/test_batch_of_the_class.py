"""`grader batch` on real repositories behind a daemon: everybody has the result that must come out."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from class_of_200 import Student, class_of_200
from class_repositories import build, serve
from class_results import counts, disagreements, rows_of

# One of each that differs in what the batch does with it.
PART = (
    *("reference", "notebook", "too large", "nine outputs", "syntax error", "empty repository", "no such branch"),
    *("hostile: layers/by_environment", "hostile: layers/dropout_rate_tiny", "hostile: protocol/exit_at_import"),
    *("spoiled after the deadline", "nothing in time", "missing", "unreachable", "no repository", "excused"),
)


def grade(folder: Path, students: Sequence[Student], *further: str) -> subprocess.CompletedProcess[str]:
    """Run the command; whatever differs from what must come out fails."""
    course, out = build(folder, students), folder / "results"
    with serve(course) as served:
        command = [sys.executable, "-m", "grader", "batch", str(served.roster), "--no-train", "--out", str(out)]
        done = subprocess.run(
            [*command, "--deadline", served.deadline, *further],
            env={**os.environ, **served.environment},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 3, done.stderr  # some could not be reached
    rows = rows_of(out)
    assert list(disagreements(course.students, rows, out)) == []
    assert all(expected == found for _, expected, found in counts(course.students, rows))
    assert "Traceback" not in done.stderr
    assert served.environment["GITHUB_TOKEN"] not in done.stdout + done.stderr
    return done


def test_a_part_of_the_class(tmp_path):
    students = [next(student for student in class_of_200() if student.kind == kind) for kind in PART]
    copied = replace(students[0], kind="same words", copy_of=0)
    done = grade(tmp_path, [*students, copied], "--jobs", "1")
    assert f"{len(PART) + 1}  students" in done.stdout


@pytest.mark.long
@pytest.mark.system
def test_the_whole_class(tmp_path):
    grade(tmp_path, class_of_200())
