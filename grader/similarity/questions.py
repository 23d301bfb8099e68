"""What a person is asked about a cluster. None of these sentences accuses."""

from collections.abc import Sequence

from grader.model.similarity import Likeness

_ASKED: dict[frozenset[Likeness], tuple[str, str]] = {
    frozenset({"graph", "source"}): (
        "have the same network, and passages of the same source",
        "Did they work together, or from the same published code?",
    ),
    frozenset({"graph"}): (
        "have the same network, in source that is not alike",
        "Is it a design that the course or a publication suggests?",
    ),
    frozenset({"shapes", "source"}): (
        "have networks of the same shapes, and passages of the same source",
        "Did they work together, or from the same published code?",
    ),
    frozenset({"shapes"}): (
        "have networks of the same shapes that differ in other settings",
        "Is it a design that the course or a publication suggests?",
    ),
    frozenset({"source"}): (
        "have passages of the same source",
        "Did they work together, or from the same published code?",
    ),
}


def question(likeness: Sequence[Likeness], students: int, *, widespread: bool) -> str:
    """One sentence of what is alike, and one that asks how that came about."""
    kinds = frozenset(likeness)
    alike, asked = _ASKED[kinds - {"shapes"} if "graph" in kinds else kinds]  # the same network has the same shapes
    if widespread:
        asked = "So many have it that it says little: is it the course's own code? Then name it with --starter."
    return f"{students} submissions {alike}. {asked}"
