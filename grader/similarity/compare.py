"""The comparison of a whole class, and where its starter code comes from."""

from collections.abc import Mapping
from pathlib import Path

from grader.errors import UsageError
from grader.intake.tree import SourceTree
from grader.model.similarity import Fingerprint, Similarity
from grader.similarity.clusters import clusters
from grader.similarity.fingerprint import fingerprint


def compare(
    fingerprints: Mapping[str, Fingerprint], *, students: int, starter: Fingerprint | None = None
) -> Similarity:
    """Compare all that have a fingerprint, by student, of a class of `students`."""
    return Similarity(
        students=students,
        compared=len(fingerprints),
        starter=starter is not None,
        shortened=tuple(student for student, found in fingerprints.items() if found.cut),
        clusters=clusters(fingerprints, starter),
    )


def read_starter(folder: Path) -> Fingerprint:
    """The fingerprint of the code that the course gave to everybody; it is only read. Raises UsageError for none."""
    if not folder.is_dir():
        raise UsageError(f"The starter code {folder} is not a folder.", mend="Name the folder that holds it.")
    found = fingerprint(None, SourceTree(folder).sources.values())
    if not found.texts:
        raise UsageError(
            f"The starter code {folder} holds no Python file and no notebook that can be read.",
            mend="Name the folder that was handed out, or leave --starter out.",
        )
    return found
