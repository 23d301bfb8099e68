"""The results of a batch on disk, as its store has them: every report, the tables, the overview."""

from collections import Counter
from pathlib import Path

from grader.batch.stored.collect import collect
from grader.batch.stored.export import similarity_of, write_everything
from grader.model.result import Result
from grader.model.similarity import Fingerprint
from grader.store.engine import Store


def write_outcome(
    store: Store, batch: int, folder: Path, *, starter: Fingerprint | None = None, compared: bool = True
) -> Counter[Result]:
    """Write the results, and the reports that are not there yet or are others; how many students have which result.

    `compared` submissions are held against each other, which takes a while. Raises UsageError where the folder can't be
    written to, GraderError where the disk is full, StoreError where the store can't be read.
    """
    collection = collect(store, batch)
    similarity = similarity_of(collection, starter) if compared else None
    return Counter(row.result for row in write_everything(collection, folder, similarity))
