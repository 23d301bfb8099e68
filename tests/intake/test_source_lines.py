"""Single lines of files and cells; what is no line of the submission is left out."""

import json
from pathlib import Path

import pytest

from grader.intake.lines import MOST_CHARACTERS, MOST_FILES, MOST_LINES, source_lines
from grader.model.submission import Location


def at(file: str, line: int | None, cell: int | None = None) -> Location:
    return Location(file=file, line=line, cell=cell)


def texts(root: Path, *places: Location, checkout: Path | None = None) -> list[str]:
    return [line.text for line in source_lines(root, checkout or root, places)]


def test_lines_of_a_file_and_of_a_cell(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_bytes(b"import torch\r\n\n\tself.conv = 1\r\nx = '\xc3\xa4\x0c\xe2\x80\xa8'\n")
    cells = [
        {"cell_type": "markdown", "source": ["# The net\n", "It has 10 layers"]},
        {"cell_type": "code", "source": "a\nb"},
    ]
    (tmp_path / "lab.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    places = [at("net.py", 3), at("net.py", 4), at("lab.ipynb", 2, 0), at("lab.ipynb", 1, 1), at("net.py", 1)]
    assert texts(tmp_path, *places) == [
        "    self.conv = 1", "x = 'ä\f\u2028'", "It has 10 layers", "a", "import torch",
    ]  # fmt: skip
    assert [line.location for line in source_lines(tmp_path, tmp_path, places)] == places


@pytest.mark.parametrize(
    "place",
    [at("net.py", 2), at("net.py", 99), at("net.py", None), at("gone.py", 1), at("net.py", 1, 0), at("lab.ipynb", 1, 7),
     at("folder", 1), at("../outside.py", 1), at("link.py", 1), at("x" * 5000, 1), at("bad.ipynb", 1, 0)],
)  # fmt: skip
def test_what_is_no_line_of_the_submission_is_left_out(place: Location, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside.py").write_text("secret = 1\n")
    (root / "net.py").write_text("x = 1\n   \n")
    (root / "lab.ipynb").write_text('{"cells": [{"source": 5}]}')
    (root / "bad.ipynb").write_text("[" * 100_000)
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    assert texts(root, place) == []


def test_a_file_of_the_checkout_above_the_graded_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "README.md").write_text("It has 7 layers\n")
    assert texts(tmp_path / "root", at("../README.md", 1), checkout=tmp_path) == ["It has 7 layers"]


def test_lines_files_and_characters_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("x = 1\n" * (MOST_LINES + 9) + "y" * 10_000)
    places = [at("net.py", line) for line in range(1, MOST_LINES + 9)]
    assert len(texts(tmp_path, *places)) == MOST_LINES
    (long,) = texts(tmp_path, at("net.py", MOST_LINES + 10))
    assert (len(long), long[-1]) == (MOST_CHARACTERS, "…")
    for number in range(MOST_FILES + 5):
        (tmp_path / f"{number}.py").write_text("x\n")
    assert len(texts(tmp_path, *(at(f"{number}.py", 1) for number in range(MOST_FILES + 5)))) == MOST_FILES


def test_what_no_file_can_hold_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "lab.ipynb").write_text('{"cells": [{"source": "x = \\"\\ud800\\""}]}')
    assert texts(tmp_path, at("lab.ipynb", 1, 0)) == ['x = "?"']
