"""Reading what was left behind, where the process backend lets anything be made."""

import os

import pytest

from grader.sandbox.outputs import read_outputs


@pytest.fixture
def folder(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_plain_files_are_read_and_absent_ones_passed_over(folder, tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"")
    assert read_outputs(folder, ("a", "b", "c"), limit=1, owner=os.geteuid()) == ({"a": b"1", "b": b""}, ())


def refusal(folder: int, name: str, **options) -> str:
    files, refused = read_outputs(folder, (name,), **{"limit": 10, "owner": os.geteuid(), **options})
    assert files == {}
    return refused[0]


def test_links_fifos_folders_and_sockets_are_refused_without_blocking(folder, tmp_path):
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "folder", "fifo"):
        assert refusal(folder, name) == f"{name} was not read: it is not a regular file."


def test_a_link_that_replaces_the_file_after_the_first_look_is_not_followed(folder, tmp_path, monkeypatch):
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to("real")
    real = os.stat("real", dir_fd=folder)
    monkeypatch.setattr(os, "stat", lambda *_, **__: real)
    assert refusal(folder, "link").startswith("link was not read: ")


def test_files_that_are_too_large_are_refused_unread(folder, tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    assert refusal(folder, "huge") == f"huge was not read: it has {1 << 40} bytes, more than 10."


def test_files_of_somebody_else_are_refused(folder, tmp_path):
    (tmp_path / "a").write_text("x")
    assert refusal(folder, "a", owner=os.geteuid() + 1) == "a was not read: it belongs to somebody else."


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "", ".", ".."])
def test_names_that_are_paths_are_refused(folder, name):
    assert "not a plain file name" in refusal(folder, name)
