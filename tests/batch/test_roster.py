"""Rosters as people have them: every known export, and everything that is wrong with one, by its line."""

import pytest

from grader.batch.roster.pattern import filled, require_pattern
from grader.batch.roster.read import read_roster
from grader.batch.roster.table import plain_name, read_table
from grader.errors import UsageError

CLASSROOM = (
    '\ufeff"identifier","github_username","github_id","name"\r\n'
    '"ada@uni.example","ada","101",""\r\n'
    '"grace@uni.example ","","",""\r\n'
    '"ada@uni.example","ada2","103",""\r\n'
    '"","linus ","104","Linus"\r\n'
)
CLASSROOM50 = (
    "username,first_name,last_name,email,section,github_id,role\n"
    "ada,Ada,Lovelace,ada@uni.example,A,101,student\n"
    "prof,Grace,Hopper,grace@uni.example,A,102,teacher\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (123)\n"
    "    Points Possible,,,,,100.00\n"
    '"Lovelace, Ada",11,u11,ada,Section A,\n'
    '"Student, Test",99,,abc,Section A,\n'
)
PATTERN = "https://host.example/course/mnist-{github_username}"


def messages(roster) -> list[str]:
    return [str(problem) for problem in roster.problems]


def test_github_classrooms_export_with_a_mark_trailing_spaces_empty_cells_and_a_duplicate():
    roster = read_roster(CLASSROOM.encode(), repo_pattern=PATTERN)
    assert roster.kind == "github-classroom"
    assert [(entry.student, entry.line, entry.repository) for entry in roster.entries] == [
        ("ada@uni.example", 2, "https://host.example/course/mnist-ada"),
        ("grace@uni.example", 3, None),
        ("linus", 5, "https://host.example/course/mnist-linus"),
    ]
    assert messages(roster) == [
        "line 3: no github_username is known yet",
        "line 4: ada@uni.example is already on line 2",
    ]
    assert [problem.severity for problem in roster.problems] == ["warning", "error"]
    assert [problem.line for problem in roster.errors] == [4]


def test_classroom_50_leaves_teachers_out():
    roster = read_roster(CLASSROOM50.encode(), repo_pattern="https://host.example/{section}/{username}")
    (entry,) = roster.entries
    assert roster.kind == "classroom50"
    assert (entry.student, entry.name, entry.repository) == ("ada", "Ada Lovelace", "https://host.example/A/ada")
    assert entry.columns["email"] == "ada@uni.example"


def test_canvas_leaves_out_the_points_and_the_test_student():
    roster = read_roster(CANVAS.encode(), repo_pattern="https://host.example/mnist-{sis_login_id}")
    (entry,) = roster.entries
    assert roster.kind == "canvas"
    assert (entry.student, entry.name, entry.line) == ("ada", "Lovelace, Ada", 3)
    assert entry.repository == "https://host.example/mnist-ada"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_our_own_form_in_any_dialect(encoding, delimiter):
    lines = [
        ["student", "Repository", "ref", "path", "model", "recipe", "excused"],
        ["zoë", "https://host.example/z/mnist", "main", "Session 5", "model.py:Net", "house", ""],
        ["liu", "git@host.example:l/mnist.git", "", "", "", "", "yes"],
    ]
    text = "\n".join(delimiter.join(cells) for cells in lines)
    roster = read_roster(text.encode(encoding))
    first, second = roster.entries
    assert (roster.kind, roster.problems) == ("grader", ())
    assert (first.student, first.ref, first.path, first.model, first.recipe, first.excused) == (
        *("zoë", "main", "Session 5", "model.py:Net", "house"),
        False,
    )
    assert (second.repository, second.ref, second.excused) == ("git@host.example:l/mnist.git", None, True)


def test_a_spreadsheets_windows_1252_is_read():
    content = "student;repository\nJürgen;https://host.example/j/x\n".encode("windows-1252")
    assert read_roster(content).entries[0].student == "Jürgen"


