"""The token sequences of submissions as weighted vectors: TF-IDF over runs of tokens, compared by cosine.

Runs that stand in few submissions weigh most (Manning, Raghavan & Schütze, "Introduction to Information Retrieval",
6.2–6.3; scikit-learn's TfidfTransformer). What starter code has, or much of the class, weighs nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer

from grader.model.similarity import Fingerprint

RUN = 12  # tokens: about a line of code; the least that tools of this kind count as a match for Python
WIDESPREAD = 0.3  # of a class
LEAST_CLASS = 10  # students; in a smaller class nothing is widespread
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that every power is invertible modulo 2**64
_BLOCK = 500  # rows compared with all others at once

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Sequences:
    """A class, ready to be compared. Rows are submissions in the order given, columns the runs that count."""

    runs: tuple[tuple[Hashes, ...], ...]  # per submission and text, one hash for each place that a run begins at
    ignored: Hashes  # sorted: of starter code, and widespread ones
    vectors: csr_matrix  # rows of length 1, or 0 where nothing is the submission's own

    def pairs(self, least: float, least_runs: int) -> Iterator[tuple[int, int, float]]:
        """(row, later row, cosine) of the pairs with at least that cosine and that many runs in common."""
        present = self.vectors.copy()
        present.data = np.ones_like(present.data)
        for begin in range(0, self.vectors.shape[0], _BLOCK):
            block = slice(begin, begin + _BLOCK)
            cosines = (self.vectors[block] @ self.vectors.T).tocoo()
            near = (cosines.data >= least) & (cosines.row + begin < cosines.col)
            for row, column, cosine in zip(cosines.row[near], cosines.col[near], cosines.data[near], strict=True):
                first, second = int(row) + begin, int(column)
                if present[first].multiply(present[second]).nnz >= least_runs:
                    yield first, second, min(1.0, float(cosine))

    def cosines(self, rows: Sequence[int]) -> npt.NDArray[np.float64]:
        """All cosines among some rows, as a square."""
        chosen = self.vectors[list(rows)]
        return np.asarray(np.minimum((chosen @ chosen.T).toarray(), 1.0))


def sequences(fingerprints: Sequence[Fingerprint], starter: Fingerprint | None = None) -> Sequences:
    """Prepare a class for comparison; the runs of `starter` are of no account."""
    runs = tuple(_runs(one) for one in fingerprints)
    own = [_distinct(texts) for texts in runs]
    known, counts = np.unique(np.concatenate([*own, _NOTHING]), return_counts=True)
    widespread = len(own) >= LEAST_CLASS
    ignored = known[counts > WIDESPREAD * len(own)] if widespread else _NOTHING
    ignored = np.union1d(ignored, _distinct(_runs(starter)) if starter else _NOTHING)
    own = [np.setdiff1d(hashes, ignored, assume_unique=True) for hashes in own]
    columns = np.setdiff1d(known, ignored, assume_unique=True)
    return Sequences(runs, ignored, _weighted(own, columns))


_NOTHING: Hashes = np.empty(0, dtype=np.uint64)


def _runs(one: Fingerprint) -> tuple[Hashes, ...]:
    return tuple(_hashes(text.tokens) for text in one.texts)


def _hashes(tokens: str) -> Hashes:
    """One number per run: the polynomial of its characters at `_FACTOR`, modulo 2**64 (Karp & Rabin)."""
    points = np.frombuffer(tokens.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    if len(points) < RUN:
        return _NOTHING
    powers = np.cumprod(np.full(RUN, _FACTOR, dtype=np.uint64), dtype=np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(points, RUN)
    return np.asarray((windows * powers).sum(axis=1, dtype=np.uint64), dtype=np.uint64)


def _distinct(texts: tuple[Hashes, ...]) -> Hashes:
    return np.unique(np.concatenate([*texts, _NOTHING]))


def _weighted(own: Sequence[Hashes], columns: Hashes) -> csr_matrix:
    found = [np.searchsorted(columns, hashes) for hashes in own]
    ends = np.cumsum([0, *map(len, found)])
    indices = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=int(ends[-1]))
    present = csr_matrix((np.ones(len(indices)), indices, ends), shape=(len(own), max(1, len(columns))))
    return csr_matrix(TfidfTransformer().fit_transform(present)) if len(indices) else present
