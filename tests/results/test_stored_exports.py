"""A class out of its store into every form, read back by the rules of the system that imports it."""

import base64
import csv
import io
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import pytest
from report_factory import passing
from stored_class import FORMULA, fill, partial

from grader.batch.exports.classroom50_submission import classroom50_submission
from grader.batch.results.folders import report_folder
from grader.batch.stored.collect import collect
from grader.batch.stored.export import ensure_report, similarity_of, write_canvas, write_everything, write_per_student
from grader.batch.stored.per_student import classroom50_files, github_classroom_files, gradescope_files
from grader.errors import StoreError, UsageError
from grader.model.report import GradeReport
from grader.model.result import ResultRow
from grader.model.roster import RosterEntry
from grader.model.work import Stage, State, StoredSubmission
from grader.store.engine import Store
from grader.store.tables import BATCH, FINGERPRINT

STUDENTS = ["ada", FORMULA, "liu", "zoe", "bob", "kim", "../eve"]


def test_a_batch_is_read_in_the_order_of_the_roster(store: Store) -> None:
    collection = collect(store)
    assert (collection.batch.title, collection.batch.students, collection.max_points) == ("class.csv", 7, 100)
    found = [(one.row.student, one.row.result, one.grade.standing, one.grade.points) for one in collection.students()]
    assert found == [
        ("ada", "fail", "graded", 92.25),
        (FORMULA, "pass", "graded", 105),
        ("liu", "inconclusive", "not_graded", 0),
        ("zoe", "excused", "excused", 0),
        ("bob", "nothing", "not_graded", 0),
        ("kim", "unreached", "not_graded", 0),
        ("../eve", "ungradable", "not_graded", 0),
    ]
    reasons = {one.row.student: one.grade.reason for one in collection.students()}
    assert reasons["kim"] == "The host is away."
    assert reasons["bob"] == "Nothing to grade: no repository is named."


def test_which_batch_has_to_be_said_where_there_are_several(store: Store) -> None:
    second = fill(store, "other.csv")
    with pytest.raises(UsageError, match="holds 2 batches") as caught:
        collect(store)
    assert "1 (class.csv, 7 students), 2 (other.csv, 7 students)" in str(caught.value)
    assert collect(store, second).batch.title == "other.csv"
    with pytest.raises(UsageError, match="no batch 3"):
        collect(store, 3)


def test_a_store_without_a_batch_and_a_damaged_rubric(store: Store) -> None:
    store.transact(lambda connection: connection.execute(BATCH.update().values(rubric="{}")))
    with pytest.raises(StoreError, match="rubric of batch 1"):
        collect(store)
    store.transact(lambda connection: connection.execute(BATCH.delete()))
    with pytest.raises(UsageError, match="holds no batch"):
        collect(store)


def test_results_with_every_report(store: Store, tmp_path: Path) -> None:
    rows = write_everything(collect(store), tmp_path / "out")
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    assert [ResultRow.model_validate_json(line) for line in lines] == rows
    pages = [row.report for row in rows if row.report]
    assert len(pages) == 4
    assert all((tmp_path / "out" / page).is_file() for page in pages)
    overview = (tmp_path / "out" / "overview.html").read_text()
    assert [f'href="{page}"' in overview for page in pages] == [True] * 4
    assert {path.parent.parent for path in (tmp_path / "out").rglob("report.json")} == {tmp_path / "out" / "reports"}
    assert "token" not in overview + "\n".join(lines)


def test_the_class_is_compared_as_far_as_it_left_fingerprints(store: Store, tmp_path: Path) -> None:
    collection = collect(store)
    found = similarity_of(collection)
    assert found is not None
    assert (found.students, found.compared) == (7, 3)
    assert [cluster.students for cluster in found.clusters] == [("ada", FORMULA)]
    write_everything(collection, tmp_path, found)
    overview = (tmp_path / "overview.html").read_text()
    assert "Submissions that resemble each other" in overview
    assert (tmp_path / "similarity.json").exists()
    store.transact(lambda connection: connection.execute(FINGERPRINT.delete()))
    assert similarity_of(collection) is None


