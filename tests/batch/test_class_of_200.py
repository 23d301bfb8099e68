"""The class that batches are tried on: what it holds, and that its repositories are what they are said to be."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import class_sources as sources
import pytest
from class_of_200 import class_of_200
from class_repositories import Course, Served, build, serve

from grader.batch.fetch.back_off import BackOff
from grader.batch.fetch.deadline import Deadline, parse_deadline
from grader.batch.fetch.github import forge_of_environment
from grader.batch.fetch.submission import FetchSettings, fetch_submission
from grader.batch.roster.read import read_roster
from grader.errors import FetchError, SubmissionError
from grader.intake.discover import discover
from grader.model.roster import Roster

CLASS = class_of_200()
# What fetching alone decides, or chooses: the student's kind -> words of what is said.
REFUSED = {
    "no code": (SubmissionError, "holds no code"),
    "too many files": (SubmissionError, "more than 10,000 files of code and text"),
    "empty repository": (SubmissionError, "is empty"),
    "no such branch": (SubmissionError, "has no branch or tag final"),
    "no such folder": (SubmissionError, "There is no folder Session 5"),
    "missing": (FetchError, "does not exist or is not open to you"),
    "unreachable": (FetchError, "unable to connect"),
}
TOO_LARGE = "self.spare"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Course, Served]]:
    late = {student.kind for student in CLASS[-17:-9]}
    chosen = [student for student in CLASS if student.kind in (*REFUSED, *late, "no repository")]
    course = build(tmp_path_factory.mktemp("class"), [*chosen, replace(CLASS[-1], repository_of=0)])
    with serve(course) as served:
        yield course, served


@pytest.fixture
def roster(served: tuple[Course, Served]) -> Roster:
    return read_roster(served[1].roster.read_bytes())


def of_kind(course: Course, kind: str) -> list[str]:
    return [name for name, student in course.students.items() if student.kind == kind]


def fetch(served: Served, roster: Roster, name: str, workspace: Path):
    back_off = BackOff(attempts=1)
    deadline, forge = Deadline(parse_deadline(served.deadline)), forge_of_environment(served.environment)
    (entry,) = (entry for entry in roster.entries if entry.student == name)
    return fetch_submission(entry, FetchSettings(back_off=back_off, deadline=deadline, forge=forge), workspace)


def test_the_class_holds_what_a_class_may_hold():
    results = Counter(student.result for student in CLASS)
    assert results == {
        "pass": 103,
        "fail": 40,
        "ungradable": 44,
        "inconclusive": 5,
        "error": 1,
        "unreached": 5,
        "nothing": 1,
        "excused": 1,
    }
    assert sum(student.kind.startswith("hostile") for student in CLASS) == 30
    assert sum(student.copy_of is not None for student in CLASS) == 26
    assert sum(student.late for student in CLASS) == 2


def test_copies_are_of_those_they_are_said_to_be_of():
    for student in CLASS:
        original = CLASS[student.copy_of] if student.copy_of is not None else student
        assert (student.result, student.failed) == (original.result, original.failed)
        if student.kind == "same words":
            assert student.pushes == original.pushes
        if student.kind == "other names":
            assert student.pushes != original.pushes


def test_no_two_honest_students_wrote_the_same():
    own = [student for student in CLASS if student.copy_of is None and student.kind.startswith("other")]
    assert len(own) == 48
    assert len({tuple(student.pushes[0].files.values()) for student in own}) == 48


@pytest.mark.parametrize("key", sources.CLASSES)
def test_every_form_of_a_reference_model_still_defines_a_model(key, tmp_path):
    text = sources.model_text(key)
    for index, form in enumerate((text, sources.renamed(text), sources.without_norm(text))):
        folder = tmp_path / str(index)
        folder.mkdir()
        (folder / "model.py").write_text(form)
        assert discover(folder).selected is not None
    (tmp_path / "notebook").mkdir()
    (tmp_path / "notebook" / "x.ipynb").write_text(sources.as_notebook(key))
    selected = discover(tmp_path / "notebook").selected
    assert selected is not None
    assert selected.name == sources.CLASSES[key]


def test_the_roster_reads_without_errors(served, roster):
    assert len(roster.entries) == len(served[0].students)
    assert roster.errors == ()
    assert [problem.message for problem in roster.problems] == [
        "no repository is named",
        "the repository is that of line 2, too",
    ]
    assert roster.entries[2].name.startswith("=HYPERLINK(")


@pytest.mark.parametrize("kind", REFUSED)
def test_what_fetching_refuses(served, roster, workspace, kind):
    error, says = REFUSED[kind]
    for name in of_kind(served[0], kind):
        with pytest.raises(error, match=says):
            fetch(served[1], roster, name, workspace)


@pytest.mark.parametrize(
    ("kind", "graded_is_too_large", "late", "note"),
    [
        ("mended too late", True, False, "A push came after the deadline"),
        ("spoiled after the deadline", False, False, "A push came after the deadline"),
        ("rewritten too late", True, False, "and rewrote history"),
        ("emptied too late", False, False, "and rewrote history"),
        ("mended in time", False, False, ""),
    ],
)
def test_what_counts_at_the_deadline(served, roster, workspace, kind, graded_is_too_large, late, note):
    (name,) = of_kind(served[0], kind)
    fetched = fetch(served[1], roster, name, workspace)
    text = (fetched.submission.checkout / "model.py").read_text()
    assert (TOO_LARGE in text, fetched.late, fetched.received_at) == (
        graded_is_too_large,
        late,
        "2026-03-09T12:00:00+00:00",
    )
    assert note in " ".join(fetched.notes)


def test_what_came_late_alone_is_marked(served, roster, workspace):
    first, second = (fetch(served[1], roster, name, workspace) for name in of_kind(served[0], "nothing in time"))
    assert (first.late, second.late) == (True, True)
    (name,) = of_kind(served[0], "starter code in time")
    starter = fetch(served[1], roster, name, workspace)
    assert (starter.late, [path.name for path in starter.submission.checkout.iterdir()]) == (False, ["README.md"])
