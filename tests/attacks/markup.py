"""What no report and no log may hold, whatever was submitted: looked for in every run of the corpus.

HTML and Markdown are parsed, not searched: what counts is what a browser or a forge would make of them.
"""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

_ACTIVE = frozenset({
    "a", "applet", "audio", "base", "embed", "fencedframe", "form", "frame", "frameset", "iframe", "image", "input",
    "link", "math", "object", "picture", "portal", "script", "source", "track", "use", "video",
})  # fmt: skip
_ICON = ("link", {"rel": "icon", "href": "data:,"})  # ours: no request for a favicon
_OUR_HTML = re.compile(r"(</?code>|</?details( open)?>|<details( open)?><summary>[^<]*</summary>|</details>)\n?")
_LINKED = re.compile(r"@\w|#\d|://|\bwww\.|\bGH-\d|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}\b")
_JOINER = "\u2060"  # parts what a forge would link, in Markdown alone
_LOG_COMMAND = re.compile(r"^\s*::|##\w*\[", re.MULTILINE)


def breaches(texts: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each thing that would run, load, link, notify or command; `texts` by file name, stdout, stderr."""
    for place, text in texts.items():
        if place.endswith((".json", ".html", ".md")) or place in ("stdout", "stderr"):
            allowed = f"\n{_JOINER}" if place.endswith(".md") or text.startswith("## ") else "\n"
            hidden = sorted({character for character in text if not character.isprintable()} - set(allowed))
            if hidden:
                yield f"{place} holds characters that are obeyed or can't be seen: {hidden[:5]!a}"
        if not place.endswith(".html") and _LOG_COMMAND.search(text):
            yield f"{place} holds a command to a CI service: {_LOG_COMMAND.findall(text)[:3]}"
        if place.endswith(".html"):
            yield from (f"{place}: {sentence}" for sentence in html_breaches(text))
        if place.endswith(".md"):
            yield from (f"{place}: {sentence}" for sentence in markdown_breaches(text))


class _Page(HTMLParser):
    """Tags with their attributes; style, comments and declarations apart. `text` is what is shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _ACTIVE and (tag, attributes) != _ICON:
            self.found.append(f"<{tag}> is there")
        if tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            self.found.append("a refresh leads elsewhere")
        for name, value in attributes.items():
            if name.startswith("on") or name in ("style", "srcdoc", "formaction", "ping"):
                self.found.append(f"the attribute {name} is there")
            if name in ("src", "href", "xlink:href", "action", "background", "poster") and not value.startswith(
                "data:"
            ):
                self.found.append(f"{name} leads to {value[:80]!a}")
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["style"]:
            if re.search(r"url\((?!['\"]?data:)|@import|expression\(", data):
                self.found.append("the style sheet loads something")
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.found.append(f"a comment is there: {data[:80]!a}")


def shown(place: str, text: str) -> str:
    """What a reader sees of a text, in one line."""
    if place.endswith(".html"):
        return html_text(text)
    return markdown_text(text) if place.endswith(".md") else " ".join(text.split())


def html_breaches(text: str) -> list[str]:
    """What of a page would run or load."""
    return _page(text).found


def html_text(text: str) -> str:
    """What a page shows, in one line."""
    return " ".join(_page(text).text.split())


def _page(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    return page


def markdown_breaches(text: str) -> Iterator[str]:
    """What of a document a forge would link, load, notify or hide."""
    for token in _tokens(text):
        if token.type in ("html_inline", "html_block") and not _OUR_HTML.fullmatch(token.content):
            yield f"live HTML: {token.content[:80]!a}"
        elif token.type in ("image", "link_open", "fence", "code_block"):
            yield f"a {token.type} is there: {token.content[:80]!a} {token.attrs}"
        elif token.type == "text" and _LINKED.search(token.content):
            yield f"a forge would link {_LINKED.findall(token.content)[:3]} in {token.content[:80]!a}"


def markdown_text(text: str) -> str:
    """What a document shows, in one line, without the joiners that part what would be linked."""
    shown = (token.content for token in _tokens(text) if token.type in ("text", "code_inline"))
    return " ".join(" ".join(shown).replace(_JOINER, "").split())


def _tokens(text: str) -> Iterator[Token]:
    def flat(tokens: list[Token]) -> Iterator[Token]:
        for token in tokens:
            yield token
            yield from flat(token.children or [])

    return flat(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text))