def test_a_report_that_stands_there_is_left_and_any_other_is_written(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("report.json", "report.md", "report.html")]

    def written(report: GradeReport) -> list[bool]:
        before = [file.stat().st_ino if file.exists() else None for file in files]
        ensure_report(report, tmp_path)
        return [file.stat().st_ino != inode for file, inode in zip(files, before, strict=True)]

    assert written(passing()) == [True] * 3
    assert written(passing()) == [False] * 3
    assert written(partial()) == [True] * 3
    os.utime(files[2], (1, 1))  # as a writer leaves it that is killed between the files
    assert written(partial()) == [True] * 3
    files[1].unlink()
    assert written(partial()) == [True] * 3
    files[0].write_bytes(b"\xff")
    assert written(partial()) == [True] * 3


class Canvas:
    """What `gradebook_importer.rb` of Canvas LMS does with an upload, as far as its rules can be told from it.

    The delimiter is the one of ";" and "," that parts the first three lines into more, equally many fields. A header
    begins with columns named like Student and ID, then SIS User ID and SIS Login ID; the last of them is Section. Every
    other column is an assignment, by the id in the last parentheses. A first cell with "Points Possible" is no student;
    a row of blanks or "Muted" is none either. A student is found by ID, SIS user, login, or name. Whole numbers and
    decimals may have a comma for a point; "EX" in any case excuses; an empty cell is no grade.
    """

    def __init__(self, text: str, known: dict[str, tuple[str, str, str]]) -> None:
        first = text.splitlines()[:3]
        counts = {}
        for delimiter in ";,":
            widths = {len(next(csv.reader([line], delimiter=delimiter))) for line in first}
            counts[delimiter] = widths.pop() if len(widths) == 1 else 0
        delimiter = ";" if counts[";"] > counts[","] else ","
        header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        assert len(header) > 3
        assert "Student" in header[0]
        assert "ID" in header[1]
        assert re.search(r"SIS\s+User\s+ID", header[2])
        assert re.search(r"SIS\s+Login\s+ID", header[3])
        assert "Section" in header[4]
        self.assignments = {int(re.search(r"\((\d+)\)$", name)[1]): at for at, name in enumerate(header) if at > 4}
        self.grades: dict[str, dict[int, str]] = {}
        self.unknown: list[str] = []
        for row in rows:
            assert len(row) == len(header)
            if "Points Possible" in row[0]:
                self.points = {number: self._number(row[at]) for number, at in self.assignments.items()}
                continue
            if all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell) for cell in row):
                continue
            found = [
                login for login, (identity, sis, name) in known.items()
                if (row[1] and row[1] == identity) or (row[2] and row[2] == sis) or row[3] == login or row[0] == name
            ]  # fmt: skip
            if not found:
                self.unknown.append(row[0])
                continue
            self.grades[found[0]] = {number: row[at].strip() for number, at in self.assignments.items()}

    def score(self, login: str, assignment: int) -> float | str | None:
        cell = self.grades[login][assignment]
        return None if cell == "" else "excused" if cell.upper() == "EX" else self._number(cell)

    @staticmethod
    def _number(cell: str) -> float:
        assert re.fullmatch(r"-?[0-9.,]+%?", cell)
        *whole, last = re.split("[,.]", cell)
        return float(f"{''.join(whole)}.{last}") if whole else float(last)


KNOWN = {
    "ada": ("11", "u11", "Ada L."), FORMULA: ("12", "u12", "'=HYPERLINK(1)"), "liu": ("13", "u13", "Liu"),
    "zoe": ("14", "u14", "x"), "bob": ("15", "u15", "y"), "kim": ("16", "u16", "z"), "../eve": ("17", "u17", "e"),
}  # fmt: skip


def test_canvas_imports_it(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "canvas.csv"
    found = write_canvas(collect(store), file, "Session 5; part 1 (4711)", graded_only=False)
    assert found == {"graded": 2, "excused": 1, "not_graded": 4}
    text = file.read_bytes().decode("utf-8")
    read = Canvas(text, KNOWN)
    assert (read.assignments.keys(), read.points, read.unknown) == ({4711}, {4711: 100}, [])
    assert {login: read.score(login, 4711) for login in KNOWN} == {
        "ada": 92.25, FORMULA: 105, "liu": None, "zoe": "excused", "bob": None, "kim": None, "../eve": None,
    }  # fmt: skip
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "@", "+", "-"))]


