"""Every student has a folder of their own, whatever the name."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch.results.folders import report_folder, report_page


@pytest.mark.parametrize("student", ["ada", "ada.lovelace", "a-1_b", "0042", "ada.l.b.c"])
def test_a_plain_name_stands_for_itself(student: str) -> None:
    assert report_folder(student) == student
    assert report_page(student) == f"reports/{student}/report.html"


@pytest.mark.parametrize(
    "student",
    ["../../etc/passwd", "a/b", "a\\b", ".", "..", ".hidden", "a.", "CON", "nul.txt", "Ada", "=cmd|' /C calc'!A0", "",
     "李娜", "a" * 300, "a\nb", "a b", "x@y.example", "\udce9", "a:b", "%2e%2e", "ada~000000000000"],
)  # fmt: skip
def test_any_other_name_becomes_plain_and_keeps_apart(student: str) -> None:
    folder = report_folder(student)
    assert "~" in folder
    assert folder.isascii()
    assert folder == folder.lower()
    assert PurePosixPath(folder).parts == (folder,)
    assert len(folder) <= 60


def test_names_that_look_alike_have_folders_of_their_own() -> None:
    names = ["Ada", "ADA", "ada", "a da", "a-da", "a/da", "a\\da"]
    assert len({report_folder(name) for name in names}) == len(names)


@given(st.lists(st.text(max_size=12), unique=True, max_size=8))
def test_no_two_names_share_a_folder(names: list[str]) -> None:
    assert len({report_folder(name) for name in names}) == len(names)
