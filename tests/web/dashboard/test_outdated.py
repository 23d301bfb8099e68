"""Results by an earlier version of the rubric: where that is said, and grading them again."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from asgi_client import client_of
from classroom import TOKEN, Visitor, add_job, add_report, commit, forms, passing, services_in
from school import School
from sqlalchemy import Connection, select, update

from grader.rubric.load import rubric_text
from grader.store.audit import entries
from grader.store.queue_tables import JOB
from grader.web.app import create_app

PAGE, FORM = "/assignments/mnist", "/assignments/mnist/regrade"
EVERYBODY = 20  # who has a report that counts


@pytest.fixture
def rubric(tmp_path: Path) -> str:
    """A file with a rubric that is mnist-20k but for its points."""
    file = tmp_path / "changed.yaml"
    file.write_text(rubric_text("mnist-20k").replace("points: 10", "points: 11", 1))
    return str(file)


@pytest.fixture
def changed(school: School, tmp_path: Path, rubric: str) -> Iterator[School]:
    """The class, after its service was started again with that rubric."""
    with ExitStack() as stack:
        services = services_in(tmp_path, rubric=rubric)
        stack.callback(services.store.close)
        client = stack.enter_context(client_of(create_app(services)))
        yield School(services, client, school.jobs)


def queued_again(school: School) -> dict[str, list[int]]:
    """The generations beyond the first, by commit."""

    def read(c: Connection) -> list[tuple[str, int]]:
        wanted = select(JOB.c.commit, JOB.c.generation).where(JOB.c.generation > 0)
        return [(str(row[0]), int(row[1])) for row in c.execute(wanted)]

    found: dict[str, list[int]] = {}
    for name, generation in school.services.store.transact(read):
        found.setdefault(name, []).append(generation)
    return found


def end(school: School, label: str, **values: object) -> None:
    """Let the second generation of a commit end."""
    wanted = (JOB.c.commit == commit(label)) & (JOB.c.generation == 1)
    done = school.services.store.transact(lambda c: c.execute(update(JOB).where(wanted).values(values)))
    assert done.rowcount == 1


def form_token(visitor: Visitor) -> dict[str, str]:
    return dict(forms(visitor.get("/").text)[0]["hidden"])


def audit(school: School) -> list[tuple[str, str, str, dict[str, object]]]:
    found = school.services.store.transact(entries)
    return [(one.who, one.action, one.subject, json.loads(one.detail)) for one in found]


def test_by_the_rubric_of_today_nothing_is_said(class_as_it_is: School) -> None:
    for path in (PAGE, "/assignments/warm-up", f"/jobs/{class_as_it_is.jobs['Bo Li']}"):
        assert "earlier version of the rubric" not in class_as_it_is.instructor.get(path).text


def test_all_that_counts_is_graded_again_once(changed: School) -> None:
    instructor = changed.instructor
    assert f"{EVERYBODY} results are by an earlier version of the rubric." in instructor.get(PAGE).text
    assert "earlier version" not in instructor.get("/assignments/warm-up").text
    token = form_token(instructor)
    answer = instructor.send(PAGE, FORM, {})
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    found = queued_again(changed)
    assert (len(found), set(map(tuple, found.values()))) == (EVERYBODY, {(1,)})
    # Of several commits the one that counts, and none that has no report.
    assert commit("ada 3") in found
    assert not {commit("ada 2"), commit("ada 4"), commit("Uma Rao"), commit("Wim Bos")} & found.keys()
    assert instructor.post(FORM, token).status_code == 303  # the second click of two
    assert queued_again(changed) == found
    assert audit(changed) == [("prof-ada", "regrade", "mnist/everybody", {"results": EVERYBODY})]
    page = instructor.get(PAGE).text
    assert f"{EVERYBODY} results are by an earlier version of the rubric. All are being graded again." in page
    assert FORM not in page


def test_it_goes_down_as_reports_come_and_does_nothing_about_what_was_tried(changed: School, rubric: str) -> None:
    instructor = changed.instructor
    instructor.send(PAGE, FORM, {})
    key = changed.services.store.transact(lambda c: add_report(c, passing("bo 2"), "bo 2", rubric))
    end(changed, "Bo Li", state="done", report_key=key)
    end(changed, "Dana Fox", state="failed")
    end(changed, "Emre Kaya", state="dead", problem="The forge answers 502.")
    end(changed, "Femi Ade", state="gone", problem="A forced push took it away.")
    page = instructor.get(PAGE).text
    assert f"{EVERYBODY - 1} results are by an earlier version of the rubric." in page
    assert f"{EVERYBODY - 3} are being graded again. 2 could not be graded again." in page
    before = queued_again(changed)
    instructor.post(FORM, form_token(instructor))
    assert queued_again(changed) == before
    changed.services.store.transact(lambda c: add_job(c, "Yara Kahn", found=passing("yara")))
    assert "Grade the others again" in instructor.get(PAGE).text
    instructor.send(PAGE, FORM, {})
    assert queued_again(changed) == {**before, commit("Yara Kahn"): [1]}
    assert [detail for *_, detail in audit(changed)] == [{"results": 1}, {"results": EVERYBODY}]


def test_a_grading_says_that_its_rubric_is_not_that_of_today(changed: School) -> None:
    student, number = changed.visitor("bo-li"), changed.jobs["Bo Li"]
    assert "By an earlier version of the rubric." in student.get(f"/jobs/{number}").text
    for other in ("Uma Rao", "warm-up"):  # one without a report, and one of an assignment that has not changed
        assert "earlier version" not in changed.instructor.get(f"/jobs/{changed.jobs[other]}").text


def test_only_an_instructor_by_a_form_of_ours_and_for_an_assignment_that_there_is(changed: School) -> None:
    student = changed.visitor("bo-li")
    token = form_token(student)
    assert student.post(FORM, token).status_code == 404
    assert changed.visitor().post(FORM, {}).status_code == 401
    assert changed.instructor.post(FORM, {}).status_code == 403
    assert changed.instructor.post(FORM, token).status_code == 403
    assert changed.instructor.send(PAGE, FORM, {}, origin="https://evil.example").status_code == 403
    program = changed.visitor()
    assert program.post("/assignments/none/regrade", {}, authorization=f"Bearer {TOKEN}").status_code == 404
    assert (queued_again(changed), audit(changed)) == ({}, [])


def test_a_program_lets_them_be_graded_again(changed: School) -> None:
    program, mine = changed.visitor(), {"authorization": f"Bearer {TOKEN}"}
    address = "/api/assignments/mnist/regrade-outdated"
    assert changed.instructor.post(address, {}).status_code == 403
    assert changed.visitor("bo-li").post(address, {}).status_code == 404
    assert program.post("/api/assignments/none/regrade-outdated", {}, **mine).status_code == 404
    (today,) = {
        one["rubric_digest"] for one in program.get("/api/assignments", **mine).json() if one["name"] == "mnist"
    }
    job = program.get(f"/api/jobs/{changed.jobs['Bo Li']}", **mine).json()
    assert job["rubric_digest"] not in (None, today)
    for queued in (EVERYBODY, 0):
        answer = program.post(address, {}, **mine)
        assert (answer.status_code, answer.json()) == (202, {"queued": queued})
    assert audit(changed) == [("admin", "regrade", "mnist/everybody", {"results": EVERYBODY})]
