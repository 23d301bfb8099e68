"""Which reports of another job are posted: the expected one, and none that was made up, mixed up or blown up."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graded_repository import Graded
from report_artifacts import bomb, packed, understated

from grader.action.artifact import read_report
from grader.action.verify import Expected, verified
from grader.errors import PublishError
from grader.pipeline.measured_alike import Marking
from grader.rubric.load import load_rubric

Change = Callable[[dict[str, Any]], None]


def expected(graded: Graded, content: bytes) -> Expected:
    """What a posting job expects if the grading job told the digest of `content`: it made it, or was taken over."""
    digest = hashlib.sha256(content).hexdigest()
    return Expected(graded.commit, Marking(load_rubric("demo"), None), digest, static=True)


def test_the_report_of_the_grading_job_is_taken(passing: Graded, failing: Graded) -> None:
    for graded in (passing, failing):
        told = expected(graded, graded.report)
        assert verified(graded.report, told).verdict == graded.ran.outputs["verdict"]


def everything_passed(report: dict[str, Any]) -> None:
    """As a forger would who takes care that all of it agrees."""
    for outcome in report["outcomes"]:
        outcome |= {"status": "passed", "points": outcome["max_points"]}
    report["score"] = {"points": 65.0, "max_points": 60.0}
    report |= {"verdict": "pass", "summary": "All 4 required criteria are met; 65 of 60 points."}


def nothing_measured(report: dict[str, Any]) -> None:
    everything_passed(report)
    report |= {"facts": None}


def more_points(report: dict[str, Any]) -> None:
    report["score"]["points"] = 60.0


def another_criterion(report: dict[str, Any]) -> None:
    del report["outcomes"][2]  # the one that failed
    report["score"] = {"points": 40.0, "max_points": 50.0}
    report["verdict"] = "pass"


def set_in(section: str, **values: Any) -> Change:
    return lambda report: report[section].update(values)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (everything_passed, "The report's points do not follow from what it measured: 65, not 40."),
        (nothing_measured, "The report gives a grade although nothing could be measured."),
        (more_points, "The report's points do not follow from what it measured: 60, not 40."),
        (another_criterion, "The report's criteria are not those of the rubric."),
        (lambda report: report.update(verdict="pass"), "verdict does not follow from what it measured: it is fail."),
        (lambda report: report.update(gradable=False), "gives a grade although nothing could be measured."),
        (set_in("provenance", commit="b" * 40), f"The report is about commit {'b' * 40}, not about commit "),
        (set_in("provenance", commit=None), "The report is about files outside git, not about commit "),
        (set_in("provenance", dirty=True), "The report is about a checkout with changes that are in no commit."),
        (set_in("provenance", sandbox="process", sandbox_strength="limits only"), "process, which isolates nothing."),
        (
            set_in("rubric", digest="0" * 64),
            "graded with another rubric than demo: it has the digest 0000",
        ),
        (
            lambda report: report.update(scope="full"),
            "The report was made with retraining, which is not",
        ),
        (lambda report: report.update(schema="grader/report/v2"), 'it lacks "schema": "grader/report/v1".'),
        (lambda report: report["score"].update(points="all"), "The report breaks grader/report/v1 at score.points"),
    ],
)
def test_a_forged_report_is_refused_in_one_sentence(failing: Graded, change: Change, sentence: str) -> None:
    report = json.loads(failing.report)
    change(report)
    content = json.dumps(report).encode()
    with pytest.raises(PublishError) as refused:
        verified(content, expected(failing, content))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_report_of_another_digest_is_refused_before_it_is_parsed(failing: Graded) -> None:
    with pytest.raises(PublishError, match=r"not the one that the grading job made: its digest is [0-9a-f]{12}…"):
        verified(b"\xff{", expected(failing, failing.report))


@pytest.mark.parametrize("content", [b"\xff", b"[", b'{"a": NaN}', b"[" * 100_000])
def test_what_is_no_report_is_refused(failing: Graded, content: bytes) -> None:
    with pytest.raises(PublishError, match=r"^The report is not (UTF-8 text|JSON)"):
        verified(content, expected(failing, content))


def test_a_report_is_found_in_a_file_a_folder_and_an_archive(failing: Graded, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/report.json").write_bytes(failing.report)
    (tmp_path / "download").mkdir()
    (tmp_path / "download/grader-report.zip").write_bytes(failing.artifact)
    places = ("folder", "folder/report.json", "download", "download/grader-report.zip")
    assert {read_report(tmp_path / place) for place in places} == {failing.report}


def twice() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("report.json", "{}")
        archive.writestr("report.json", "[]")
    return content.getvalue()


def encrypted() -> bytes:
    """With the bit set by which an archive says so, in the member's header and in the directory."""
    content = bytearray(packed({"report.json": b"{}"}))
    content[content.index(b"PK\x03\x04") + 6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("archive", "sentence"),
    [
        (bomb(), "report.json has more than 16 MiB and was not read."),
        (understated(bomb()), "is not a zip archive that can be read"),
        (packed({f"{number}": b"" for number in range(1001)}), "has 1,001 entries; it should have one report."),
        (
            packed({"../report.json": b"{}", "/report.json": b"{}"}),
            "has 0 files report.json; it should have one report.",
        ),
        (twice(), "has 2 files report.json; it should have one report."),
        (encrypted(), "is not a zip archive that can be read"),
        (b"PK\x03\x04 and nothing else", "is not a zip archive that can be read"),
        (packed({"report.json": b"{}"})[:-9], "is not a zip archive that can be read"),
    ],
    ids=["bomb", "bomb that lies", "many", "elsewhere", "twice", "encrypted", "garbage", "cut off"],
)
def test_a_hostile_archive_is_refused_in_one_sentence(archive: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "grader-report.zip").write_bytes(archive)
    with pytest.raises(PublishError) as refused:
        read_report(tmp_path)
    assert sentence in str(refused.value)
    assert [file.name for file in tmp_path.iterdir()] == ["grader-report.zip"]


def test_a_large_archive_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "a.zip").open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(PublishError, match=r"has more than 64 MiB\.$"):
        read_report(tmp_path)


def test_links_and_pipes_are_not_followed(failing: Graded, tmp_path: Path) -> None:
    (tmp_path / "report.json").symlink_to("/etc/passwd")
    with pytest.raises(PublishError, match=r"can't be read: Too many levels of symbolic links\.$"):
        read_report(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PublishError, match=r"is not a regular file\.$"):
        read_report(tmp_path / "pipe")
    with pytest.raises(PublishError, match=r"holds neither report.json nor one zip archive\.$"):
        (tmp_path / "empty").mkdir()
        read_report(tmp_path / "empty")
