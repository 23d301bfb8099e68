"""What a batch does, in the words that stand in its store."""

import hashlib
import json
from enum import StrEnum
from typing import Any

from grader.model.base import Frozen
from grader.model.roster import RosterEntry


class Stage(StrEnum):
    """The steps of one submission, in their order."""

    CLONE = "clone"
    PROBE = "probe"
    ANALYSE = "analyse"
    TRAIN = "train"
    REPORT = "report"


class State(StrEnum):
    """Where a submission stands. `running` of a batch that was killed is `waiting` again at the next start."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"  # there is a report
    FAILED = "failed"  # there is none, for a reason of ours or of the network: tried again with --failed
    NOTHING = "nothing"  # there is nothing to grade: no repository, excused


class Ended(StrEnum):
    """How a stage ended."""

    DONE = "done"
    FOUND = "found"  # the work had been done before
    FAILED = "failed"


class WorkKey(Frozen):
    """Everything that a report depends on: the same key, the same report."""

    source: str = ""  # the repository's URL without credentials: the report names it
    commit: str  # or a digest of the files, for a folder outside git
    path: str | None
    model: str | None
    rubric: str  # digest
    recipe: str | None  # digest of the one that is named for everybody or for this student
    seeds: tuple[int, ...]
    epochs: int | None
    train: bool
    data: str | None  # digest of the data set; None without training
    engine: str
    device: str
    sandbox: str
    grader: str  # version
    torch: str
    hopeless: str | None = None  # digest of the rules by which runs are given up
    stop_at: float | None = None  # the accuracy at which a run ends

    @property
    def digest(self) -> str:
        """Sha256 of the key as normalised JSON."""
        return _digest(self)


class TrainingKey(Frozen):
    """Everything that one training run depends on: identical graphs with the same recipe and seed train once."""

    graph: str  # digest
    recipe: str
    task: str
    seed: int
    data: str
    engine: str
    device: str
    grader: str
    torch: str
    # A run that ends early never stands for a full one, nor for one that ends elsewhere.
    hopeless: str | None = None  # digest of the rule by which it is given up
    stop_at: float | None = None  # the accuracy at which it ends

    @property
    def digest(self) -> str:
        """Sha256 of the key as normalised JSON."""
        return _digest(self)


class RescoredKey(Frozen):
    """Everything that a report which was scored again depends on: another report, and the other rubric."""

    report: str  # digest of the key of the report that was measured
    rubric: str  # digest
    grader: str  # version

    @property
    def digest(self) -> str:
        """Sha256 of the key as normalised JSON."""
        return digest_of(self.model_dump(mode="json"))


class StoredSubmission(Frozen):
    """A student of a batch, as the store has it."""

    id: int
    entry: RosterEntry
    stage: Stage
    state: State
    attempts: int
    commit: str | None = None
    received_at: str | None = None
    late: bool = False
    report_key: str | None = None
    problem: str = ""


def _digest(key: WorkKey | TrainingKey) -> str:
    """The digest; what lets no run end early is no part of it, as in keys from before runs could."""
    absent = {name for name in ("hopeless", "stop_at") if getattr(key, name) is None}
    return digest_of(key.model_dump(mode="json", exclude=absent))


def digest_of(value: Any) -> str:
    """Sha256 of plain data as normalised JSON: the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
