"""`grader roster check` through the real command."""

from collections.abc import Callable
from pathlib import Path


def test_a_good_roster(grader: Callable, tmp_path: Path) -> None:
    file = tmp_path / "class.csv"
    file.write_text("student,repository,excused\nada,https://h.example/a/b,\nliu,,yes\n")
    answer = grader("roster", "check", file)
    assert answer.code == 0
    assert answer.stdout.splitlines() == [
        f"{file}:3: warning: no repository is named",
        "grader's own form: 2 students, 1 with a repository, 1 excused, errors: 0, warnings: 1",
    ]


def test_errors_are_listed_by_line_and_cost_the_exit_code(grader: Callable, tmp_path: Path) -> None:
    file = tmp_path / "class.csv"
    file.write_text("identifier,github_username,github_id,name\nada,ada,1,\nada,\x1b[31mx,2,\n")
    answer = grader("roster", "check", file, "--repo-pattern", "https://h.example/{github_username}")
    assert answer.code == 2
    assert f"{file}:3: error: ada is already on line 2" in answer.stdout
    assert "\x1b" not in answer.stdout


def test_a_roster_that_is_not_there_or_no_table(grader: Callable, tmp_path: Path) -> None:
    answer = grader("roster", "check", tmp_path / "none.csv")
    assert (answer.code, answer.stderr) == (
        2,
        f"grader: The roster {tmp_path}/none.csv can't be read: No such file or directory.\n",
    )
    (tmp_path / "empty.csv").write_text("")
    answer = grader("roster", "check", tmp_path / "empty.csv")
    assert (answer.code, answer.stdout) == (2, "")
    assert "The roster is empty." in answer.stderr
