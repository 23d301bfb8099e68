"""A store, and small reports and runs to keep in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.model.report import GradeReport, ModelSection, Provenance, RubricReference, Score
from grader.model.roster import RosterEntry
from grader.model.training import Training, TrainingRun
from grader.model.work import TrainingKey, WorkKey
from grader.store.engine import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(tmp_path / "store.sqlite")
    yield found
    found.close()


@pytest.fixture
def report() -> GradeReport:
    return GradeReport(
        scope="static",
        verdict="pass",
        summary="All is met.",
        score=Score(points=3, max_points=4),
        rubric=RubricReference(id="r", title="R", digest="0" * 64),
        model=ModelSection.model_validate(dict.fromkeys(("file", "cell", "class", "line")) | {"selected_by": "x"}),
        training=Training(status="not_requested"),
        outcomes=(),
        provenance=Provenance(
            source="s",
            path=None,
            commit="c" * 40,
            dirty=False,
            grader_version="1",
            python="3",
            torch="2",
            sandbox="bubblewrap",
            sandbox_strength="isolated",
            graph_digest="9" * 64,
            created_at="2026-01-01T00:00:00+00:00",
            seconds=1.0,
        ),
    )


@pytest.fixture
def work_key() -> WorkKey:
    return WorkKey(
        commit="c" * 40,
        path=None,
        model=None,
        rubric="0" * 64,
        recipe=None,
        seeds=(0, 1, 2),
        epochs=None,
        train=False,
        data=None,
        engine="torch",
        device="cpu",
        sandbox="bubblewrap",
        grader="1",
        torch="2",
    )


@pytest.fixture
def training_key() -> TrainingKey:
    return TrainingKey(
        graph="9" * 64, recipe="8", task="7", seed=4, data="6", engine="torch", device="cpu", grader="1", torch="2"
    )


@pytest.fixture
def run() -> TrainingRun:
    return TrainingRun(
        seed=4,
        evaluated_on="test",
        best_accuracy=0.9,
        best_epoch=1,
        final_accuracy=0.9,
        first_epoch_at_target=None,
        epochs=(),
    )


@pytest.fixture
def entry() -> Any:
    """entry("ada", 2, ref="main"): a row of a roster."""

    def make(student: str, line: int = 2, **more: Any) -> RosterEntry:
        values = {"student": student, "line": line, "repository": "https://h.example/a", **more}
        return RosterEntry.model_validate(values)

    return make
