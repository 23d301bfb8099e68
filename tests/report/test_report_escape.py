"""Everything from the student is escaped: one escape per format, tried on its own and in every field of a report."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from report_factory import CASES

from grader.model.report import GradeReport
from grader.report.escape import is_unsafe, markdown_code, markdown_prose, markdown_text, prose, shorten, spans, visible
from grader.report.html import to_html
from grader.report.json_report import from_json, to_json
from grader.report.markdown import to_markdown
from grader.report.text import to_text

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)> ' onmouseover='alert(1)",
    "</title></style></code></pre></details><iframe src=//evil.example>",
    "javascript:alert(1) {{ 7*7 }} {% raw %} ${7*7}",
    "| a | b |\n|---|---|\n| ![x](http://evil.example/p.png) |",
    "[click](https://evil.example) <https://evil.example> www.evil.example @someone me@evil.example #123 GH-7",
    "`` ` ```\n# heading\n---\n1. one\n- [ ] task\n> quote",
    "**bold** _em_ ~~no~~ $x$ $`y`$ \\| \\` &lt; &#60; <!-- -->",
    "safe\u202egnp.exe\u2066\u200b\u00ad\ufeff\u2028\x00\x1b[31m\x9b1m\x07\r\n",
    "caf\udce9\udcff",
    "Z" + "\u0351" * 50,
    "long " * 3000,
]
# Fields with a closed set of values, and the pictures: nothing a student can write.
CLOSED = {
    "schema",
    "scope",
    "verdict",
    "status",
    "evaluated_on",
    "stopped",
    "recipe_source",
    "sandbox_strength",
    "output",
    "image",
}
CLOSED_IN_CLAIMS = {
    "claim": ("source", "about"),
    "statement": ("kind", "scope", "tool", "subset", "role", "of", "feature"),
    "figure": ("relation",),
}
NAMED = {"by_layer", "initializers", "recipe_origins", "environment", "recipe"}  # their keys are free, too

mixed = st.text(
    alphabet=st.one_of(st.sampled_from("`|*_[]()<>&@#$~!\\ ab1:/.-+=\n\u202e\u200b"), st.characters()), max_size=60
)


def poisoned(value: Any, text: str, key: str = "", parent: str = "") -> Any:
    """The same data with every free string, and every free key, replaced."""
    if isinstance(value, dict):
        rename = key in NAMED
        return {
            f"{text}{index}" if rename else name: poisoned(item, text, name, key)
            for index, (name, item) in enumerate(value.items())
        }
    if isinstance(value, list):
        return [poisoned(item, text, key, parent) for item in value]
    closed = key in CLOSED or (key == "kind" and parent in ("candidates",)) or key in CLOSED_IN_CLAIMS.get(parent, ())
    if not isinstance(value, str) or closed:
        return value
    # A claim's own words are short and hold no lone surrogate: the type sees to both.
    return text[:120].encode(errors="replace").decode() if parent == "claim" else text


def hostile_report(name: str, text: str) -> GradeReport:
    data = CASES[name]().model_dump(mode="json", by_alias=True)
    return GradeReport.model_validate(poisoned(data, text))


class Tags(HTMLParser):
    """The skeleton of a page: tags with their attribute names; and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.skeleton: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "code":  # our sentences' backticks
            self.skeleton.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.skeleton.append(("comment", ()))


def tags(html: str) -> Tags:
    parser = Tags()
    parser.feed(html)
    parser.close()
    return parser


def markdown() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_html_keeps_its_skeleton(name: str, text: str) -> None:
    hostile, harmless = tags(to_html(hostile_report(name, text))), tags(to_html(hostile_report(name, "harmless")))
    assert hostile.skeleton == harmless.skeleton
    assert [tag for tag, _ in hostile.skeleton if tag in ("script", "iframe", "a", "object", "base", "form")] == []
    sources = {value for attribute, value in hostile.attributes if attribute in ("src", "href")}
    assert all(source.startswith("data:") for source in sources)
    assert not [c for c in hostile.text if is_unsafe(c) and c != "\n"]
    assert visible(text[:20]) in hostile.text or prose(text)[:10] in hostile.text


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_markdown_keeps_its_skeleton(name: str, text: str) -> None:
    document = to_markdown(hostile_report(name, text))
    skeleton = _markdown_skeleton(document)
    harmless = _markdown_skeleton(to_markdown(hostile_report(name, "harmless")))
    assert len(document) < 65_536
    assert not [c for c in document if is_unsafe(c) and c not in "\n\u2060"]
    if "Shortened to fit" not in document:
        assert skeleton == harmless
    assert set(skeleton) <= set(harmless) | {"code_inline"}
    for token in flat(markdown().parse(document)):
        if token.type == "text":
            assert not re.search(r"@\w|://|www\.|#\d|GH-\d", token.content), token.content
        if token.type in ("html_inline", "html_block"):
            assert re.fullmatch(
                r"(</?code>|</?details( open)?>|<details( open)?><summary>.*</summary>)\n?", token.content
            )


