"""What GitHub's runner shows of a report, by the runner's own rules for reading it."""

import pytest
from actions_commands import Command, commands
from hypothesis import given
from hypothesis import strategies as st
from report_factory import ambiguous, outcome, passing

from grader.action.annotations import Annotation, annotations
from grader.action.workflow_commands import annotation, silence
from grader.model.outcome import Outcome, Status
from grader.model.report import GradeReport
from grader.model.submission import Location

# Texts that a student may write, with what the runner looks for made likely.
PARTS = ("::", "##[", "error", "]", "%", "%0A", "\n", "\r", ",", "=", ":", " ", "é", "x")
TEXTS = st.lists(st.sampled_from(PARTS)).map("".join) | st.text(max_size=60)


@given(message=TEXTS, title=TEXTS, file=TEXTS)
def test_whatever_the_texts_it_is_one_command(message: str, title: str, file: str) -> None:
    line = annotation("error", message, title=title, file=file, line=3)
    (found,) = commands(line)
    assert line.splitlines() == [line]
    assert (found.name, found.properties["line"]) == ("error", "3")
    assert set(found.properties) <= {"file", "line", "title"}


def test_plain_texts_arrive_as_they_were() -> None:
    line = annotation("notice", "50 % of it:\nfix, then push", title="a, b: c", file="a,b/é:1.py", line=7)
    told = {"title": "a, b: c", "file": "a,b/é:1.py", "line": "7"}
    assert list(commands(line)) == [Command("notice", "50 % of it:\nfix, then push", told)]


def test_between_silence_and_its_end_nothing_is_obeyed() -> None:
    hush, speak = silence()
    output = f"{hush}\n::error::a\n::stop-commands::x\n::x::\n##[add-path]/x\n{speak}\n::warning::b"
    assert [command.data for command in commands(output)] == ["b"]
    assert silence() != (hush, speak)


def marked(*outcomes: Outcome, root: str = "", **changes: object) -> list[Annotation]:
    return list(annotations(passing().model_copy(update={"outcomes": outcomes, **changes}), root))


def missed(**changes: object) -> Outcome:
    place = Location(file="net.py", line=4)
    return outcome("head", "A head", Status.FAILED, 0, 10, message="None.", fix="Add one.").model_copy(
        update={"evidence": (place, Location(file="other.py", line=9)), **changes}
    )


@pytest.mark.parametrize(
    ("changes", "level", "title"),
    [
        ({"kind": "required"}, "error", "A head"),
        ({"kind": "optional"}, "notice", "A head"),
        ({"kind": "bonus"}, "notice", "A head"),
        ({"kind": "required", "status": Status.INCONCLUSIVE}, "warning", "A head (inconclusive)"),
        ({"kind": "required", "status": Status.ERROR}, "warning", "A head (error on our side)"),
    ],
)
def test_the_first_place_of_what_is_open_is_marked(changes: dict[str, object], level: str, title: str) -> None:
    assert marked(missed(**changes)) == [Annotation(level, title, "None.\nAdd one.", "net.py", 4)]  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [Status.PASSED, Status.SKIPPED])
def test_what_is_not_open_is_not_marked(status: Status) -> None:
    assert marked(missed(status=status)) == []


def test_places_are_below_the_repositorys_root() -> None:
    assert [mark.file for mark in marked(missed(), root="session 5")] == ["session 5/net.py"]
    assert marked(missed(evidence=()), root="session 5")[0].command == "::error title=A head::None.%0AAdd one."


def test_a_notebooks_cell_is_told_in_words() -> None:
    (mark,) = marked(missed(evidence=(Location(file="a.ipynb", cell=3, line=2),)))
    assert (mark.title, mark.file, mark.line) == ("A head: cell 3, line 2", "a.ipynb", None)


def test_beyond_ten_of_a_level_the_last_one_counts_the_rest() -> None:
    marks = marked(*(missed() for _ in range(14)), missed(kind="bonus"))
    assert [mark.title for mark in marks] == ["A head"] * 9 + ["5 more criteria", "A head"]
    assert len(marked(*(missed() for _ in range(10)))) == 10


def test_a_submission_that_cannot_be_graded_is_one_error() -> None:
    report: GradeReport = ambiguous()
    (mark,) = annotations(report)
    assert (mark.level, mark.title) == ("error", "Not graded")
    assert report.outcomes[0].message in mark.message
