"""The three files: whole or not at all, and one sentence when they can't be written."""

import errno
import os
from pathlib import Path

import pytest
from report_factory import failing_static

from grader.errors import GraderError, UsageError
from grader.model.report import GradeReport
from grader.report.json_report import from_json
from grader.report.write import require_writable, write_report

NAMES = ["report.html", "report.json", "report.md"]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_new_folder_holds_the_three_files(tmp_path: Path, report: GradeReport) -> None:
    folder = tmp_path / "deep" / "er"
    write_report(report, folder)
    assert sorted(contents(folder)) == NAMES
    assert from_json((folder / "report.json").read_text(encoding="utf-8")) == report


def test_an_earlier_report_is_replaced_and_nothing_else_is_touched(tmp_path: Path, report: GradeReport) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"kept")
    write_report(report, tmp_path)
    write_report(failing_static(), tmp_path)
    assert sorted(contents(tmp_path)) == [*NAMES, "weights.safetensors"]
    assert from_json((tmp_path / "report.json").read_text(encoding="utf-8")) == failing_static()


def test_files_have_the_usual_permissions(tmp_path: Path, report: GradeReport) -> None:
    (tmp_path / "other").write_text("made as usual")
    write_report(report, tmp_path)
    assert {file.stat().st_mode for file in tmp_path.iterdir()} == {(tmp_path / "other").stat().st_mode}


def test_a_file_in_place_of_the_folder_is_wrong_use(tmp_path: Path, report: GradeReport) -> None:
    (tmp_path / "out").write_text("mine")
    for folder in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(UsageError, match=r"can't be written to .*file.*--out"):
            write_report(report, folder)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_in_place_of_a_file_is_wrong_use_and_loses_nothing(tmp_path: Path, report: GradeReport) -> None:
    write_report(report, tmp_path)
    (tmp_path / "report.md").unlink()
    (tmp_path / "report.md").mkdir()
    kept = (tmp_path / "report.json").read_bytes()
    with pytest.raises(UsageError, match=r"named like a report file"):
        write_report(failing_static(), tmp_path)
    assert (tmp_path / "report.json").read_bytes() == kept
    assert sorted(file.name for file in tmp_path.iterdir()) == NAMES


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, GraderError, "disk is full"),
        (errno.EDQUOT, GraderError, "disk is full"),
        (errno.EROFS, UsageError, "read-only"),
        (errno.EACCES, UsageError, "may not write"),
        (errno.EIO, GraderError, "Input/output error"),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "mkdir", "open"])
def test_a_failed_write_loses_nothing_that_was_there(
    tmp_path: Path,
    report: GradeReport,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[GraderError],
    words: str,
    call: str,
) -> None:
    write_report(report, tmp_path)
    before = contents(tmp_path)
    calls = []

    def fail(*_: object, **__: object) -> None:
        calls.append(call)
        if call == "mkdir" or len(calls) == 3:  # of three files, the last
            raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        if call == "fsync":
            patch.setattr(os, "fsync", fail)
        elif call == "mkdir":
            patch.setattr(Path, "mkdir", fail)
        else:
            whole = Path.open
            patch.setattr(Path, "open", lambda *given, **named: fail() or whole(*given, **named))
        with pytest.raises(kind, match=words) as problem:
            write_report(failing_static(), tmp_path)
    assert problem.value.exit_code == (2 if kind is UsageError else 3)
    assert contents(tmp_path) == before


def test_a_folder_made_in_vain_is_taken_away(
    tmp_path: Path, report: GradeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GraderError, match="disk is full"):
        write_report(report, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_device_that_is_full_says_so(tmp_path: Path, report: GradeReport, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real error of a real full device, from the real write."""
    whole = Path.open
    monkeypatch.setattr(Path, "open", lambda self, mode, **named: whole(Path("/dev/full"), "w", **named))
    with pytest.raises(GraderError, match="disk is full"):
        write_report(report, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_whether_a_folder_can_be_written_is_known_beforehand(tmp_path: Path, report: GradeReport) -> None:
    write_report(report, tmp_path)
    before = contents(tmp_path)
    require_writable(tmp_path)
    require_writable(tmp_path / "new" / "folder")
    assert contents(tmp_path) == before
    assert not (tmp_path / "new" / "folder").exists()
    with pytest.raises(UsageError, match="--out"):
        require_writable(tmp_path / "report.md")
