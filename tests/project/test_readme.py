"""The README against the program: what it prints of --help is what the program prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n\$ grader ((?:\w+ )*--help)\n(.*?)```", README, flags=re.DOTALL)


def shown(arguments: list[str]) -> str:
    environment = {**os.environ, "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "grader", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return re.sub(r"^Usage: python -m grader", "Usage: grader", result.stdout.strip(), flags=re.MULTILINE)


def test_the_readme_shows_help() -> None:
    assert [arguments for arguments, _ in BLOCKS] == ["--help", "check --help"]


@pytest.mark.parametrize(("arguments", "text"), BLOCKS, ids=[arguments for arguments, _ in BLOCKS])
def test_help_is_what_the_readme_says(arguments: str, text: str) -> None:
    assert shown(arguments.split()) == text.strip()


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(((?!https?:)[^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    assert "$ make test" in README
    assert "make test\n" in (ROOT / ".ci" / "run").read_text()