def test_canvas_keeps_grades_of_those_that_are_left_out(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "canvas.csv"
    write_canvas(collect(store), file, "Session 5 (4711)", graded_only=True)
    assert Canvas(file.read_text(), KNOWN).grades.keys() == {"ada", FORMULA, "zoe"}


VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
TOP = {
    "score": (int, float), "execution_time": (int, float), "output": str, "output_format": FORMATS,
    "test_output_format": FORMATS, "test_name_format": FORMATS, "visibility": VISIBILITIES,
    "stdout_visibility": VISIBILITIES, "extra_data": dict, "tests": list, "leaderboard": list,
}  # fmt: skip
TEST = {
    "score": (int, float), "max_score": (int, float), "status": {"passed", "failed"}, "name": str, "number": str,
    "name_format": FORMATS, "output": str, "output_format": FORMATS, "tags": list, "visibility": VISIBILITIES,
    "extra_data": dict,
}  # fmt: skip


def require_gradescope(found: dict[str, Any]) -> None:
    """The fields of "Autograder Specifications", "Output format": a score at the top, or tests that all have one."""
    for data, fields in ((found, TOP), *((test, TEST) for test in found.get("tests", ()))):
        for name, value in data.items():
            allowed = fields[name]
            assert value in allowed if isinstance(allowed, set) else isinstance(value, allowed)
            assert not isinstance(value, bool)
    assert "score" in found or "tests" in found
    assert all("score" in test for test in found["tests"])
    if "score" in found:
        assert found["score"] == math.fsum(test["score"] for test in found["tests"])
    assert all(isinstance(tag, str) for test in found["tests"] for tag in test["tags"])


def files(store: Store, folder: Path, kind: Any) -> dict[str, str]:
    """Student -> what was written."""
    written = write_per_student(collect(store), folder, kind)
    found = {student: folder / report_folder(student) / kind.file for student in STUDENTS}
    there = {student: file.read_text() for student, file in found.items() if file.exists()}
    assert len(there) == written.files == len(STUDENTS) - len(written.left_out)
    assert sum(path.is_file() for path in folder.rglob("*")) == written.files
    return there


def test_gradescope_takes_it(store: Store, tmp_path: Path) -> None:
    found = {student: json.loads(text) for student, text in files(store, tmp_path / "out", gradescope_files()).items()}
    for data in found.values():
        require_gradescope(data)
    assert {student: data.get("score") for student, data in found.items()} == {
        "ada": 92.25, FORMULA: 105, "liu": None, "zoe": None, "bob": None, "kim": None, "../eve": None,
    }  # fmt: skip
    assert found["zoe"]["output"] == "Excused."
    assert found["kim"]["output"] == "The host is away."


TIME = r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ"
NEEDED = {"schema", "classroom", "assignment", "assignment_type", "owner", "submission", "commit", "release", "review",
          "datetime", "score", "max-score", "tests"}  # fmt: skip


def require_classroom50(found: dict[str, Any]) -> None:
    """The rules of result-v1.schema.json, and those that its description says code enforces."""
    assert NEEDED <= found.keys() <= NEEDED | {"graded_at", "submitted_by"}
    assert found["schema"] == "classroom50/result/v1"
    assert found["assignment_type"] in ("individual", "group")
    for name in ("classroom", "assignment", "owner", "commit", "release", "review"):
        assert isinstance(found[name], str)
        assert found[name]
    assert re.match("submit/", found["submission"])
    assert re.fullmatch(TIME, found["datetime"])
    assert re.fullmatch(TIME, found.get("graded_at", "2026-01-01T00:00:00Z"))
    for scored in (found, *found["tests"]):
        assert type(scored["score"]) is int
        assert type(scored["max-score"]) is int
        assert 0 <= scored["score"] <= scored["max-score"]
    for test in found["tests"]:
        assert isinstance(test["test-name"], str)
        assert test["test-name"]
        assert type(test["passed"]) is bool


def test_classroom_50_takes_it(store: Store, tmp_path: Path) -> None:
    texts = files(store, tmp_path / "out", classroom50_files("cs", "session-5"))
    found = {student: json.loads(text) for student, text in texts.items()}
    for data in found.values():
        require_classroom50(data)
    assert {student: (data["score"], data["max-score"]) for student, data in found.items()} == {
        "ada": (92, 102), FORMULA: (105, 105), "liu": (0, 0), "../eve": (0, 0),
    }  # fmt: skip
    assert sum(test["score"] for test in found["ada"]["tests"]) == 92
    formula = found[FORMULA]
    assert (formula["owner"], formula["submission"]) == ("formula", "submit/2026-03-01T10-00-00Z-ccccccc")
    assert formula["commit"] == formula["review"] == f"https://h.example/course/1/commit/{'c' * 40}"
    assert formula["release"] == "https://h.example/course/1/releases/tag/submit%2F2026-03-01T10-00-00Z-ccccccc"
    written = write_per_student(collect(store), tmp_path / "again", classroom50_files("cs", "session-5"))
    assert written.left_out == (
        ("zoe", "no commit was graded"),
        ("bob", "the repository has no page on the web"),
        ("kim", "no commit was graded"),
    )


def submission(received_at: str | None = None, **entry: Any) -> StoredSubmission:
    values = {"student": "ada", "line": 2, "repository": "https://h.example/o/r.git"} | entry
    return StoredSubmission(
        id=1, entry=RosterEntry.model_validate(values), stage=Stage.REPORT, state=State.DONE, attempts=1,
        commit="abcdef0123" * 4, received_at=received_at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("repository", "page"),
    [
        ("https://h.example/o/r.git", "https://h.example/o/r"),
        ("https://me:secret@h.example:8443/o/r/?token=x", "https://h.example:8443/o/r"),
        ("git@h.example:o/r.git", "https://h.example/o/r"),
        ("ssh://git@h.example:22/o/r.git", "https://h.example/o/r"),
    ],
)
def test_the_page_of_a_repository(repository: str, page: str) -> None:
    given = submission("2026-03-01T10:00:00+00:00", repository=repository)
    assert classroom50_submission(given, classroom="c", assignment="a").commit == f"{page}/commit/{given.commit}"


def test_a_submit_tag_in_the_roster_stands_for_itself() -> None:
    tag = "submit/2026-02-28T09-08-07Z-abcdef0"
    found = classroom50_submission(submission(ref=tag), classroom="c", assignment="a")
    assert (found.submission, found.datetime) == (tag, "2026-02-28T09:08:07Z")


def test_what_is_not_known_is_not_made_up() -> None:
    for given in (submission(), submission("yesterday"), submission(ref="main")):
        with pytest.raises(UsageError, match="time of handing in"):
            classroom50_submission(given, classroom="c", assignment="a")
    for repository in ("/srv/r", "file:///srv/r", None):
        with pytest.raises(UsageError, match="no page on the web"):
            classroom50_submission(submission("x", repository=repository), classroom="c", assignment="a")


def test_github_classroom_takes_it(store: Store, tmp_path: Path) -> None:
    texts = files(store, tmp_path / "out", github_classroom_files())
    found = {student: json.loads(base64.b64decode(text.strip(), validate=True)) for student, text in texts.items()}
    sums = {student: (data["status"], sum(test["score"] for test in data["tests"])) for student, data in found.items()}
    assert sums == {
        "ada": ("fail", 92.25), FORMULA: ("pass", 105), "liu": ("error", 0), "zoe": ("error", 0), "bob": ("error", 0),
        "kim": ("error", 0), "../eve": ("error", 0),
    }  # fmt: skip


def test_partial_credit_is_the_same_everywhere(store: Store, tmp_path: Path) -> None:
    collection = collect(store)
    write_canvas(collection, tmp_path / "c.csv", "x (1)", graded_only=False)
    canvas = Canvas((tmp_path / "c.csv").read_text(), KNOWN).score("ada", 1)
    scope = json.loads(files(store, tmp_path / "g", gradescope_files())["ada"])["score"]
    hub = json.loads(base64.b64decode(files(store, tmp_path / "h", github_classroom_files())["ada"]))
    rows = {row.student: row.points for row in write_everything(collection, tmp_path / "r")}
    assert canvas == scope == sum(test["score"] for test in hub["tests"]) == rows["ada"] == 92.25