def test_lines_are_those_of_the_file_where_a_cell_spans_several():
    content = b'student,repository,name\n\na,https://h.example/a/a,"two\nlines"\n,https://h.example/b/b,\n'
    roster = read_roster(content)
    assert [entry.line for entry in roster.entries] == [3]
    assert messages(roster) == ["line 5: there is no student"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,ext::sh -c id", "There is no folder ext::sh -c id."),
        ("a,http://host.example/x", "Repositories are not fetched over 'http'."),
        ("a,https://user:s3cret@/x", "'https:///x' names no host."),
        ("a,https://host.example/a/b/tree/main", "is a page about a repository"),
        ("a,no/such/folder", "There is no folder no/such/folder."),
        ("a,https://h.example/a/b,--exec", "'--exec' is not a branch, tag or commit"),
        ("a,https://h.example/a/b,main,extra,cell", "it has 5 cells, the header 3; is a comma not quoted?"),
        ("a,", "no repository is named"),
    ],
)
def test_what_is_wrong_with_a_row(row, message):
    roster = read_roster(f"student,repository,ref\nok,https://h.example/o/k,\n{row}\n".encode())
    (problem,) = roster.problems
    assert problem.line == 3
    assert message in problem.message
    assert "s3cret" not in problem.message


@pytest.mark.parametrize("path", ["../other", "/etc", "a/../../b"])
def test_a_path_out_of_the_repository_is_told_by_its_line(path):
    roster = read_roster(
        f"student,repository,path\na,https://h.example/o/k,week 5\nb,https://h.example/b/k,{path}\n".encode()
    )
    assert messages(roster) == [f"line 3: the path {path!r} leads out of the repository"]
    assert [problem.line for problem in roster.errors] == [3]


def test_the_same_repository_twice_is_told_and_allowed():
    roster = read_roster(b"student,repository\na,https://h.example/t/t\nb,https://h.example/t/t\n")
    assert len(roster.entries) == 2
    assert messages(roster) == ["line 3: the repository is that of line 2, too"]
    assert roster.errors == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The roster is empty."),
        (b"\n \n", "The roster is empty."),
        (b"student,repository\n", "The roster names no student."),
        (b"name,age\nx,3\n", "names no columns that are known: name, age."),
        (b"student,ref\nx,main\n", "has no column `repository`."),
        (b'student,repository\n"a,b\nc,d\n', "record that begins on line 2 is not CSV"),
        (b"PK\x03\x04\x00\x00xlsx\x00,", "is not text"),
    ],
)
def test_a_file_that_is_no_roster(content, message):
    with pytest.raises(UsageError, match=message.replace("`", ".")):
        read_roster(content)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("https://h.example/x", "holds no column"),
        ("https://h.example/{", "holds no column"),
        ("https://h.example/{login}", "which is no column"),
        ("https://h.example/{0.__class__}", "which is no column"),
    ],
)
def test_a_pattern_that_can_not_be_filled(pattern, message):
    with pytest.raises(UsageError, match=message):
        require_pattern(pattern, ("student", "github_username"))


@pytest.mark.parametrize(
    ("cell", "segment"),
    [
        ("ada", "ada"),
        ("../../evil", "..%2F..%2Fevil"),
        ("..", "%2E%2E"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("x:y", "x%3Ay"),
    ],
)
def test_a_cell_stays_one_segment_of_the_address(cell, segment):
    assert filled("https://h.example/{who}", {"who": cell}) == f"https://h.example/{segment}"


def test_ten_thousand_rows():
    rows = "".join(f"s{number},https://h.example/c/r{number}\n" for number in range(10_000))
    roster = read_roster(("student,repository\n" + rows).encode())
    assert len(roster.entries) == 10_000
    assert roster.problems == ()


def test_names_of_columns_are_plain():
    assert [plain_name(name) for name in (" SIS User ID", "Title (12)", "github_username")] == [
        *("sis_user_id", "title_12", "github_username"),
    ]
    assert read_table(b"A B;C\n1;2\n").names == ("a_b", "c")
