"""`.grader.yml`: what it may say, and what is answered where it says something else."""

import os

import pytest

from grader.errors import SubmissionError
from grader.intake.manifest import Entry, read_manifest


@pytest.fixture
def read(tmp_path):
    def read(text: str | bytes):
        (tmp_path / ".grader.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_manifest(tmp_path)

    return read


@pytest.fixture
def complaint(read):
    def complaint(text: str | bytes) -> str:
        with pytest.raises(SubmissionError) as caught:
            read(text)
        return caught.value.message

    return complaint


def test_no_file_is_no_manifest(tmp_path):
    assert read_manifest(tmp_path) is None


def test_one_submission(read):
    manifest = read("model: src/train.py:Net@12\nrecipe: recipe.yaml\nreadme: docs/README.md\n")
    assert manifest.entries == (Entry(model="src/train.py:Net@12", recipe="recipe.yaml", readme="docs/README.md"),)


def test_an_empty_file_and_a_byte_order_mark_are_fine(read):
    assert read("").entries == (Entry(),)
    assert read(b"\xef\xbb\xbfmodel: a.ipynb:3:Net").entries == (Entry(model="a.ipynb:3:Net"),)


def test_several_submissions(read):
    manifest = read("submissions:\n- {name: first, path: a, model: 'm.py:A'}\n- {name: second, model: 'm b.py:B'}\n")
    assert [entry.name for entry in manifest.entries] == ["first", "second"]
    assert manifest.entries[0].path == "a"
    assert manifest.entries[1].model == "m b.py:B"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modle: a.py:Net", ".grader.yml:1: unknown key 'modle' (did you mean 'model'?)"),
        ("# x\nmodel: [1]", ".grader.yml:2: model must be a valid string, not [1]"),
        ("model: a.py", ".grader.yml:1: model: 'a.py' must be FILE:CLASS, or FILE:CELL:CLASS for a notebook"),
        ("model: ../a.py:Net", ".grader.yml:1: model: '../a.py' must be a path inside the folder, without '..'"),
        ("recipe: /etc/passwd", ".grader.yml:1: recipe: '/etc/passwd' must be a path inside"),
        ("submissions: []", ".grader.yml:1: submissions"),
        ("submissions:\n- path: a/../../b", ".grader.yml:2: submissions.path: 'a/../../b' must be a path inside"),
        ("submissions:\n- name: ../x", ".grader.yml:2: submissions.name: '../x' must be letters"),
        ("submissions:\n- {name: x}\n- {name: x}", "the name 'x' appears twice"),
        ("model: a.py:Net\nsubmissions: [{}]", "'model' stands beside 'submissions'"),
        ("- a\n- b", ".grader.yml:1: the document must be"),
        ("model: a.py:Net\nmodel: b.py:Net", ".grader.yml:2: the key 'model' appears twice (first on line 1)"),
        ("model: {", ".grader.yml:1: not valid YAML"),
        (b"model: a.py:Net\nrecipe: \xff\xfe", ".grader.yml:2: not UTF-8 text."),
    ],
)
def test_mistakes_get_a_line_and_a_sentence(complaint, text, message):
    assert message in complaint(text)


def test_a_link_a_fifo_and_a_folder_are_not_read(tmp_path):
    path = tmp_path / ".grader.yml"
    path.symlink_to("/etc/passwd")
    with pytest.raises(SubmissionError, match="cannot be read"):
        read_manifest(tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SubmissionError, match="not a regular file"):
        read_manifest(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(SubmissionError, match=r"not a regular file|cannot be read"):
        read_manifest(tmp_path)
