"""The HTML file on its own: self-contained, under a policy that forbids everything it does not need."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

from report_factory import failing_static

from grader.model.report import GradeReport
from grader.report.html import to_html

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def test_nothing_comes_from_elsewhere_and_nothing_runs(case: tuple[str, GradeReport]) -> None:
    tags = outline(to_html(case[1])).tags
    assert {tag for tag, _ in tags} & {
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "a",
        "use",
        "image",
    } == set()
    for _, attributes in tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert attributes.get("src", "data:").startswith("data:")
        assert attributes.get("href", "data:").startswith("data:")


def test_the_policy_allows_this_stylesheet_only(report: GradeReport) -> None:
    html = to_html(report)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [a["content"] for tag, a in outline(html).tags if a.get("http-equiv") == "Content-Security-Policy"]
    parts = [part.strip() for part in policy.split(";")]
    assert parts[:3] == ["default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:"]
    assert "url(" not in style
    assert "@import" not in style
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_the_page_is_accessible_by_its_structure(case: tuple[str, GradeReport]) -> None:
    tags = outline(to_html(case[1])).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    identities = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(identities) == len(set(identities))
    assert all(attributes["alt"] for tag, attributes in tags if tag == "img")
    regions = [attributes for _, attributes in tags if attributes.get("class") == "scroll"]
    assert all(region["tabindex"] == "0" and region["aria-label"] for region in regions)
    assert all("scope" in attributes for tag, attributes in tags if tag == "th")
    assert ("html", {"lang": "en"}) in tags


def test_the_same_report_gives_the_same_bytes(report: GradeReport) -> None:
    assert to_html(report) == to_html(report)


def test_a_report_without_training_has_no_curves_and_no_empty_section() -> None:
    html = to_html(failing_static())
    assert "by epoch" not in html
    assert 'id="mistakes"' not in html
    assert 'id="training"' in html
