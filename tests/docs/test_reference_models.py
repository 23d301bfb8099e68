"""The example of `published.yaml` is one, and shows every key that a person has to know."""

import re
from pathlib import Path

from grader.model.published import Published
from grader.yaml_source import load_yaml

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "reference-models.md").read_text(encoding="utf-8")


def test_the_example_is_valid() -> None:
    (example,) = re.findall(r"<!-- example: published -->\n```yaml\n(.*?)```", TEXT, re.DOTALL)
    published = Published.model_validate(load_yaml(example, "published.yaml").data)
    assert published.parameters == 17_682
    shown = set(published.model_fields_set)
    assert set(Published.model_fields) - shown == {"order", "epochs", "recipe_published"}
