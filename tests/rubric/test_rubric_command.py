"""`grader rubric`: results on stdout, mistakes as one error with exit code 2."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.assets import folder
from grader.cli.rubric import app
from grader.errors import RubricError
from grader.rubric.load import load_rubric


def run(*arguments: str) -> str:
    return CliRunner().invoke(app, arguments, catch_exceptions=False).stdout


def test_list_names_the_shipped_rubrics() -> None:
    names = [entry.split()[0] for entry in run("list").splitlines()]
    assert names == ["demo", "mnist-20k", "mnist-25k-one-epoch", "mnist-8k"]


def test_show_has_task_points_digest_and_every_text() -> None:
    rubric = load_rubric("mnist-20k")
    text = run("show", "mnist-20k")
    assert rubric.digest in text
    assert "at most 20 epochs, up to 3 seeds" in text
    assert "Points    100\n" in text
    assert "Recipe    the submission's; house where it has none, and as a second try\n" in text
    for criterion in rubric.criteria:
        assert f"{criterion.title}  [{criterion.kind}, {criterion.points:g} points]" in text
        assert criterion.text.strip() in text


def test_show_yaml_gives_a_file_to_begin_with(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(run("show", "mnist-20k", "--yaml"), encoding="utf-8")
    assert load_rubric(tmp_path / "mine.yaml").digest == load_rubric("mnist-20k").digest


def test_show_refuses_a_rubric_with_a_typo(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text((folder("rubrics") / "demo.yaml").read_text().replace("less_than", "less_then"))
    with pytest.raises(RubricError, match=r"mine\.yaml:\d+: .*did you mean 'less_than'"):
        run("show", str(file))


def test_validate_the_shipped_rubrics_and_their_recipes() -> None:
    names = ["demo", "mnist-20k", "mnist-25k-one-epoch", "mnist-8k"]
    assert [entry.partition(":")[0] for entry in run("validate", *names).splitlines()] == names


def test_validate_names_the_mistakes_of_every_file(tmp_path: Path) -> None:
    text = (folder("rubrics") / "demo.yaml").read_text()
    (tmp_path / "one.yaml").write_text(text.replace("check: dropout", "check: dropuot"))
    (tmp_path / "two.yaml").write_text(text.replace("reference_recipe: digits", "reference_recipe: no-such"))
    with pytest.raises(RubricError) as caught:
        run("validate", str(tmp_path / "one.yaml"), "demo", str(tmp_path / "two.yaml"))
    first, second = str(caught.value).splitlines()
    assert "one.yaml:" in first and "did you mean 'dropout'" in first
    assert "two.yaml:16: reference_recipe: There is no recipe 'no-such'" in second
    assert caught.value.exit_code == 2
