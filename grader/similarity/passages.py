"""Which lines two submissions have in common: what a person needs to see."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.model.similarity import Fingerprint, Passage, TokenText
from grader.model.submission import Location
from grader.similarity.sequences import RUN, Hashes, Sequences

MOST_PASSAGES = 5
_MOST_PLACES = 16  # of one run in the other submission, tried for the longest match

Place = tuple[int, int]  # text, token


@dataclass(frozen=True)
class _Match:
    first: Place
    second: Place
    tokens: int


def passages(one: Fingerprint, other: Fingerprint, prepared: Sequences, rows: tuple[int, int]) -> tuple[Passage, ...]:
    """The longest passages that both have, without starter code and what is widespread; the longest first."""
    first, second = prepared.runs[rows[0]], prepared.runs[rows[1]]
    matches = sorted(_matches(first, second, prepared.ignored), key=lambda match: (-match.tokens, match.first))
    return tuple(_passage(match, one.texts, other.texts) for match in matches[:MOST_PASSAGES])


def share(prepared: Sequences, row: int, other: int) -> float:
    """The fraction of a submission's own tokens that stand in the other one, too; 0 where it has none of its own."""
    theirs = np.unique(np.concatenate(prepared.runs[other])) if prepared.runs[other] else prepared.ignored[:0]
    own = common = 0
    for text in prepared.runs[row]:
        counts = ~np.isin(text, prepared.ignored)
        own += _covered(counts)
        common += _covered(counts & np.isin(text, theirs))
    return common / own if own else 0.0


def _covered(begins: npt.NDArray[np.bool_]) -> int:
    """How many tokens lie in runs that begin where `begins` says."""
    return int(np.count_nonzero(np.convolve(begins, np.ones(RUN)))) if len(begins) else 0


def _matches(first: Sequence[Hashes], second: Sequence[Hashes], ignored: Hashes) -> Iterator[_Match]:
    """Runs that follow each other in both, each as long as it goes, in the order of the first."""
    places: Mapping[int, list[Place]] = _places(second, ignored)
    for number, text in enumerate(first):
        hashes = text.tolist()
        at = 0
        while at < len(hashes):
            candidates = places.get(hashes[at], [])[:_MOST_PLACES]
            if not candidates:
                at += 1
                continue
            best = max(candidates, key=lambda place: _length(hashes, at, second[place[0]], place[1]))
            length = _length(hashes, at, second[best[0]], best[1])
            yield _Match((number, at), best, length + RUN - 1)
            at += length + RUN - 1  # passages do not overlap


def _places(texts: Sequence[Hashes], ignored: Hashes) -> dict[int, list[Place]]:
    places: dict[int, list[Place]] = defaultdict(list)
    for number, text in enumerate(texts):
        for at in np.flatnonzero(~np.isin(text, ignored)).tolist():
            places[int(text[at])].append((number, at))
    return dict(places)


def _length(hashes: list[int], at: int, other: Hashes, there: int) -> int:
    length = min(len(hashes) - at, len(other) - there)
    differs = np.flatnonzero(np.asarray(hashes[at : at + length], dtype=np.uint64) != other[there : there + length])
    return int(differs[0]) if len(differs) else length


def _passage(match: _Match, first: Sequence[TokenText], second: Sequence[TokenText]) -> Passage:
    one, one_end = _lines(first, match.first, match.tokens)
    other, other_end = _lines(second, match.second, match.tokens)
    return Passage(first=one, first_end=one_end, second=other, second_end=other_end, tokens=match.tokens)


def _lines(texts: Sequence[TokenText], place: Place, tokens: int) -> tuple[Location, int]:
    text, at = texts[place[0]], place[1]
    begin = Location(file=text.file, cell=text.cell, line=text.line_of(at))
    return begin, text.line_of(at + tokens - 1)
