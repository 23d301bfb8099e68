"""The service's file and its secrets: every mistake is named, with its line."""

from pathlib import Path

import pytest
from a_service import CONFIGURATION, SECRET, TOKEN

from grader.assets import folder
from grader.errors import UsageError
from grader.web.credentials import credentials_of_environment
from grader.web.load_configuration import load_configuration
from grader.web.repositories import Course
from grader.web.serve import forge_credentials

ENVIRONMENT = {"GRADER_WEBHOOK_SECRET": SECRET, "GRADER_ADMIN_TOKEN": TOKEN}


def written(place: Path, text: str) -> Path:
    file = place / "service.yaml"
    file.write_text(text)
    return file


def course(place: Path, assignment: str, roster: str | None = None) -> Course:
    if roster is not None:
        (place / "students.csv").write_text(roster)
    file = written(
        place,
        f"public_url: https://grader.example.org\nassignments:\n  - {{name: mnist, rubric: demo, {assignment}}}\n",
    )
    return load_configuration(file).courses["mnist"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "public_url: http://127.0.0.1:8000",
            "public_url: http://grader.example.org",
            ":1: public_url: write https://HOST",
        ),
        (
            "public_url: http://127.0.0.1:8000",
            "public_url: https://a.example/b",
            ":1: public_url: the service needs a host",
        ),
        ("instructors:", "instructor:", ":2: unknown key 'instructor' (did you mean 'instructors'?)"),
        ("[prof-ada]", "['-x']", ":2: instructors: '-x' is not a login"),
        ("assignments:", "work: {lease: 1}\nassignments:", ":3: work.lease must be greater than or equal to 2"),
        (
            "assignments:",
            "api_url: http://a.example\nassignments:",
            ":3: 'http://a.example' is not the address of GitHub's",
        ),
        ("assignments:", "clone_url: https://t@a.example\nassignments:", ":3: clone_url: leave user and password out"),
        ("assignments:", "store: postgresql://a:b@h/d\nassignments:", ":3: store: leave the password out"),
        ("assignments:", "listen: 8000\nassignments:", ":3: listen must be a valid string"),
        ("assignments:", "listen: ':http'\nassignments:", ":3: listen: write HOST:PORT"),
        ("name: mnist", "name: MNIST", ":4: assignments.name String should match pattern"),
        ("rubric: demo", "rubric: dmo", ":6: There is no rubric 'dmo' (did you mean 'demo'?)"),
        (
            "    repositories: [course/mnist-*]\n",
            "",
            ":4: assignments: the assignment 'mnist' needs repositories or a roster",
        ),
        ("course/mnist-*", "mnist-*", ":7: assignments.repositories: write OWNER/NAME"),
        ("course/mnist-*", "'*/mnist'", ":7: assignments.repositories: write OWNER/NAME"),
        ("train: false", "roster: none.csv", ":8: the roster 'none.csv' can't be read: No such file or directory."),
        (
            "rubric: demo\n    repositories: [course/mnist-*]\n    train: false",
            "rubric: mnist-8k\n    repositories: [course/mnist-*]\n    stop_at_target: true",
            ":8: stop_at_target can't be used with the rubric 'mnist-8k': it judges the last epochs of a training.",
        ),
        ("train: false", "recipe: none", ":8: There is no recipe 'none'"),
        (
            "train: false",
            "deadline: 2026-03-01T10:00:00",
            ":8: assignments.deadline: The deadline '2026-03-01T10:00:00' names",
        ),
        (
            "train: false",
            "publish: [coment]",
            ":8: assignments.publish must be 'comment', 'check', 'status' or 'labels'",
        ),
        ("assignments:", "assignments: []\nothers:", "assignments"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in CONFIGURATION
    file = written(tmp_path, CONFIGURATION.replace(before, after, 1))
    with pytest.raises(UsageError) as raised:
        load_configuration(file)
    assert f"{file}{said}" in str(raised.value) or (not said.startswith(":") and said in str(raised.value))


def test_a_file_that_is_not_there_or_not_yaml(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"can't be read: No such file"):
        load_configuration(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match=r"service.yaml:1: not valid YAML"):
        load_configuration(written(tmp_path, "a: [1"))


def test_places_are_relative_to_the_file(tmp_path: Path) -> None:
    text = (folder("rubrics") / "demo.yaml").read_text().replace("id: demo", "id: mine")
    (tmp_path / "mine.yaml").write_text(text)
    recipe = (folder("rubrics") / "recipes" / "digits.yaml").read_text()
    (tmp_path / "own.yaml").write_text(recipe)
    mine = CONFIGURATION.replace("rubric: demo", "rubric: mine.yaml\n    recipe: own.yaml")
    found = load_configuration(written(tmp_path, f"work: {{data_dir: data}}\n{mine}"))
    assert found.configuration.store == str(tmp_path / "store.sqlite")
    assert found.configuration.work.data_dir == str(tmp_path / "data")
    assert found.courses["mnist"].assignment.recipe == str(tmp_path / "own.yaml")
    assert found.courses["mnist"].rubric.id == "mine"


def test_a_pattern_says_who_it_is(tmp_path: Path) -> None:
    found = course(tmp_path, "repositories: ['Course/mnist-*', other/cnn]")
    assert [found.holds(name) for name in ("course/mnist-ada", "other/cnn", "course/mnist-", "course/mnist-a/b")] == [
        True,
        True,
        False,
        False,
    ]
    ada, nobody = found.owner_of("course/mnist-ada"), found.owner_of("other/cnn")
    assert (ada.student, ada.login) == ("ada", "ada")
    assert (nobody.student, nobody.login) == ("other/cnn", "")


def test_a_roster_says_who_it_is(tmp_path: Path) -> None:
    roster = "student,repository,github,model\ns1,https://github.com/Grace/CNN.git,grace,net.py:Net\ns2,,ada,\n"
    found = course(tmp_path, "repositories: ['course/mnist-*'], roster: students.csv", roster)
    grace, ada, eve = (found.owner_of(name) for name in ("grace/cnn", "course/mnist-ada", "course/mnist-eve"))
    assert (grace.student, grace.login, grace.entry and grace.entry.model) == ("s1", "grace", "net.py:Net")
    assert (ada.student, ada.login) == ("s2", "ada")
    assert (eve.student, eve.login) == ("eve", "eve")
    assert found.holds("grace/cnn") and not found.holds("grace/other")


def test_a_mistake_in_a_roster_is_named_with_both_lines(tmp_path: Path) -> None:
    for roster, said in (
        (
            "student,repository\ns1,https://github.com/a/b\ns1,https://github.com/a/c\n",
            "line 3: s1 is already on line 2",
        ),
        ("student,repository,recipe\ns1,https://github.com/a/b,none\n", "line 2: There is no recipe 'none'"),
        ("a,b\n1,2\n", "names no columns that are known"),
    ):
        with pytest.raises(UsageError, match=r"service.yaml:3: the roster 'students.csv'") as raised:
            course(tmp_path, "roster: students.csv", roster)
        assert said in str(raised.value)


def test_a_roster_of_github_classroom_needs_no_repositories(tmp_path: Path) -> None:
    roster = "identifier,github_username,github_id,name\ns1,Grace,1,Grace H.\ns2,,,Ada\n"
    found = course(tmp_path, "repositories: ['course/mnist-*'], roster: students.csv", roster)
    assert found.owner_of("course/mnist-grace").student == "s1"
    assert len(found.entries) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"GRADER_WEBHOOK_SECRET": ""}, "GRADER_WEBHOOK_SECRET is not set"),
        ({"GRADER_WEBHOOK_SECRET": "short"}, "GRADER_WEBHOOK_SECRET is shorter than 32 characters"),
        ({"GRADER_ADMIN_TOKEN": "x" * 31}, "GRADER_ADMIN_TOKEN is shorter than 32 characters"),
        ({"GRADER_ADMIN_TOKEN": ""}, "Nobody could sign in."),
        ({"GRADER_OAUTH_CLIENT_ID": "Iv1"}, "go together"),
    ],
)
def test_a_secret_that_is_missing_or_weak(changes: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        credentials_of_environment(ENVIRONMENT | changes)
    assert said in str(raised.value)
    assert SECRET not in str(raised.value) and "x" * 31 not in str(raised.value)


def test_secrets_are_in_no_repr() -> None:
    found = credentials_of_environment(
        {**ENVIRONMENT, "GRADER_OAUTH_CLIENT_ID": "i", "GRADER_OAUTH_CLIENT_SECRET": "zzz"}
    )
    assert not any(secret in repr(found) for secret in (SECRET, TOKEN, "zzz"))


def test_what_posts_needs_something_to_post_with(tmp_path: Path) -> None:
    loaded = load_configuration(written(tmp_path, CONFIGURATION))
    with pytest.raises(UsageError, match=r"There is nothing to post the reports of 'mnist' with\. .*publish: \[\]"):
        forge_credentials(loaded, {})
    silent = load_configuration(written(tmp_path, CONFIGURATION + "    publish: []\n"))
    assert forge_credentials(silent, {}) is None
    found = forge_credentials(loaded, {"GITHUB_TOKEN": "ghs_secret"})
    assert found is not None and "ghs_secret" not in repr(found)
    with pytest.raises(UsageError, match=r"GRADER_GITHUB_APP_ID and its key"):
        forge_credentials(loaded, {"GRADER_GITHUB_APP_ID": "1"})
