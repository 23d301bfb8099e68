"""Which of several submissions in one repository a batch grades, and what stands for a commit where there is none."""

from pathlib import Path

import pytest

from grader.batch.run.files import packed, unpacked
from grader.batch.run.keys import state_of
from grader.errors import SubmissionError
from grader.intake.manifest import Entry
from grader.model.submission import Submission
from grader.pipeline.entries import the_one_entry

SEVERAL = """\
submissions:
  - {name: first, path: one, model: 'a.py:A', recipe: r.yaml}
  - {path: two}
  - {model: 'b.py:B'}
"""


def test_without_a_manifest_the_whole_folder_is_the_submission(tmp_path: Path) -> None:
    assert the_one_entry(tmp_path, None) == Entry()
    assert the_one_entry(tmp_path, "a.py:A") == Entry()


def test_one_entry_is_taken_whatever_the_roster_names(tmp_path: Path) -> None:
    (tmp_path / ".grader.yml").write_text("model: a.py:A\nreadme: R.md\n")
    assert the_one_entry(tmp_path, None) == the_one_entry(tmp_path, "b.py:B") == Entry(model="a.py:A", readme="R.md")


def test_of_several_the_roster_has_to_name_one(tmp_path: Path) -> None:
    (tmp_path / ".grader.yml").write_text(SEVERAL)
    with pytest.raises(SubmissionError) as caught:
        the_one_entry(tmp_path, None)
    assert str(caught.value) == (
        "The .grader.yml hands in 3 submissions and one is wanted: first, two, b.py:B."
        " Name the folder of the one to grade as `path` or its class as `model` in the roster."
    )
    assert the_one_entry(tmp_path, "a.py:A").recipe == "r.yaml"
    assert the_one_entry(tmp_path, "c.py:C") == Entry()


def submission(root: Path, **more: object) -> Submission:
    return Submission.model_validate({"source": "s", "checkout": root, "root": root, **more})


def test_a_clean_commit_stands_for_itself(tmp_path: Path) -> None:
    assert state_of(submission(tmp_path, commit="c" * 40)) == "c" * 40


def test_every_change_of_the_files_is_another_state(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.py").write_text("x = 1\n")
    states = [state_of(submission(tmp_path)), state_of(submission(tmp_path, commit="c" * 40, dirty=True))]
    assert states[0] == states[1]
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("no part of the work")
    (tmp_path / "empty").mkdir()
    assert state_of(submission(tmp_path)) == states[0]
    (tmp_path / "sub" / "a.py").write_text("x = 2\n")
    states.append(state_of(submission(tmp_path)))
    (tmp_path / "sub" / "a.py").rename(tmp_path / "sub" / "b.py")
    states.append(state_of(submission(tmp_path)))
    (tmp_path / "link").symlink_to("sub")
    states.append(state_of(submission(tmp_path)))
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("elsewhere")
    states.append(state_of(submission(tmp_path)))
    assert len(set(states)) == len(states) - 1
    assert all(len(state) == 64 for state in states)


def test_files_travel_without_git_and_without_what_leads_out(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "deep" / ".git").mkdir(parents=True)
    (checkout / "deep" / ".git" / "config").write_text("token")
    (checkout / "deep" / "ä b.py").write_bytes(b"x = 1\n")
    (checkout / "inside").symlink_to("deep")
    (checkout / "outside").symlink_to("/etc/passwd")
    (checkout / "above").symlink_to("../../secret")
    with unpacked(packed(checkout)) as folder:
        assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*")) == ["deep", "deep/ä b.py", "inside"]
        assert (folder / "inside" / "ä b.py").read_bytes() == b"x = 1\n"
        assert (folder / "deep" / "ä b.py").stat().st_nlink == 1
    assert not folder.exists()
