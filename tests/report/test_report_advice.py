"""Lines, reasons and changes as each format shows them, whatever the student's texts hold."""

import pytest
from report_factory import at, failing_static, outcome, report

from grader.model.outcome import Change, Outcome, SourceLine, Status
from grader.report.html import to_html
from grader.report.markdown import to_markdown
from grader.report.text import to_text
from grader.report.view.criteria import MOST_CHANGES, MOST_LINES
from grader.report.view.page import page

HOSTILE = "</code><img src=x> `a` \x1b[31m \u202e ##[error]x @you https://evil #1"


def failed(**changes: object) -> Outcome:
    return outcome("parameters", "Few", Status.FAILED, 0, 1, message="Too many.", evidence=(at(3), at(9)), **changes)


def test_a_place_is_shown_once_with_its_line_and_lines_stand_as_in_the_file() -> None:
    lines = (SourceLine(location=at(9), text="b"), SourceLine(location=at(3), text="    a"))
    (row,) = page(report(outcomes=(failed(lines=lines),))).criteria.rows
    assert [(line.place, line.text) for line in row.lines] == [("src/model.py:3", "a"), ("src/model.py:9", "b")]
    assert row.places == ()
    (row,) = page(report(outcomes=(failed(lines=lines[:1]),))).criteria.rows
    assert row.places == ("src/model.py:3",)


def test_only_what_was_measured_is_said_to_mend() -> None:
    measured, read = Change(what="A.", measured=True), Change(what="B.")
    headings = [
        page(report(outcomes=(failed(changes=changes),))).criteria.rows[0].changes_heading
        for changes in ((measured,), (measured, measured), (measured, read))
    ]
    assert headings == [
        "A change that mends it", "Each of these changes mends it", "What to do, and what speaks for it",
    ]  # fmt: skip


@pytest.mark.parametrize("form", [to_html, to_markdown, to_text])
def test_everything_is_there_in_every_format(form: object) -> None:
    text = form(failing_static())  # type: ignore[operator]
    words = " ".join(text.split())
    for part in (
        "nn.Conv2d(32, 25, 3, padding=1)",
        "with room for 186 more",
        "instead of storing",
        "nn.Linear(10, 10)",
    ):
        assert part in words, part
    assert "at the expense of" in words


@pytest.mark.parametrize("form", [to_html, to_markdown, to_text])
def test_nothing_in_it_is_obeyed(form: object) -> None:
    change = Change(what=HOSTILE, effect=HOSTILE, code=(HOSTILE,), location=at(3, HOSTILE), hinders=(HOSTILE,))
    line = SourceLine(location=at(3, HOSTILE), text=HOSTILE)
    text = form(report(outcomes=(failed(changes=(change,), lines=(line,), why=HOSTILE),)))  # type: ignore[operator]
    assert "\x1b" not in text and "\u202e" not in text
    assert form is to_html or "##[" not in text  # a page is no log
    if form is not to_text:
        assert "<img src=x" not in text
    if form is to_markdown:
        outside = "".join(part for index, part in enumerate(text.split("`")) if index % 2 == 0)
        assert "@you" not in outside and "https://" not in outside


def test_lines_and_changes_are_bounded_in_number_and_length() -> None:
    lines = tuple(SourceLine(location=at(number), text="x" * 200) for number in range(1, 13))
    changes = tuple(Change(what="y" * 50_000, effect="z" * 50_000, code=("c" * 50_000,) * 99) for _ in range(40))
    given = report(outcomes=(failed(lines=lines, changes=changes),))
    (row,) = page(given).criteria.rows
    assert (len(row.lines), len(row.changes)) == (MOST_LINES, MOST_CHANGES)
    assert len(to_markdown(given)) < 48_000
