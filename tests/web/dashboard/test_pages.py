"""The pages as they are sent: what they say, what they may load, what their headers allow."""

import re
from typing import Any

import pytest
from classroom import add_job, passing
from report_factory import failing_static
from school import School
from sqlalchemy import update

from grader.model.report import GradeReport
from grader.store.tables import REPORT

INSTRUCTORS = ("/", "/assignments/mnist", "/assignments/warm-up", "/to-do", "/audit")


def pages(school: School) -> dict[str, str]:
    instructor = school.instructor
    addresses = [*INSTRUCTORS, *(f"/jobs/{number}" for number in sorted(set(school.jobs.values())))]
    return {path: instructor.get(path).text for path in addresses} | {"/sign-in": school.visitor().get("/sign-in").text}


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(class_as_it_is: School) -> None:
    for path, text in pages(class_as_it_is).items():
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=|javascript:", text), path
        loaded = re.findall(r'<(?:script|link|img)\b[^>]*?(?:src|href)="([^"]*)"', text)
        assert loaded
        assert all(address.startswith("/static/") for address in loaded), path
        for form in re.findall(r"<form\b[^>]*>.*?</form>", text, re.S):
            assert 'method="get"' in form or 'name="form_token"' in form, path


def test_every_answer_says_what_a_browser_may_do(class_as_it_is: School) -> None:
    for path in INSTRUCTORS:
        headers = class_as_it_is.instructor.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "private, no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_whole_report_may_do_nothing_at_all(class_as_it_is: School) -> None:
    number = class_as_it_is.jobs["ada, third"]
    answer = class_as_it_is.instructor.get(f"/jobs/{number}/report")
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy.endswith("frame-ancestors 'none'; sandbox")
    assert re.search(r"style-src 'sha256-[^']+'", policy)
    assert "99.46 %" in answer.text


def test_static_files_are_kept_by_the_browser_until_they_change(class_as_it_is: School) -> None:
    nobody = class_as_it_is.visitor()
    page = nobody.get("/sign-in").text
    address = re.search(r'href="(/static/dashboard\.css\?v=[0-9a-f]{16})"', page)
    assert address
    first = nobody.get(address[1])
    assert (first.status_code, "immutable" in first.headers["cache-control"]) == (200, True)
    again = nobody.get("/static/dashboard.css", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "no-cache")
    assert nobody.get("/static/../pyproject.toml").status_code in (303, 404)
    assert nobody.get("/static/secrets.css").status_code == 404


def test_the_class_is_as_its_store_says(class_as_it_is: School) -> None:
    text = class_as_it_is.instructor.get("/assignments/mnist").text
    assert "24 students: 17 graded, 11 passed, 7 without a grade." in text
    assert "1 grading was given up" in text
    assert text.count("<tr data-tags=") == 24
    ada = re.search(r'<tr data-tags="[^"]*">\s*<th scope="row"><a href="/jobs/(\d+)">ada-quast', text)
    assert ada
    assert int(ada[1]) == class_as_it_is.jobs["ada, third"]  # the newest in time, not the newest
    assert "Nothing to grade: nothing was handed in." in text


def test_a_grading_is_shown_with_what_was_before(class_as_it_is: School) -> None:
    text = class_as_it_is.instructor.get(f"/jobs/{class_as_it_is.jobs['ada, third']}").text
    for words in ("Since the previous report", "+0.35 percentage points", "but this one counts", "late"):
        assert words in text
    assert text.count('<a class="commit"') == 3


def test_a_training_that_goes_on_is_drawn(class_as_it_is: School) -> None:
    number = class_as_it_is.jobs["Uma Rao"]
    student = class_as_it_is.visitor("uma-rao")
    text = student.get(f"/jobs/{number}").text
    assert f'data-events="/events/jobs/{number}"' in text
    part = student.get(f"/jobs/{number}/live").text
    assert "Seed 0: epoch 6 of 20, best so far 99.19 %" in part
    assert "<html" not in part


def hostile(field: str) -> GradeReport:
    text = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e'
    base = failing_static()
    match field:
        case "summary":
            return base.model_copy(update={"summary": text})
        case "criterion":
            rows = tuple(one.model_copy(update={"title": text, "message": text, "fix": text}) for one in base.outcomes)
            return base.model_copy(update={"outcomes": rows})
    return base.model_copy(update={"model": base.model.model_copy(update={"name": text, "file": text})})


@pytest.mark.parametrize("field", ["summary", "criterion", "model"])
def test_markup_of_a_submission_is_text(school: School, field: str) -> None:
    more: dict[str, Any] = {
        "student": "<b>x</b>", "ref": "refs/heads/<b>x</b>", "problem": "<b>x</b>", "cause": "<b>x</b>",
        "repository": "course/mnist-<b>x</b>",
    }  # fmt: skip
    number = school.services.store.transact(lambda c: add_job(c, "Eve", found=hostile(field), **more))
    for path in (f"/jobs/{number}", f"/jobs/{number}/report", "/assignments/mnist", "/to-do"):
        text = school.instructor.get(path).text
        assert "<b>x" not in text, path
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "\u202e" not in text, path


def test_a_damaged_report_is_said_and_spoils_no_class(school: School) -> None:
    number = school.services.store.transact(lambda c: add_job(c, "Yara Kahn", found=passing("yara"), label="yara"))
    school.services.store.transact(lambda c: c.execute(update(REPORT).values(content=b"damaged")))
    page = school.instructor.get(f"/jobs/{number}")
    assert page.status_code == 200
    assert "in the store is damaged" in page.text
    assert school.instructor.get("/assignments/mnist").status_code == 200
    refused = school.instructor.get(f"/jobs/{number}/report")
    assert (refused.status_code, "can&#39;t be read" in refused.text) == (500, True)


def test_it_says_who_can_be_seen_where_a_store_is_empty(school: School) -> None:
    assert "Nothing was handed in yet." not in school.instructor.get("/assignments/mnist").text
    assert "1 student" in school.instructor.get("/assignments/warm-up").text
    assert "Nothing of yours was graded yet" in school.visitor("yara-kahn").get("/").text
