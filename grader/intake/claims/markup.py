"""A line without its markup: what a reader sees of Markdown, reStructuredText, HTML and LaTeX."""

import html
import re

MOST_LINE = 2000  # characters of a line that are looked at

IMAGE = re.compile(r"!\[[^\[\]]{0,300}\]\([^()]{0,600}\)")
LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^()\s]{0,600}(?:\s\"[^\"()]{0,100}\")?\)")
URL = re.compile(r"https?://[^\s)>\]]{1,600}")
TAG = re.compile(r"</?[A-Za-z][^<>]{0,600}>|<!--.{0,300}?-->")
EMPHASIS = re.compile(
    r"\*{2,3}|~~|`+|(?<![A-Za-z0-9_])_{1,3}(?=[A-Za-z0-9*])|(?<=[A-Za-z0-9.%):])_{1,3}(?![A-Za-z0-9_])"
)
STAR = re.compile(r"(?<!\d)(?<!\d )\*|\*(?! ?\d)")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
QUOTED = re.compile(r"^\s{0,3}(?:>\s?)+(?![\s*]*[\d=])")
LATEX = (("\\leq", "≤"), ("\\le ", "≤ "), ("\\geq", "≥"), ("\\ge ", "≥ "), ("\\approx", "≈"), ("\\sim", "~"),
         ("\\times", "x"), ("{,}", ","), ("\\lt", "<"), ("\\gt", ">"), ("\\%", "%"))  # fmt: skip
BOXES = str.maketrans({"│": "|", "┃": "|", "║": "|", "×": "x", "✕": "x"})


def plain(line: str) -> str:
    """The visible text, at most 2000 characters of it; a box-drawn bar becomes "|" and a times sign "x"."""
    text = line[:MOST_LINE].translate(BOXES)
    if "\\" in text or "{,}" in text:
        for written, meant in LATEX:
            text = text.replace(written, meant)
    if "[" in text:
        text = LINK.sub(r"\1", IMAGE.sub(" ", text))
    if "://" in text:
        text = URL.sub(" ", text)
    if "<" in text:
        text = TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text).translate(BOXES)
    if ">" in text:
        text = QUOTED.sub("", text)
    text = ESCAPED.sub(r"\1", EMPHASIS.sub("", text))
    return STAR.sub("", text.replace("$", "")).rstrip()
