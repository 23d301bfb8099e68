"""One escape per format for everything a student wrote: names, paths, messages, figures.

`visible` and `prose` are applied by `grader.report.view` to every string, whatever the format: what can't be seen, or
could reorder what is seen, is shown by its code point, as in ⟪U+202E⟫. The formats add their own: Jinja's autoescape
for HTML, `markdown_text` and `markdown_code` for Markdown, `log_text` for terminals and the logs of CI.
"""

import re
import unicodedata

SHORT = 160  # characters of a name, a path or a figure
LONG = 1200  # characters of a sentence

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc")  # letters and signs that draw nothing
_MOST_MARKS = 4  # combining marks on one letter; more are painted over the lines above


def is_unsafe(character: str) -> bool:
    """Whether a character is a control, invisible, a direction mark, a surrogate, or a blank other than the space."""
    return (not character.isprintable() and character != " ") or character in _BLANK_LETTERS


def visible(text: str, limit: int = SHORT) -> str:
    """A name as it can be shown on one line: unsafe characters by code point, the middle left out beyond `limit`."""
    text = shorten(text, limit)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(text))


def prose(text: str, limit: int = LONG) -> str:
    """A sentence on one line: white space of any kind is one space, the rest as in `visible`."""
    return visible(" ".join(text[: 4 * limit].split()), limit)


# What a CI service obeys in the log of a step: `##[command]` and `##vso[command]` wherever they stand, `::command::`
# where a line begins, spaces aside (github.com/actions/runner, ActionCommand.cs; Azure Pipelines, logging commands).
LOG_COMMAND = re.compile(r"#(?=#\w*\[)")
_LOG_LINE = re.compile(rf"^ *:(?=:)|{LOG_COMMAND.pattern}")


def log_text(text: str) -> str:
    """Lines as a terminal and a log may have them: no control character, and no command to a CI service."""
    return "\n".join(_LOG_LINE.sub(_shown_last, visible(line, len(line))) for line in text.split("\n"))


def _shown_last(found: re.Match[str]) -> str:
    return f"{found[0][:-1]}{_code_point(found[0][-1])}"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters; the middle goes, because the end of a path tells most."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[len(text) - tail :]}"


def _shown(text: str) -> list[str]:
    shown, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) or unicodedata.category(character)[0] == "M" else 0
        hidden = is_unsafe(character) or marks > _MOST_MARKS
        shown.append(_code_point(character) if hidden else character)
    return shown


def _code_point(character: str) -> str:
    return f"⟪U+{ord(character):04X}⟫"


def spans(text: str) -> list[tuple[str, bool]]:
    """Running text parted into (piece, is code): what our sentences set in backticks is code, in any format."""
    return [(piece, index % 2 == 1) for index, piece in enumerate(re.split(r"`([^`]+)`", text)) if piece]


# Backslashes for what opens a construct anywhere in a line; entities for what opens HTML.
_MARKDOWN = str.maketrans(
    {character: f"\\{character}" for character in "\\`*_[]|~$"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
# What a forge links although no construct is open: mentions, issues, addresses, commits. A word joiner parts them.
_JOINER = "\u2060"
_LINKED = re.compile(
    r"(?<=@)(?=[\w-])|(?<=#)(?=\d)|(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\bGH)(?=-\d)|(?<=mailto)(?=:)", re.I
)
_COMMIT = re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}\b")
_BLOCK = re.compile(r"^(\d{0,9})(?=[.)](?:\s|$))|^(?=[#+=-]|::)")  # "::" begins a command in a log


def markdown_text(text: str) -> str:
    """Running text: no emphasis, link, image, HTML, table cell, mention or heading can begin in it."""
    escaped = _unlinked(text.strip()).translate(_MARKDOWN)
    return _BLOCK.sub(lambda found: f"{found[1] or ''}\\", escaped)


def _unlinked(text: str) -> str:
    # Six digits are too few for a commit, so none of the parts is one either.
    return _COMMIT.sub(lambda found: _JOINER.join(re.findall(".{1,6}", found[0])), _LINKED.sub(_JOINER, text))


def markdown_prose(text: str) -> str:
    """Running text in which `...` is set as code."""
    return "".join(markdown_code(part) if code else _spaced(part) for part, code in spans(text))


def _spaced(text: str) -> str:
    """`markdown_text` that keeps the spaces around a piece: a code span stands beside it."""
    inner = text.strip()
    before, _, after = text.partition(inner) if inner else (text, "", "")
    return f"{before}{markdown_text(inner)}{after}"


def markdown_code(text: str) -> str:
    """A code span, also inside a table: nothing in it is interpreted, mentions and addresses included."""
    if not text.strip():
        return "(empty)"
    # A backslash before "|" may itself be escaped, in a table: no span can hold it for sure. Nor a command to a log.
    if "|" in text or LOG_COMMAND.search(text):
        return f"<code>{''.join(map(_entity, _unlinked(text)))}</code>"
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{space}{text}{space}{fence}"


def _entity(character: str) -> str:
    return character if character.isalnum() or character == " " else f"&#{ord(character)};"
