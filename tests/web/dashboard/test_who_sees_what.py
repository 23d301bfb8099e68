"""Roles: nobody, a student, another student, an instructor; by page, by form and by guessed numbers."""

import re

import pytest
from classroom import TOKEN, add_job
from school import School
from sqlalchemy import update

from grader.store.review_tables import SESSION

STUDENT = "dana-fox"


def addresses(number: int) -> list[str]:
    return [f"/jobs/{number}{part}" for part in ("", "/live", "/report", "/report.json")]


FOR_INSTRUCTORS = ("/assignments/mnist", "/assignments/mnist/export/csv", "/to-do", "/audit")


def test_nobody_is_sent_to_the_sign_in_and_back(class_as_it_is: School) -> None:
    nobody = class_as_it_is.visitor()
    for path in ("/", *FOR_INSTRUCTORS, *addresses(1)):
        answer = nobody.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
    assert nobody.post("/jobs/1/regrade", {}).status_code == 401


def test_a_student_sees_their_own_grading(class_as_it_is: School) -> None:
    number = class_as_it_is.jobs["Dana Fox"]
    student = class_as_it_is.visitor(STUDENT)
    for path in addresses(number):
        assert student.get(path).status_code == 200
    page = student.get(f"/jobs/{number}").text
    assert "Fewer than 20,000 parameters" in page
    for words in ("Points by hand", "Grade again", "Audit trail"):
        assert words not in page


def test_to_a_student_everything_else_looks_as_if_it_were_not_there(class_as_it_is: School) -> None:
    student = class_as_it_is.visitor(STUDENT)
    missing = student.get("/jobs/2147483647")
    assert missing.status_code == 404
    own = class_as_it_is.jobs["Dana Fox"]
    for number in range(-1, 40):
        for path in addresses(number) if number != own else ():
            answer = student.get(path)
            assert (answer.status_code, answer.text) == (404, missing.text), path
    for path in (*FOR_INSTRUCTORS, "/jobs/x", "/jobs/99999999999999999999", "/nothing"):
        assert (student.get(path).status_code, student.get(path).text) == (404, missing.text), path
    home = student.get("/").text
    assert re.findall(r'href="/jobs/(\d+)"', home) == [str(own)]


def test_a_student_can_change_nothing_of_others_and_no_points(school: School) -> None:
    student, others, own = school.visitor(STUDENT), school.jobs["Ada Quast"], school.jobs["Dana Fox"]
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', student.get("/").text)
    assert token
    sent = {"form_token": token[1], "text": "x", "points": "100", "reason": "x", "student": "bo-li", "again": "bo-li"}
    for action in (
        f"/jobs/{others}/appeal", f"/jobs/{others}/regrade", f"/jobs/{own}/regrade", f"/jobs/{own}/override",
        f"/jobs/{own}/override/revoke", "/appeals/1/answer", "/students/forget",
    ):  # fmt: skip
        assert student.post(action, sent).status_code == 404, action
    assert "Nothing yet" in school.instructor.get("/audit").text


def test_who_shares_no_account_with_anybody_sees_nothing_of_those_without_one(school: School) -> None:
    number = school.services.store.transact(lambda c: add_job(c, "No Body", login=""))
    assert school.visitor("no-body").get(f"/jobs/{number}").status_code == 404
    assert school.instructor.get(f"/jobs/{number}").status_code == 200


def test_an_instructor_sees_all(class_as_it_is: School) -> None:
    instructor = class_as_it_is.instructor
    for path in ("/", *FOR_INSTRUCTORS, *addresses(class_as_it_is.jobs["Dana Fox"])):
        assert instructor.get(path).status_code == 200, path


def test_who_is_no_instructor_any_more_is_a_student(class_as_it_is: School) -> None:
    former = class_as_it_is.visitor("prof-bo", "instructor")  # signed in before the configuration changed
    assert former.get("/assignments/mnist").status_code == 404
    assert "Nothing of yours was graded yet" in former.get("/").text


def test_a_program_may_send_the_admin_token(class_as_it_is: School) -> None:
    program = class_as_it_is.visitor()
    found = program.get("/jobs/1/report.json", authorization=f"Bearer {TOKEN}")
    assert (found.status_code, found.json()["schema"]) == (200, "grader/report/v1")
    assert program.get("/jobs/1/report.json", authorization="Bearer wrong").status_code == 303


@pytest.mark.parametrize("who", ["prof-ada", STUDENT])
def test_a_session_that_ran_out_counts_for_nothing(school: School, who: str) -> None:
    visitor = school.visitor(who, "instructor" if who == "prof-ada" else "student")
    assert visitor.get("/").status_code == 200
    past = "2026-01-01T00:00:00+00:00"
    school.services.store.transact(lambda c: c.execute(update(SESSION).values(expires_at=past)))
    assert visitor.get("/").status_code == 303
