"""Forms: points by hand, appeals, grading again, deletion; what each leaves behind, and what is refused."""

import csv
import io
import json
import zipfile

import pytest
from classroom import add_job, forms
from school import School
from sqlalchemy import Connection


def exported(school: School, form: str) -> bytes:
    answer = school.instructor.get(f"/assignments/mnist/export/{form}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    return bytes(answer.content)


def line_of(school: School, student: str) -> dict[str, str]:
    text = exported(school, "csv").decode("utf-8-sig")
    return next(row for row in csv.DictReader(io.StringIO(text)) if row["student"] == student)


def test_points_by_hand_stand_in_the_page_the_exports_and_the_audit_trail(school: School) -> None:
    job = school.jobs["Chidi Obi"]
    assert line_of(school, "chidi-obi")["points"] == "65"
    answer = school.instructor.send(
        f"/jobs/{job}", f"/jobs/{job}/override", {"points": "72,5", "reason": "The <b>server</b> was down."}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/{job}#override")
    assert line_of(school, "chidi-obi")["points"] == "72.5"
    student = school.visitor("chidi-obi").get(f"/jobs/{job}").text
    assert "72.5 points of 100 were set by prof-ada" in student
    assert "The &lt;b&gt;server&lt;/b&gt; was down." in student
    with zipfile.ZipFile(io.BytesIO(exported(school, "gradescope"))) as archive:
        found = json.loads(archive.read("chidi-obi/results.json"))
    assert found["score"] == sum(test["score"] for test in found["tests"]) == 72.5
    trail = school.instructor.get("/audit").text
    assert "72.5" in trail
    assert "mnist/course/mnist-chidi-obi" in trail

    answer = school.instructor.send(f"/jobs/{job}", f"/jobs/{job}/override/revoke", {})
    assert answer.status_code == 303
    assert line_of(school, "chidi-obi")["points"] == "65"
    assert "Revoked: 72.5 points" in school.instructor.get(f"/jobs/{job}").text


def test_who_is_excused_has_no_points(school: School) -> None:
    job = school.jobs["Chidi Obi"]
    school.instructor.send(f"/jobs/{job}", f"/jobs/{job}/override", {"standing": "excused", "reason": "Ill."})
    assert (line_of(school, "chidi-obi")["points"], line_of(school, "chidi-obi")["result"]) == ("", "excused")
    canvas = list(csv.reader(io.StringIO(exported(school, "canvas").decode())))
    assert [row[5] for row in canvas if row[3] == "chidi-obi"] == ["EX"]


def test_points_for_somebody_without_a_report(school: School) -> None:
    job = school.jobs["Vera Blum"]
    school.instructor.send(f"/jobs/{job}", f"/jobs/{job}/override", {"points": "40", "reason": "Shown by hand."})
    line = line_of(school, "vera-blum")
    assert (line["points"], line["result"]) == ("40", "fail")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"points": "many", "reason": "x"}, "The points are not a number."),
        ({"points": "nan", "reason": "x"}, "a number from 0 to"),
        ({"points": "-1", "reason": "x"}, "a number from 0 to"),
        ({"points": "1e9", "reason": "x"}, "a number from 0 to"),
        ({"points": "5", "reason": "  "}, "The reason is missing."),
        ({"points": "5", "reason": "x" * 501}, "The reason is longer than 500 characters."),
    ],
)
def test_points_that_make_no_sense_change_nothing(school: School, fields: dict[str, str], said: str) -> None:
    job = school.jobs["Chidi Obi"]
    answer = school.instructor.send(f"/jobs/{job}", f"/jobs/{job}/override", fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert line_of(school, "chidi-obi")["points"] == "65"


def test_an_appeal_is_answered_where_the_student_sees_it(school: School) -> None:
    job = school.jobs["Dana Fox"]
    student = school.visitor("dana-fox")
    text = "I pushed\n<script>alert(1)</script> \u202eevil"
    assert student.send(f"/jobs/{job}", f"/jobs/{job}/appeal", {"text": text}).status_code == 303
    to_do = school.instructor.get("/to-do").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; ⟪U+202E⟫evil" in to_do
    assert "1 appeal waits" in school.instructor.get("/assignments/mnist").text
    own = student.get(f"/jobs/{job}").text
    assert "Waits for an answer" in own
    assert f'action="/jobs/{job}/appeal"' not in own
    answered = school.instructor.send("/to-do", "/appeals/1/answer", {"text": "I looked again: it stands."})
    assert answered.status_code == 303
    assert "I looked again: it stands." in student.get(f"/jobs/{job}").text
    assert "Nothing" not in school.instructor.get("/audit").text
    again = school.instructor.post("/appeals/1/answer", token_of(school) | {"text": "Another answer."})
    assert again.status_code == 400
    assert "answered already" in again.text


def token_of(school: School) -> dict[str, str]:
    return dict(forms(school.instructor.get("/").text)[0]["hidden"])


def test_no_appeal_while_it_is_graded_nor_an_empty_one(school: School) -> None:
    student, job = school.visitor("uma-rao"), school.jobs["Uma Rao"]
    token = dict(forms(student.get("/").text)[0]["hidden"])
    answer = student.post(f"/jobs/{job}/appeal", token | {"text": "Too slow."})
    assert (answer.status_code, "still being graded" in answer.text) == (400, True)
    done, job = school.visitor("dana-fox"), school.jobs["Dana Fox"]
    assert done.send(f"/jobs/{job}", f"/jobs/{job}/appeal", {"text": " \n "}).status_code == 400
    assert done.send(f"/jobs/{job}", f"/jobs/{job}/appeal", {"text": "x" * 4001}).status_code == 400


def test_a_commit_is_graded_again_as_a_generation_of_its_own(school: School) -> None:
    job = school.jobs["Bo Li"]
    answer = school.instructor.send(f"/jobs/{job}", f"/jobs/{job}/regrade", {})
    assert answer.status_code == 303
    again = int(answer.headers["location"].rpartition("/")[2])
    assert again not in school.jobs.values()
    page = school.instructor.get(f"/jobs/{again}").text
    assert "graded again" in page
    assert "In the queue" in page
    assert line_of(school, "bo-li")["points"] == "105"  # until it is done, the report that is there counts


def test_what_was_given_up_is_tried_again(school: School) -> None:
    job = school.jobs["Vera Blum"]
    assert "the forge answers 502" in school.instructor.get("/to-do").text
    answer = school.instructor.send("/to-do", f"/jobs/{job}/regrade", {})
    assert answer.headers["location"] == f"/jobs/{job}"
    assert "In the queue" in school.instructor.get(f"/jobs/{job}").text
    assert "Nothing waits for a person" in school.instructor.get("/to-do").text


def test_all_that_was_given_up_is_tried_again_at_once(school: School) -> None:
    assert "Try all" not in school.instructor.get("/to-do").text  # of one there is a button already
    more = {"state": "dead", "problem": "The forge answers 502.", "attempts": 4}
    school.services.store.transact(lambda c: [add_job(c, "Yara Kahn", label=f"y{n}", **more) for n in range(2)])
    assert "Try all 3 again" in school.instructor.get("/to-do").text
    assert school.instructor.send("/to-do", "/to-do/retry", {}).headers["location"] == "/to-do"
    assert "Nothing waits for a person" in school.instructor.get("/to-do").text
    assert school.instructor.get("/audit").text.count("regrade") == 3
    assert school.visitor("dana-fox").post("/to-do/retry", {}).status_code == 404


def test_a_long_history_is_cut(school: School) -> None:
    def push(c: Connection) -> list[int]:
        return [add_job(c, "Yara Kahn", label=f"y{number}") for number in range(45)]

    last = school.services.store.transact(push)[-1]
    page = school.instructor.get(f"/jobs/{last}").text
    assert page.count('class="commit"') == 40
    assert "5 older ones." in page


def test_a_students_data_is_deleted_when_the_name_is_written_twice(school: School) -> None:
    job = school.jobs["Dana Fox"]
    refused = school.instructor.send("/audit", "/students/forget", {"student": "dana-fox", "again": "dana"})
    assert (refused.status_code, "not the same" in refused.text) == (400, True)
    unknown = school.instructor.send("/audit", "/students/forget", {"student": "nobody", "again": "nobody"})
    assert (unknown.status_code, "holds nothing of &#39;nobody&#39;" in unknown.text) == (400, True)
    assert school.instructor.get(f"/jobs/{job}").status_code == 200
    done = school.instructor.send("/audit", "/students/forget", {"student": "dana-fox", "again": "dana-fox"})
    assert done.status_code == 200
    assert "course/mnist-dana-fox" in done.text
    assert school.instructor.get(f"/jobs/{job}").status_code == 404
    assert "dana" not in school.instructor.get("/audit").text
    assert line_of(school, "dana-fox")["result"] == "nothing"  # the roster still has the name


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"\xff=\xfe", "application/x-www-form-urlencoded", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(40)), "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 400),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
        (b"points=5&reason=x", "application/x-www-form-urlencoded", 403),
        (b"points=5&reason=x&form_token=" + b"0" * 64, "application/x-www-form-urlencoded", 403),
    ],
)
def test_forms_that_are_none_of_ours(school: School, body: bytes, kind: str, status: int) -> None:
    job, instructor = school.jobs["Chidi Obi"], school.instructor
    cookie = "; ".join(f"{name}={value}" for name, value in instructor.cookies.items())
    headers = {"content-type": kind, "cookie": cookie}
    answer = instructor._client.post(f"/jobs/{job}/override", content=body, headers=headers)
    assert answer.status_code == status
    assert line_of(school, "chidi-obi")["points"] == "65"


def test_a_form_that_another_site_sends_is_refused(school: School) -> None:
    job = school.jobs["Chidi Obi"]
    fields = {"points": "5", "reason": "x"}
    for origin, status in (("https://evil.example", 403), ("null", 403), ("http://127.0.0.1:8000", 303)):
        answer = school.instructor.send(f"/jobs/{job}", f"/jobs/{job}/override", fields, origin=origin)
        assert answer.status_code == status


def test_a_token_of_somebody_else_is_refused(school: School) -> None:
    job = school.jobs["Chidi Obi"]
    token = dict(forms(school.visitor("dana-fox").get("/").text)[0]["hidden"])
    answer = school.instructor.post(f"/jobs/{job}/override", token | {"points": "5", "reason": "x"})
    assert answer.status_code == 403
