"""The comparison of a class: as data, as a section of the page, and its starter code."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.errors import UsageError
from grader.intake.source import Source
from grader.model.similarity import Cluster, Fingerprint, Pair, Passage, Similarity
from grader.model.submission import Location
from grader.report.templates import environment
from grader.similarity.compare import compare, read_starter
from grader.similarity.fingerprint import fingerprint
from grader.similarity.json_form import to_json
from grader.similarity.view import similarity_view

CODE = "\n".join(f"self.conv{n} = nn.Conv{n}d({n}, {n}, 3, padding=1, bias=False)" for n in range(20)) + "\n"
HOSTILE = "<script>alert(1)</script>\u202e"


def _html(similarity: Similarity, **links: str) -> str:
    view = similarity_view(similarity, links.get)
    return environment().get_template("similarity.html.j2").render(similarity=view)


def _cluster(**more: Any) -> Cluster:
    place = Location(file=f"{HOSTILE}.py", line=3)
    passage = Passage(
        first=place, first_end=9, second=Location(file="n.ipynb", cell=2, line=1), second_end=1, tokens=70
    )
    pair = Pair(first=HOSTILE, second="bob", similarity=0.876, first_share=0.9, second_share=0.5, passages=(passage,))
    values = {"students": (HOSTILE, "bob"), "likeness": ("graph", "source"), "question": "Why?", "pairs": (pair,)}
    return Cluster.model_validate({**values, "pairs_total": 1, "strongest": 0.876, **more})


def test_a_class_of_copies(read_sources: Callable[..., list[Source]]) -> None:
    copy = fingerprint(None, read_sources("a.py", CODE))
    found = compare({"ada": copy, "bob": copy, "cyd": Fingerprint(cut=True)}, students=5)
    assert (found.students, found.compared, found.starter, found.shortened) == (5, 3, False, ("cyd",))
    assert [cluster.students for cluster in found.clusters] == [("ada", "bob")]
    assert compare({"ada": copy, "bob": copy}, students=2, starter=copy).clusters == ()


def test_starter_code_is_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(CODE)
    assert read_starter(tmp_path).texts[0].file == "train.py"


@pytest.mark.parametrize(
    ("name", "said"), [("none", "none is not a folder. Name the"), ("empty", "holds no Python file and no notebook")]
)
def test_no_starter_code_is_one_sentence(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=said):
        read_starter(tmp_path / name)


def test_the_section_asks_and_shows_its_evidence() -> None:
    text = _html(
        Similarity(students=3, compared=2, starter=True, clusters=(_cluster(),)), bob="reports/bob/report.html"
    )
    assert "2 submissions compared: 1 group to look at. A resemblance proves nothing" in text
    assert "There was nothing to compare of 1 student." in text
    assert "2 students: the same network and passages of the same source" in text
    assert '<a href="reports/bob/report.html">bob</a>' in text
    assert "88 %" in text
    assert "90 % and 50 %" in text
    assert "n.ipynb:cell 2:1</code>" in text
    assert "–9</code>" in text
    assert "<script" not in text
    assert "\u202e" not in text


def test_an_empty_section_says_so() -> None:
    text = _html(Similarity(students=2, compared=2, starter=False))
    assert "2 submissions compared: no group to look at." in text
    assert "<code>--starter</code>" in text


def test_the_section_is_bounded() -> None:
    names = tuple(f"s{n}" for n in range(1000))
    clusters = tuple(_cluster(students=names, pairs_total=499_500) for _ in range(60))
    text = _html(Similarity(students=1000, compared=1000, starter=True, clusters=clusters))
    assert "and 970 more in similarity.json" in text
    assert "10 more groups in similarity.json" in text
    assert "The 1 closest of 499,500 pairs." in text
    assert len(re.findall("<details", text)) == 50


def test_the_data_has_everything_and_is_safe_to_print() -> None:
    found = Similarity(students=3, compared=2, starter=True, clusters=(_cluster(),))
    text = to_json(found)
    data = json.loads(text)
    assert data.pop("schema") == "grader/similarity/v1"
    assert Similarity.model_validate(data) == found
    assert "\u202e" not in text
