"""`grader/report/v1`: the report, versioned and self-contained. Rescoring needs no retraining."""

from typing import Literal

from pydantic import Field

from grader.model.base import Frozen
from grader.model.claims import Claims
from grader.model.facts import Facts
from grader.model.outcome import Outcome
from grader.model.submission import Candidate, Location
from grader.model.training import Training


class Score(Frozen):
    points: float
    max_points: float  # required and optional points; bonus comes on top


class Flag(Frozen):
    """What a person should look at; costs no points."""

    kind: str
    message: str
    evidence: tuple[Location, ...] = ()


class RubricReference(Frozen):
    id: str
    title: str
    digest: str  # sha256 of the rubric as normalised JSON


class Provenance(Frozen):
    """Where every figure came from; enough to run it again."""

    source: str
    path: str | None
    commit: str | None
    dirty: bool
    grader_version: str
    python: str
    torch: str
    sandbox: str
    sandbox_strength: Literal["isolated", "limits only"]
    graph_digest: str | None = None  # sha256 of the graph as normalised JSON
    data_digest: str | None = None
    device: str | None = None
    created_at: str  # ISO 8601, UTC
    seconds: float
    command: str = ""


class ModelSection(Frozen):
    file: str | None
    cell: int | None
    name: str | None = Field(alias="class")
    line: int | None
    selected_by: str
    build: str | None = None
    candidates: tuple[Candidate, ...] = ()
    problems: tuple[str, ...] = ()


class GradeReport(Frozen):
    schema_name: Literal["grader/report/v1"] = Field("grader/report/v1", alias="schema")
    scope: Literal["static", "full"]
    verdict: Literal["pass", "fail", "inconclusive", "error"]
    summary: str  # one sentence: why this verdict
    gradable: bool = True  # False: no model, ambiguous, can't be built (exit code 4)
    score: Score
    rubric: RubricReference
    model: ModelSection
    facts: Facts | None = None
    training: Training
    claims: Claims = Claims()
    outcomes: tuple[Outcome, ...]
    flags: tuple[Flag, ...] = ()
    provenance: Provenance
