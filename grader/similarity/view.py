"""What the overview shows of a comparison. Every string of a student's is made visible and short here."""

from collections.abc import Callable
from dataclasses import dataclass

from grader.model.similarity import Cluster, Pair, Passage, Similarity
from grader.model.submission import Location
from grader.report.escape import prose, visible
from grader.report.notation import count, plural

MOST_CLUSTERS = 50
MOST_MEMBERS = 30
_TITLES = {
    "graph": "the same network",
    "shapes": "networks of the same shapes",
    "source": "passages of the same source",
}


@dataclass(frozen=True)
class Member:
    """A student of a cluster; `link` leads to the report, where there is one."""

    name: str
    link: str | None


@dataclass(frozen=True)
class PassageView:
    """Where two sources have the same passage."""

    first: str  # file:line–line
    second: str
    length: str


@dataclass(frozen=True)
class PairView:
    """Two members, and what they have in common."""

    first: str
    second: str
    similarity: str
    shares: str
    passages: tuple[PassageView, ...]


@dataclass(frozen=True)
class ClusterView:
    """One question."""

    title: str
    question: str
    members: tuple[Member, ...]
    members_left_out: int
    pairs: tuple[PairView, ...]
    pairs_left_out: int


@dataclass(frozen=True)
class SimilarityView:
    """The section."""

    sentence: str
    notes: tuple[str, ...]
    clusters: tuple[ClusterView, ...]
    left_out: int


def similarity_view(similarity: Similarity, link: Callable[[str], str | None] = lambda _: None) -> SimilarityView:
    """The section; `link` gives a student's report, relative to the page."""
    shown = similarity.clusters[:MOST_CLUSTERS]
    return SimilarityView(
        sentence=_sentence(similarity),
        notes=tuple(_notes(similarity)),
        clusters=tuple(_cluster(cluster, link) for cluster in shown),
        left_out=len(similarity.clusters) - len(shown),
    )


def _sentence(similarity: Similarity) -> str:
    compared = f"{plural(similarity.compared, 'submission')} compared"
    found = plural(len(similarity.clusters), "group") if similarity.clusters else "no group"
    return f"{compared}: {found} to look at. A resemblance proves nothing and costs no points; it is a question."


def _notes(similarity: Similarity) -> list[str]:
    notes = []
    if similarity.compared < similarity.students:
        missing = plural(similarity.students - similarity.compared, "student")
        notes.append(f"There was nothing to compare of {missing}.")
    if not similarity.starter:
        notes.append("No starter code was named (`--starter`): what the course handed out may stand here, too.")
    if similarity.shortened:
        names = ", ".join(visible(student, 60) for student in similarity.shortened[:10])
        more = f" and {count(len(similarity.shortened) - 10)} more" if len(similarity.shortened) > 10 else ""
        notes.append(f"Only the beginning of a very long source was compared of {names}{more}.")
    return notes


def _cluster(cluster: Cluster, link: Callable[[str], str | None]) -> ClusterView:
    members = tuple(Member(visible(student, 80), link(student)) for student in cluster.students[:MOST_MEMBERS])
    kinds = [kind for kind in cluster.likeness if not (kind == "shapes" and "graph" in cluster.likeness)]
    return ClusterView(
        title=f"{plural(len(cluster.students), 'student')}: {' and '.join(_TITLES[kind] for kind in kinds)}",
        question=prose(cluster.question),
        members=members,
        members_left_out=len(cluster.students) - len(members),
        pairs=tuple(map(_pair, cluster.pairs)),
        pairs_left_out=cluster.pairs_total - len(cluster.pairs),
    )


def _pair(pair: Pair) -> PairView:
    return PairView(
        first=visible(pair.first, 80),
        second=visible(pair.second, 80),
        similarity=_whole(pair.similarity),
        shares=f"{_whole(pair.first_share)} and {_whole(pair.second_share)}",
        passages=tuple(map(_passage, pair.passages)),
    )


def _whole(fraction: float) -> str:
    return f"{round(fraction * 100)} %"


def _passage(passage: Passage) -> PassageView:
    return PassageView(
        first=_lines(passage.first, passage.first_end),
        second=_lines(passage.second, passage.second_end),
        length=f"{count(passage.tokens)} tokens",
    )


def _lines(place: Location, end: int) -> str:
    return visible(str(place), 120) + (f"–{end}" if end != place.line else "")
