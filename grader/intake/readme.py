"""What a README says that helps to tell which model was handed in. Its figures are claims; they only point."""

import re
from collections.abc import Callable
from dataclasses import dataclass

NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{2,3})+|\d{3,9})(?![\w]|[.,]\d)")
FINAL = re.compile(r"\b(final|finally|best|submission|submitted|chosen|selected|champion)\b", re.IGNORECASE)
HEADING = re.compile(r"^(#{1,6}\s|\*\*[^*]+\*\*\s*$)")


@dataclass(frozen=True)
class Mention:
    """A line of a README."""

    file: str
    line: int  # 1-based
    final: bool  # the line, or the heading above it, calls it final, best or chosen

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Readme:
    """The README's lines, searched for names and parameter totals."""

    def __init__(self, texts: list[tuple[str, str]]) -> None:
        self._lines: list[tuple[str, int, str, bool]] = []  # file, number, text, under a heading that says final
        for file, text in texts:
            final = False
            for number, line in enumerate(text.splitlines(), start=1):
                if HEADING.match(line):
                    final = bool(FINAL.search(line))
                self._lines.append((file, number, line, final or bool(FINAL.search(line))))

    def names(self, word: str) -> list[Mention]:
        """The lines that contain a name as a whole word."""
        if len(word) < 2:
            return []
        pattern = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(word)}(?![A-Za-z0-9_])")
        return self._find(lambda line: bool(pattern.search(line)))

    def names_file(self, path: str) -> list[Mention]:
        """The lines that contain a file's name, as in a link or a listing."""
        name = path.rsplit("/", 1)[-1].lower()
        quoted = name.replace(" ", "%20")
        pattern = re.compile(rf"(?<![a-z0-9_-])({re.escape(name)}|{re.escape(quoted)})(?![a-z0-9_])")
        return self._find(lambda line: bool(pattern.search(line.lower())))

    def states(self, total: int) -> list[Mention]:
        """The lines that contain exactly this number of parameters, whatever its separators."""
        return self._find(
            lambda line: any(int(match.group(1).replace(",", "")) == total for match in NUMBER.finditer(line))
        )

    def _find(self, holds: Callable[[str], bool]) -> list[Mention]:
        return [Mention(file, number, final) for file, number, line, final in self._lines if holds(line)]
