"""docs/github.md and docs/student.md against the actions, the examples and the program that they speak of."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from actions_runner import ROOT

GUIDE = (ROOT / "docs/github.md").read_text(encoding="utf-8")
STUDENT = (ROOT / "docs/student.md").read_text(encoding="utf-8")


def table(heading: str, column: str) -> set[str]:
    """The names in the first column of a table of a section."""
    section = GUIDE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = section.split(f"| {column} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


@pytest.mark.parametrize(
    ("action", "heading", "column", "part"),
    [
        ("grade", "The action `grade`", "input", "inputs"),
        ("grade", "The action `grade`", "output", "outputs"),
        ("post", "The action `post`", "input", "inputs"),
    ],
)
def test_the_tables_name_every_input_and_output(action: str, heading: str, column: str, part: str) -> None:
    known = yaml.safe_load((ROOT / f".github/actions/{action}/action.yml").read_text())[part]
    missing = set(known) - table(heading, column)
    if action == "post":
        missing -= {"install", "python-version"}  # as those of `grade`
    assert missing == set()
    assert table(heading, column) - set(known) == set()


def test_pins_in_the_guide_are_those_of_the_examples() -> None:
    texts = "".join(file.read_text() for file in (ROOT / ".github").glob("*/*.yml"))
    pins = re.findall(r"uses: (actions/\S+ # \S+)", GUIDE)
    assert pins
    assert [pin for pin in pins if pin not in texts] == []


@pytest.mark.parametrize("text", [GUIDE, STUDENT], ids=["github", "student"])
def test_every_link_leads_somewhere(text: str) -> None:
    links = re.findall(r"\]\(((?!https?:)[^)#]+)\)", text)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


@pytest.mark.system  # for its time
def test_a_students_first_report_looks_like_that(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", STUDENT, flags=re.DOTALL)
    place = ROOT / "tests/submissions/minimal"
    command = [sys.executable, "-m", "grader", "check", str(place), "--no-train", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert [line for line in shown.splitlines() if line not in done.stdout.splitlines()] == []
