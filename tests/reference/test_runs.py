"""Runs of a reference model: through the pipeline, kept, found again, refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.errors import ReferenceModelError
from grader.model.graph import Export
from grader.model.recipe import Recipe
from grader.model.report import GradeReport
from grader.model.task import Task
from grader.model.training import Training
from grader.pipeline.request import Backends
from grader.reference.baseline import Baseline, baseline, to_markdown
from grader.reference.catalog import load_references
from grader.reference.runs import Setting, Wanted, Watch, measure
from grader.sandbox.bubblewrap import Bubblewrap
from grader.training.data import load
from grader.training.job import TrainingJob
from grader.training.runlog import RunLog
from grader.training.torch_engine import TorchEngine


class Log:
    """What the watch was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.watch = Watch(
            checked=lambda key: self.lines.append(f"checked {key}"),
            found=lambda wanted: self.lines.append(f"found {wanted}"),
            finished=self._finished,
        )

    def _finished(self, wanted: Wanted, report: GradeReport) -> None:
        self.lines.append(f"finished {wanted}")


_SANDBOX = Bubblewrap(warm=True)


def train_here(
    export: Export, recipe: Recipe, task: Task, *, seeds: Sequence[int], target: float, **settings: object
) -> Training:
    """`grader.training.launch.retrain` without processes, which take longer to start than this model to train."""
    runs = []
    for seed in seeds:
        job = TrainingJob(export=export, recipe=recipe, task=task, seed=seed, target=target, device="cpu")
        log = RunLog(seed, task.evaluate_on, target)
        TorchEngine().train(job, load(task.dataset, None), log.take, None)
        runs.append(log.to_run())
    described = recipe.model_dump(mode="json")
    return Training.model_validate(
        {"status": "completed", "recipe": described, "dataset": task.dataset, "target": target, "runs": runs}
    )


def setting(references: Path, out: Path, jobs: int = 1) -> Setting:
    backends = Backends(sandbox=_SANDBOX, retrain=train_here)
    return Setting(load_references(references), out, backends, device="cpu", jobs=jobs)


def test_runs_are_kept_and_found_again(references: Path, tmp_path: Path) -> None:
    out, log = tmp_path / "out", Log()
    wanted = [Wanted("tiny", 0), Wanted("tiny", 1)]
    first = measure(wanted, setting(references, out, jobs=2), log.watch)
    assert list(first) == wanted
    assert log.lines[0] == "checked tiny"
    assert sorted(log.lines[1:]) == ["finished tiny, seed 0", "finished tiny, seed 1"]
    assert [report.training.runs[0].seed for report in first.values()] == [0, 1]
    assert first[wanted[0]].training.recipe_source == "manifest"

    log = Log()
    again = measure([*wanted, Wanted("tiny", 2)], setting(references, out), log.watch)
    assert log.lines == ["found tiny, seed 0", "found tiny, seed 1", "checked tiny", "finished tiny, seed 2"]
    assert {one: again[one] for one in wanted} == first

    (references / "tiny" / "recipe.yaml").write_text("epochs: 1\nbatch_size: 64\noptimizer: {name: sgd, lr: 0.1}\n")
    log = Log()
    measure(wanted[:1], setting(references, out), log.watch)
    assert log.lines == ["checked tiny", "finished tiny, seed 0"]

    table = baseline(load_references(references), again, "2026-01-01T00:00:00+00:00")
    (row,) = table.rows
    assert (row.parameters, row.receptive_field, row.batch_norm, row.dropout, row.head) == (
        506,
        7,
        True,
        True,
        "gap+fc",
    )
    assert [run.seed for run in row.runs] == [0, 1, 2]
    assert all(run.best_validation is not None and run.epochs == 2 for run in row.runs)
    assert Baseline.model_validate_json(table.model_dump_json(by_alias=True)) == table
    header, _, line = to_markdown(table).splitlines()
    assert header.count("|") == line.count("|") == 12
    assert line.startswith("| `tiny` | 506 | 7 | yes | yes | gap+fc | at least 30.00 %, on the test set |")


def test_half_a_run_is_not_found(references: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    measure([Wanted("tiny", 0)], setting(references, out))
    report = out / "runs" / "tiny" / "seed-0" / "report.json"
    report.write_text(report.read_text()[:-100])
    log = Log()
    measure([Wanted("tiny", 0)], setting(references, out), log.watch)
    assert log.lines == ["checked tiny", "finished tiny, seed 0"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("parameters: 506", "parameters: 505", "4: says 505 parameters; the model has 506."),
        ("receptive_field: 7", "receptive_field: 9", "5: says a receptive field of 9; the model has 7."),
    ],
)
def test_a_model_that_is_not_what_was_published(
    references: Path, tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    file = references / "tiny" / "published.yaml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ReferenceModelError) as caught:
        measure([Wanted("tiny", 0)], setting(references, tmp_path / "out"))
    assert str(caught.value) == f"tiny/published.yaml:{sentence}"
    assert not (tmp_path / "out").exists()


def test_an_interruption_keeps_what_has_finished(references: Path, tmp_path: Path) -> None:
    def interrupt(wanted: Wanted, report: GradeReport) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        measure([Wanted("tiny", 0), Wanted("tiny", 1)], setting(references, out), Watch(finished=interrupt))
    log = Log()
    measure([Wanted("tiny", 0), Wanted("tiny", 1)], setting(references, out), log.watch)
    assert log.lines == ["found tiny, seed 0", "checked tiny", "finished tiny, seed 1"]
