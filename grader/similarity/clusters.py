"""Submissions that resemble each other, in groups: by graph, by shapes, by source."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from grader.model.similarity import Cluster, Fingerprint, Likeness, Pair
from grader.similarity.passages import passages, share
from grader.similarity.questions import question
from grader.similarity.sequences import LEAST_CLASS, WIDESPREAD, Sequences, sequences

LEAST_SIMILARITY = 0.6  # cosine, from which on two sources are called similar
LEAST_RUNS = 40  # in common: some five lines that are in neither the starter code nor much of the class
MOST_PAIRS = 10  # shown of a cluster
MOST_EXPLAINED = 200  # clusters that have their pairs with them
MOST_COMPARED = 200  # members of a cluster among which the closest pairs are looked for
_Near = Sequence[tuple[int, int, float]]  # row, row, cosine; the closest first
_ORDER: tuple[Likeness, ...] = ("graph", "shapes", "source")


def clusters(fingerprints: Mapping[str, Fingerprint], starter: Fingerprint | None = None) -> tuple[Cluster, ...]:
    """All groups of two or more that are alike, the most telling first. `fingerprints` by student.

    A group is of those with one graph, those with one sequence of shapes, or those whose sources are similar one to
    the next; groups with the same members are one. The starter's own graph and source are of no account.
    """
    return _Class(fingerprints, starter).clusters()


class _Class:
    def __init__(self, fingerprints: Mapping[str, Fingerprint], starter: Fingerprint | None) -> None:
        self._students = list(fingerprints)
        self._prints = list(fingerprints.values())
        self._starter = starter or Fingerprint()
        self._prepared: Sequences = sequences(self._prints, starter)

    def clusters(self) -> tuple[Cluster, ...]:
        groups: dict[tuple[int, ...], set[Likeness]] = defaultdict(set)
        for likeness, rows in self._groups():
            groups[rows].add(likeness)
        sources = [set(rows) for rows, kinds in groups.items() if "source" in kinds]
        for rows, kinds in groups.items():
            if any(source.issuperset(rows) for source in sources):
                kinds.add("source")
        found = [self._cluster(rows, kinds) for rows, kinds in groups.items()]
        found.sort(key=lambda pair: _telling(pair[0]))
        explained = (
            cluster.model_copy(update={"pairs": self._pairs(near)}) for cluster, near in found[:MOST_EXPLAINED]
        )
        return (*explained, *(cluster for cluster, _ in found[MOST_EXPLAINED:]))

    def _groups(self) -> Iterator[tuple[Likeness, tuple[int, ...]]]:
        yield from (("graph", rows) for rows in _equal([one.graph for one in self._prints], self._starter.graph))
        yield from (("shapes", rows) for rows in _equal([one.shapes for one in self._prints], self._starter.shapes))
        yield from (("source", rows) for rows in self._similar())

    def _similar(self) -> Iterator[tuple[int, ...]]:
        near = list(self._prepared.pairs(LEAST_SIMILARITY, LEAST_RUNS))
        size = len(self._prints)
        rows, columns = [pair[0] for pair in near], [pair[1] for pair in near]
        links = coo_matrix((np.ones(len(near)), (rows, columns)), shape=(size, size))
        _, labels = connected_components(links, directed=False)
        yield from _equal([str(label) for label in labels], None)

    def _cluster(self, rows: tuple[int, ...], likeness: set[Likeness]) -> tuple[Cluster, _Near]:
        """The cluster, and its closest pairs, whose evidence takes longer to find."""
        widespread = len(self._prints) >= LEAST_CLASS and len(rows) > WIDESPREAD * len(self._prints)
        ordered = tuple(kind for kind in _ORDER if kind in likeness)
        near = self._closest(rows)
        cluster = Cluster(
            students=tuple(self._students[row] for row in rows),
            likeness=ordered,
            question=question(ordered, len(rows), widespread=widespread),
            strongest=near[0][2] if near else None,
            pairs_total=len(rows) * (len(rows) - 1) // 2,
            widespread=widespread,
        )
        return cluster, near

    def _pairs(self, near: _Near) -> tuple[Pair, ...]:
        return tuple(self._pair(*pair) for pair in near)

    def _closest(self, rows: tuple[int, ...]) -> _Near:
        rows = rows[:MOST_COMPARED]
        cosines = np.triu(self._prepared.cosines(rows), k=1)
        order = np.argsort(-cosines, axis=None, kind="stable")[:MOST_PAIRS]
        places = zip(*np.unravel_index(order, cosines.shape), strict=True)
        return [(rows[a], rows[b], float(cosines[a, b])) for a, b in places if cosines[a, b] > 0]

    def _pair(self, first: int, second: int, similarity: float) -> Pair:
        return Pair(
            first=self._students[first],
            second=self._students[second],
            similarity=round(similarity, 4),
            first_share=round(share(self._prepared, first, second), 4),
            second_share=round(share(self._prepared, second, first), 4),
            passages=passages(self._prints[first], self._prints[second], self._prepared, (first, second)),
        )


def _equal(values: Sequence[str | None], starters: str | None) -> Iterator[tuple[int, ...]]:
    """The rows that share a value, two or more, without those that have none or the starter's."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, value in enumerate(values):
        if value is not None and value != starters:
            rows[value].append(row)
    yield from (tuple(group) for group in rows.values() if len(group) > 1)


def _telling(cluster: Cluster) -> tuple[object, ...]:
    """Sorts what is widespread last, then what is alike in most ways and most closely first."""
    kinds = ("graph" in cluster.likeness) + ("source" in cluster.likeness)
    return cluster.widespread, -kinds, "source" not in cluster.likeness, -(cluster.strongest or 0.0), cluster.students
