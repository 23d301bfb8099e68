"""What a source on the command line means, and that credentials are never shown."""

import base64

import pytest

from grader.errors import UsageError
from grader.intake.git_command import environment
from grader.intake.git_source import Remote, parse, printable, redact


def test_urls():
    assert parse("https://h.example/a/b.git") == Remote("https://h.example/a/b.git", "https://h.example/a/b.git")
    assert parse("https://h.example:8443/a").url == "https://h.example:8443/a"
    assert parse("ssh://git@h.example/a").url == "ssh://git@h.example/a"
    assert parse("git@h.example:a/b.git").url == "git@h.example:a/b.git"
    assert parse("file:///a/b c").url == "file:///a/b c"


def test_gits_own_protocol_is_for_this_machine_alone():
    assert parse("git://127.0.0.1:9418/a/b.git").url == "git://127.0.0.1:9418/a/b.git"
    assert parse("git://user:secret@localhost/a?x#y") == Remote("git://localhost/a", "git://localhost/a")
    assert environment()["GIT_ALLOW_PROTOCOL"] == "https:ssh:file"


def test_credentials_leave_the_url_for_a_header():
    remote = parse("https://user:ghp_s%40cret@h.example/a?token=x#y")
    assert remote.url == remote.shown == "https://h.example/a"
    assert base64.b64decode(remote.header.removeprefix("Authorization: Basic ")) == b"user:ghp_s@cret"
    assert "cret" not in repr(environment()) + remote.url
    assert parse("ssh://git:secret@h.example/a").url == "ssh://git@h.example/a"


def test_redacting_text():
    said = "fatal: unable to access 'https://u:p@h.example/x/': no; try ssh://me@h.example or https://h.example"
    assert (
        redact(said) == "fatal: unable to access 'https://h.example/x/': no; try ssh://h.example or https://h.example"
    )


def test_text_for_a_terminal_is_one_harmless_line():
    assert printable("a\x1b[31m\nb\u202ec") == "a\ufffd[31m\ufffdb\ufffdc"


@pytest.mark.parametrize(
    "source",
    [
        "http://h.example/x",
        "ext::sh -c x",
        "ftp://h.example/x",
        "git://h.example/x",
        "git://127.0.0.1.h.example/x",
        "https://-oProxyCommand=x/y",
        "https:///x",
        "https://[x/",
        "https://h.example:port/x",
        "ssh://-oProxyCommand=x/y",
    ],
)
def test_what_is_no_repository_is_refused(source):
    with pytest.raises(UsageError):
        parse(source)


def test_pages_about_a_repository_are_answered_with_the_options():
    with pytest.raises(UsageError) as caught:
        parse("https://github.com/a/b/tree/main/week 3/net")
    assert caught.value.mend == "Give https://github.com/a/b --ref main --path week 3/net."


def test_a_host_without_scheme_is_answered_with_one():
    with pytest.raises(UsageError) as caught:
        parse("github.com/a/b")
    assert "https://github.com/a/b" in caught.value.mend


def test_the_environment_of_git_holds_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("GIT_DIR", "/somewhere")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.fsmonitor'='x'")
    told = environment()
    assert not {"GITHUB_TOKEN", "GIT_DIR", "GIT_CONFIG_PARAMETERS"} & set(told)
    assert told["GIT_CONFIG_GLOBAL"] == "/dev/null"
