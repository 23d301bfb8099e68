"""What instructors carry to their gradebooks: every form, with the same points, and no formula in it."""

import csv
import io
import json
import zipfile

import pytest
from classroom import add_job, passing
from school import School

from grader.web.dashboard.exports import FORMATS


def export(school: School, form: str, assignment: str = "mnist") -> bytes:
    return bytes(school.instructor.get(f"/assignments/{assignment}/export/{form}").content)


def rows(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))


def test_all_forms_agree_on_the_points(class_as_it_is: School) -> None:
    table = {row["student"]: row["points"] for row in rows(export(class_as_it_is, "csv"))}
    graded = {student: float(points) for student, points in table.items() if points}
    assert len(graded) == 17
    lines = [json.loads(line) for line in export(class_as_it_is, "jsonl").decode().splitlines()]
    assert {one["student"]: one["points"] for one in lines if one["points"] is not None} == graded
    canvas = rows(export(class_as_it_is, "canvas"))[1:]
    assert {row["SIS Login ID"]: float(row["Session 7: digits with few parameters"]) for row in canvas} == graded
    with zipfile.ZipFile(io.BytesIO(export(class_as_it_is, "gradescope"))) as archive:
        found = {name.partition("/")[0]: json.loads(archive.read(name)) for name in archive.namelist()}
    assert {student: one["score"] for student, one in found.items() if "score" in one} == graded
    assert len(found) == 24


def test_classroom50_leaves_out_who_handed_in_nothing_and_says_so(class_as_it_is: School) -> None:
    with zipfile.ZipFile(io.BytesIO(export(class_as_it_is, "classroom50"))) as archive:
        result = json.loads(archive.read("bo-li/result.json"))
        left_out = archive.read("LEFT_OUT.txt").decode()
    assert (result["schema"], result["score"], result["max-score"]) == ("classroom50/result/v1", 105, 105)
    assert (result["classroom"], result["owner"]) == ("course", "bo-li")
    assert "yara-kahn: the repository has no page on the web" in left_out


def test_a_canvas_column_may_be_named(class_as_it_is: School) -> None:
    answer = class_as_it_is.instructor.get("/assignments/mnist/export/canvas?column=Session 7 (4711)")
    assert "Session 7 (4711)" in answer.text.splitlines()[0]


def test_no_cell_becomes_a_formula(school: School) -> None:
    def work(c: object) -> int:
        return add_job(c, "Mallory", found=passing("mallory"), student="=HYPERLINK(1)")  # type: ignore[arg-type]

    school.services.store.transact(work)
    text = export(school, "csv").decode("utf-8-sig")
    assert "\n'=HYPERLINK(1)," in text.replace("\r\n", "\n")


@pytest.mark.parametrize("path", ["/assignments/mnist/export/xlsx", "/assignments/other/export/csv"])
def test_what_there_is_not_is_not_exported(class_as_it_is: School, path: str) -> None:
    assert class_as_it_is.instructor.get(path).status_code == 404


def test_every_form_leaves_a_line_in_the_audit_trail(school: School) -> None:
    for form in FORMATS:
        assert export(school, form, "warm-up")
    trail = school.instructor.get("/audit").text
    assert all(f"form: {form}" in trail for form in FORMATS)
    assert "warm-up/everybody" in trail
