"""docs/operating.md: its configuration loads, and every key and variable stands in it."""

import re
from pathlib import Path

import pytest

from grader.web.configuration import Assignment, Configuration, Limits, Work
from grader.web.credentials import VARIABLES
from grader.web.load_configuration import load_configuration

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def test_the_example_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "service.yaml").write_text(example)
    (tmp_path / "students.csv").write_text("identifier,github_username,name\ns1,ada,Ada\n")
    course = load_configuration(tmp_path / "service.yaml").courses["mnist"]
    assert course.owner_of("course-2026/mnist-ada").student == "s1"


@pytest.mark.parametrize("model", [Configuration, Assignment, Work, Limits])
def test_every_key_stands_in_the_page(model: type) -> None:
    missing = [name for name in model.model_fields if f"`{name}`" not in PAGE]  # type: ignore[attr-defined]
    assert missing == []


def test_defaults_are_as_the_page_says() -> None:
    for model in (Work, Limits):
        said = {name: re.search(rf"`{name}`[^(,]*\((\d+)", PAGE) for name in model.model_fields}
        for name, found in said.items():
            if found is not None:
                assert float(found[1]) == model.model_fields[name].default, name
    assert sum(found is not None for found in said.values()) == len(Limits.model_fields)


def test_every_variable_stands_in_the_page() -> None:
    assert [name for name in VARIABLES if f"`{name}`" not in PAGE] == []


def test_the_files_that_the_page_leads_to_are_there() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).is_file(), link
