"""A text as lines that know where they stand: under which headings and list items, in a code fence or not."""

import re
from dataclasses import dataclass, field
from typing import Literal

from grader.intake.claims.markup import plain
from grader.model.submission import Location

SourceKind = Literal["readme", "output", "docstring", "comment", "markdown_cell"]

MOST_LINES = 20_000
DEEPEST_LIST = 6
BODY_KEPT = 40  # lines right under a heading that are searched for names of files and classes
HASHES = re.compile(r"^\s{0,3}(?:[-*+]\s+|\d{1,3}[.)]\s+|\|\s*)?(#{1,6})(?=\s*[^#\s])")
BOLD_LINE = re.compile(r"^\s{0,3}(?:\*\*|__|[*_])(?=\S)([^*]{2,120}?)(?:\*\*|__|[*_])?:?\s*$")
UNDERLINE = re.compile(r"^\s{0,3}([=\-~^\"'`#*+])\1{2,}\s*$")
FENCE = re.compile(r"^\s{0,12}(?:>\s?)?(```+|~~~+)")
ITEM = re.compile(r"^(\s*)(?:[-*+•●▪–]|\d{1,3}[.)>])\s+(?=\S)")
DEEPEST = 7  # the level of a line in bold that stands for a heading


@dataclass
class Section:
    """A heading and what stands right under it."""

    title: str  # without markup
    raw: str
    level: int
    parent: "Section | None"
    body: list[str] = field(default_factory=list)  # the first lines, as written

    def path(self) -> "list[Section]":
        """This section and those around it, innermost first."""
        found: list[Section] = []
        section: Section | None = self
        while section is not None:
            found.append(section)
            section = section.parent
        return found


@dataclass(frozen=True)
class Parent:
    """A list item, or the sentence that leads a list, above a line."""

    plain: str
    raw: str


@dataclass(frozen=True)
class Line:
    """A line: as written, as seen, and where."""

    raw: str
    plain: str
    location: Location
    section: Section
    parents: tuple[Parent, ...] = ()  # outermost first
    indent: int = 0
    fenced: bool = False
    item: bool = False


@dataclass(frozen=True)
class Document:
    """One text of the submission."""

    name: str
    source: SourceKind
    lines: tuple[Line, ...]
    note: str = ""  # that it is too long to be read whole


@dataclass
class _State:
    section: Section
    fence: str = ""
    items: list[tuple[int, Parent]] = field(default_factory=list)  # the open list items with their indents
    lead: Parent | None = None  # the paragraph above a list


def read_document(name: str, source: SourceKind, pieces: list[tuple[Location, str]]) -> Document:
    """The lines of one or more texts (cells) that are read as one, headings carried over from piece to piece."""
    state = _State(Section("", "", 0, None))
    lines: list[Line] = []
    note = ""
    for location, text in pieces:
        state.fence, state.items, state.lead = "", [], None
        rows = text.split("\n")
        if len(rows) + len(lines) > MOST_LINES:
            note = f"{name} has more than {MOST_LINES:,} lines; the first {MOST_LINES:,} were read."
            rows = rows[: MOST_LINES - len(lines)]
        for number, raw in enumerate(rows, start=1):
            line_number = (location.line or 1) + number - 1 if source != "output" else None
            below = rows[number] if number < len(rows) else ""
            lines.append(_line(state, raw[:4000], below, location.model_copy(update={"line": line_number}), source))
    return Document(name, source, tuple(lines), note)


def _line(state: _State, raw: str, below: str, location: Location, source: SourceKind) -> Line:
    seen = plain(raw)
    fence = FENCE.match(raw)
    if fence and source != "output":
        named = raw[fence.end() :].strip(" `~") != ""  # "```python" opens, also where the one before was never closed
        closes = state.fence and fence.group(1).startswith(state.fence) and not named
        state.fence = "" if closes else fence.group(1)[:3]
        return Line(raw, "", location, state.section, fenced=True)
    if not state.fence and source in ("readme", "markdown_cell"):
        heading = _heading(raw, seen, below)
        if heading:
            level, title = heading
            state.section = _open(state.section, level, title, raw)
            state.items, state.lead = [], None
            return Line(raw, title, location, state.section)
    if len(state.section.body) < BODY_KEPT and raw.strip():
        state.section.body.append(raw[:600])
    return _list_line(state, raw, seen, location)


def _heading(raw: str, seen: str, below: str) -> tuple[int, str] | None:
    hashes = HASHES.match(raw)
    if hashes:
        return len(hashes.group(1)), plain(raw[hashes.end() :].strip(" \t#")).strip()
    title = seen.strip()
    if not title or len(title) > 120 or "|" in title:
        return None
    if (
        UNDERLINE.match(below)
        and not re.search(r"\S(?:\t|\s{2,})\S|\[", seen)
        and not ITEM.match(raw)
        and not UNDERLINE.match(raw)
        and below.strip()[0] in "=-~^"
    ):
        return (1 if below.strip()[0] == "=" else 2), title
    if BOLD_LINE.match(raw) and not ITEM.match(raw) and not re.search(r"\d{3}|%", title):
        return DEEPEST, title.rstrip(":").strip()
    return None


def _open(current: Section, level: int, title: str, raw: str) -> Section:
    parent = next(section for section in current.path() if section.level < level)
    return Section(title[:200], raw[:600], level, parent)


def _list_line(state: _State, raw: str, seen: str, location: Location) -> Line:
    fenced = bool(state.fence)
    stripped = raw.strip()
    if not stripped:
        return Line(raw, "", location, state.section, fenced=fenced)
    indent = len(raw.expandtabs(4)) - len(raw.expandtabs(4).lstrip())
    item = ITEM.match(raw)
    while state.items and state.items[-1][0] >= indent and (item or indent == 0):
        state.items.pop()
    if not item and indent == 0:
        state.lead = None
    parents = tuple(parent for _, parent in state.items)
    if state.lead:
        parents = (state.lead, *parents)
    text = ITEM.sub("", seen).strip() if item else seen.strip()
    if item and not fenced and len(state.items) < DEEPEST_LIST:
        state.items.append((indent, Parent(text[:200], raw[:600])))
    elif not item and (text.endswith(":") or indent == 0):
        state.lead = Parent(text[:300], raw[:600])
    return Line(raw, seen, location, state.section, parents, indent, fenced, item is not None)
