"""What `grader action grade` tells the runner of reports that are rare: errors of ours, several submissions, shares."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from actions_commands import assignments, commands
from report_factory import failing_static, outcome, passing, report

from grader.action.scaled import scaled
from grader.batch.exports.grades import grade_of
from grader.cli import action_job
from grader.cli.action_job import Job, run
from grader.errors import GraderError, SubmissionError, UsageError
from grader.model.grade import Grade
from grader.model.outcome import Status
from grader.model.report import GradeReport
from grader.model.roster import RosterEntry
from grader.model.submission import Location
from grader.report.write import write_report

Graded = Callable[..., tuple[int, dict[str, str], str]]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    values = dict.fromkeys(("ref", "path", "model", "recipe", "epochs", "seeds", "data_dir", "points"))
    return Job(
        workspace=tmp_path, source=".", token="", rubric="demo", train=False, device="auto", advisory=True,
        out=tmp_path / "temp", **values,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def graded(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Graded:
    """`graded(report, ...)`: exit code, outputs and summary of a job in which grading gives these reports."""

    def do(*reports: GradeReport, **changes: Any) -> tuple[int, dict[str, str], str]:
        def carry_out(plan: Any, progress: object) -> list[tuple[Path, GradeReport]]:
            for one in reports:
                write_report(one, plan.out)
            return [(plan.out, one) for one in reports]

        monkeypatch.setattr(action_job, "carry_out", carry_out)
        outputs, summary = tmp_path / "outputs", tmp_path / "summary"
        code = run(replace(job, **changes), outputs=outputs, summary=summary)
        return code, assignments(outputs.read_text()), summary.read_text()

    return do


def test_an_error_of_ours_fails_the_step_and_gives_no_points(graded: Graded) -> None:
    code, outputs, summary = graded(passing().model_copy(update={"verdict": "error", "summary": "Ours."}))
    assert (code, outputs["verdict"], outputs["points"]) == (3, "error", "")
    assert json.loads(base64.b64decode(outputs["classroom-result"]))["status"] == "error"
    assert "Ours." in summary


def test_what_cannot_be_graded_is_a_result(graded: Graded) -> None:
    code, outputs, _ = graded(passing().model_copy(update={"verdict": "inconclusive", "gradable": False}))
    assert (code, outputs["verdict"], outputs["points"]) == (0, "not gradable", "")


def test_several_submissions_are_refused_in_one_sentence(graded: Graded, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SubmissionError, match=r"hands in 2 submissions; the action grades one\. Name one of them"):
        graded(passing(), passing())
    (told,) = commands(capsys.readouterr().out)
    assert (told.name, told.properties["title"]) == ("error", "grader")


def test_two_gradings_of_a_job_keep_apart(graded: Graded, job: Job) -> None:
    graded(passing())
    graded(failing_static())
    assert sorted(folder.name for folder in job.out.iterdir()) == ["grader-report", "grader-report-2"]


def test_without_a_runner_nothing_is_told(job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_report(passing(), tmp_path / "there")
    monkeypatch.setattr(action_job, "carry_out", lambda plan, progress: [(tmp_path / "there", passing())])
    assert run(job, outputs=None, summary=None) == 0


def test_a_runners_file_that_cannot_be_written_is_one_sentence(graded: Graded, tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    with pytest.raises(GraderError, match=r"^The runner's file .*outputs can't be written: Is a directory\.$"):
        graded(passing())


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({"source": "a"}, "WORKSPACE/a"),
        ({"source": "https://x.example/a/b"}, "https://x.example/a/b"),
        ({"source": "https://x.example/a/b", "token": "t/+"}, "https://x-access-token:t%2F%2B@x.example/a/b"),
        ({"source": "file:///a/b", "token": "t"}, "file:///a/b"),
    ],
)
def test_the_source_is_what_grader_check_takes(
    job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, str], source: str
) -> None:
    seen = []

    def carry_out(plan: Any, progress: object) -> list[tuple[Path, GradeReport]]:
        seen.append(plan.source.replace(str(tmp_path), "WORKSPACE"))
        raise UsageError("Enough.")

    monkeypatch.setattr(action_job, "carry_out", carry_out)
    with pytest.raises(UsageError, match="Enough"):
        run(replace(job, **changes), outputs=None, summary=None)  # type: ignore[arg-type]
    assert seen == [source]


@pytest.mark.parametrize(
    ("source", "path", "git", "file"),
    [
        (".", None, ".git", "net.py"),
        ("hand-in/5", None, ".git", "hand-in/5/net.py"),
        ("checkout", "session 5", "checkout/.git", "session 5/net.py"),
        ("hand-in", None, "", "hand-in/net.py"),
        ("/nowhere", None, ".git", "net.py"),
        ("https://x.example/a/b", "session 5", ".git", "session 5/net.py"),
    ],
)
def test_marks_are_below_the_root_of_the_repository(
    graded: Graded, job: Job, capsys: pytest.CaptureFixture[str], source: str, path: str | None, git: str, file: str
) -> None:
    if git:
        (job.workspace / git).mkdir(parents=True)
    failed = outcome("head", "A head", Status.FAILED, 0, 10, message="None.")
    failed = failed.model_copy(update={"evidence": (Location(file="net.py", line=1),)})
    told = passing()
    where = told.provenance.model_copy(update={"path": path})
    graded(told.model_copy(update={"outcomes": (failed,), "provenance": where}), source=source, path=path)
    (mark,) = [one for one in commands(capsys.readouterr().out) if one.name == "error"]
    assert mark.properties["file"] == file


def grade(**changes: Any) -> Grade:
    return grade_of(RosterEntry(student="a", line=1, repository="."), report(**changes), max_points=100)


def test_points_are_shares_of_what_the_assignment_gives() -> None:
    whole = grade()  # 105 of 100, five of them a bonus
    third = scaled(whole, 10)
    assert (third.points, third.max_points) == (10.5, 10)
    assert [line.points * 10 for line in third.criteria] == pytest.approx([line.points for line in whole.criteria])
    assert scaled(whole, None) == scaled(whole, 100) == whole
    assert scaled(grade(verdict="inconclusive"), 10).standing == "not_graded"


def test_three_thirds_are_one_whole() -> None:
    outcomes = tuple(one.model_copy(update={"points": 1.0, "max_points": 1.0}) for one in report().outcomes[:3])
    found = scaled(grade(outcomes=outcomes, score={"points": 3.0, "max_points": 3.0}), 1)
    assert found.points == 1