def _markdown_skeleton(document: str) -> list[str]:
    """Block structure and inline constructs; text, and code in place of text, apart."""
    tokens = flat(markdown().parse(document))
    return [token.type for token in tokens if token.type not in ("text", "code_inline", "html_inline", "text_special")]


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_terminal_text_and_json_hold_no_control_character(name: str, text: str) -> None:
    hostile = hostile_report(name, text)
    shown = to_text(hostile)
    assert not [c for c in shown if is_unsafe(c) and c != "\n"]
    assert len(shown.splitlines()) < 1500
    written = to_json(hostile)
    written.encode("utf-8")
    assert not [c for c in written if is_unsafe(c) and c != "\n"]
    from_json(written)


@settings(deadline=None, derandomize=True)
@given(mixed)
def test_visible_text_is_printable_and_one_line(text: str) -> None:
    for shown in (visible(text), prose(text)):
        assert not [c for c in shown if is_unsafe(c)]
        assert shown.splitlines() in ([], [shown])
        shown.encode("utf-8")


@settings(deadline=None, derandomize=True)
@given(mixed)
def test_markdown_text_is_text_only_and_says_the_same(text: str) -> None:
    shown = prose(text)
    for document in (
        f"- {markdown_text(shown)}",
        f"| a |\n| - |\n| {markdown_text(shown)} |",
        f"{markdown_text(shown)}",
    ):
        tokens = list(flat(markdown().parse(document)))
        kinds = {token.type for token in tokens if not token.type.endswith(("_open", "_close"))}
        assert kinds <= {"inline", "text"}
        content = "".join(token.content for token in tokens if token.type == "text").replace("\u2060", "")
        assert content.removeprefix("a" if document.startswith("|") else "") == shown.replace("\u2060", "")


@settings(deadline=None, derandomize=True)
@given(mixed)
def test_markdown_code_is_one_span_and_says_the_same(text: str) -> None:
    shown = visible(text)
    for document in (f"- {markdown_code(shown)}", f"| a |\n| - |\n| {markdown_code(shown)} |"):
        tokens = [token for token in flat(markdown().parse(document)) if token.type != "text" or token.content != "a"]
        code = [token.content for token in tokens if token.type in ("code_inline", "text")]
        if shown.strip():
            assert "".join(code).strip().replace("\u2060", "") == shown.strip()
            assert [token.type for token in tokens].count("inline") == (2 if document[0] == "|" else 1)
        else:
            assert code == ["(empty)"]


@settings(deadline=None, derandomize=True)
@given(mixed)
def test_spans_lose_nothing(text: str) -> None:
    assert "".join(f"`{piece}`" if code else piece for piece, code in spans(text)) == text
    markdown_prose(prose(text))


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=400), st.integers(10, 200))
def test_shortened_text_keeps_both_ends(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text if len(text) <= limit else (short[0], short[-1]) == (text[0], text[-1])


def test_code_points_are_shown() -> None:
    assert visible("a\u202eb\n.py") == "a⟪U+202E⟫b⟪U+000A⟫.py"
    assert prose("two\n  lines\u2028and\ta tab") == "two lines and a tab"
    assert visible("héllo wörld 数.py") == "héllo wörld 数.py"
    assert visible("e\u0301" + "\u0301" * 5) == "e" + "\u0301" * 4 + "⟪U+0301⟫⟪U+0301⟫"


def test_code_in_markdown_prose_keeps_the_spaces_around_it() -> None:
    assert markdown_prose("`a` and `b` hold most") == "`a` and `b` hold most"
