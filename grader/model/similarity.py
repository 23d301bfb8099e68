"""What submissions have in common: fingerprints that are compared, and clusters that a person looks at.

Nothing here is a verdict, and none of it costs points.
"""

from bisect import bisect_right
from typing import Literal

from pydantic import model_validator

from grader.model.base import Frozen
from grader.model.submission import Location

Likeness = Literal["graph", "shapes", "source"]  # the same graph, the same shapes, similar source


class TokenText(Frozen):
    """The tokens of a file or a notebook's cell, one character each; names, numbers, strings and comments are gone.

    `lines` has, for each line that begins something, the index of its first token and its 1-based number.
    """

    file: str
    cell: int | None = None
    tokens: str
    lines: tuple[tuple[int, int], ...]

    @model_validator(mode="after")
    def _lines_fit(self) -> "TokenText":
        starts = [first for first, _ in self.lines]
        if self.tokens and (not starts or starts[0] != 0 or starts != sorted(set(starts))):
            raise ValueError("the lines do not begin at the first token, or are out of order")
        return self

    def line_of(self, token: int) -> int:
        """The line that the token with this index stands in."""
        return self.lines[bisect_right(self.lines, token, key=lambda pair: pair[0]) - 1][1]


class Fingerprint(Frozen):
    """All of a submission that the comparison needs: a few kilobytes of plain data."""

    graph: str | None = None  # sha256 of the graph's canonical form; None where there is no graph
    shapes: str | None = None  # sha256 of its shapes alone
    texts: tuple[TokenText, ...] = ()
    cut: bool = False  # the source was too long to be compared as a whole


class Passage(Frozen):
    """A run of tokens that two submissions share; the places are their first lines."""

    first: Location
    first_end: int  # last line, inclusive
    second: Location
    second_end: int
    tokens: int


class Pair(Frozen):
    """What two submissions share. The shares are fractions of the tokens that are theirs: no starter code."""

    first: str
    second: str
    similarity: float  # 0 to 1: cosine of the weighted token sequences
    first_share: float  # of the first one's own tokens that stand in the second, too
    second_share: float
    passages: tuple[Passage, ...] = ()  # the longest ones


class Cluster(Frozen):
    """Submissions that resemble each other, as a question for a person."""

    students: tuple[str, ...]
    likeness: tuple[Likeness, ...]  # all that hold for the whole cluster
    question: str
    strongest: float | None = None  # similarity of the closest pair; None where the source is not what is alike
    pairs: tuple[Pair, ...] = ()  # the closest ones, with their evidence
    pairs_total: int = 0
    widespread: bool = False  # so many have it that it says little


class Similarity(Frozen):
    """The comparison of a class."""

    students: int  # in the class
    compared: int  # of whom there is a fingerprint
    starter: bool  # whether starter code was given, and left out
    shortened: tuple[str, ...] = ()  # students of whose source only the beginning was compared
    clusters: tuple[Cluster, ...] = ()  # the most telling first
