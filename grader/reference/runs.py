"""Reference models through the student's pipeline, one run per model and seed; finished ones are kept and found again.

A run lies in `runs/KEY/seed-N`: the report, and `run.json`, which says what the report is the result of. A run whose
`run.json` says something else is done again.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import GraderError, ReferenceModelError, TrainingError
from grader.model.recipe import Recipe
from grader.model.report import GradeReport
from grader.model.rubric import Rubric
from grader.model.submission import Submission
from grader.pipeline.grade import grade
from grader.pipeline.request import Backends, KnownRecipes, Options, Request
from grader.reference.catalog import MODEL, Reference
from grader.reference.export import export_reference
from grader.reference.kept import RunIdentity, find_kept, keep
from grader.rubric.load import load_rubric
from grader.temporary_folder import temporary_folder
from grader.training.launch import ProgressEvent


@dataclass(frozen=True)
class Wanted:
    """One run."""

    key: str
    seed: int

    def __str__(self) -> str:
        return f"{self.key}, seed {self.seed}"


@dataclass(frozen=True)
class Setting:
    """What all runs have in common."""

    references: Sequence[Reference]
    out: Path
    backends: Backends  # its callbacks are not used: `Watch` hears of everything
    rubric: Rubric | None = None  # None: the one each reference model was written for
    recipe: Recipe | None = None  # None: each reference model's own
    epochs: int | None = None
    device: str = "auto"
    data_dir: Path | None = None
    jobs: int = 1  # runs side by side

    def reference(self, key: str) -> Reference:
        """The reference model of that key."""
        return next(reference for reference in self.references if reference.key == key)


@dataclass(frozen=True)
class Watch:
    """Who is told what happens; all of it may come from other threads."""

    checked: Callable[[str], None] = lambda key: None  # the graph is what published.yaml says
    found: Callable[[Wanted], None] = lambda wanted: None  # an earlier run is used
    training: Callable[[Wanted, ProgressEvent], None] = lambda wanted, event: None
    finished: Callable[[Wanted, GradeReport], None] = lambda wanted, report: None


def measure(wanted: Sequence[Wanted], setting: Setting, watch: Watch | None = None) -> Mapping[Wanted, GradeReport]:
    """The report of each run, in the order wanted; those that an earlier call finished are read, the others run.

    Every model is first held against its published.yaml, before anything trains. Ctrl-C keeps what has finished and
    raises KeyboardInterrupt. Raises ReferenceModelError for a model that is not what its published.yaml says, and
    GraderError for what is missing on this machine (data, device, sandbox) or breaks.
    """
    return _Campaign(setting, watch or Watch()).run(wanted)


@dataclass
class _Campaign:
    setting: Setting
    watch: Watch
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, wanted: Sequence[Wanted]) -> dict[Wanted, GradeReport]:
        reports: dict[Wanted, GradeReport] = {}
        for one in wanted:
            kept = find_kept(self._folder(one), self._identity(one))
            if kept is not None:
                reports[one] = kept
                self.watch.found(one)
        missing = [one for one in wanted if one not in reports]
        with temporary_folder("workspace") as workspace:
            for key in dict.fromkeys(one.key for one in missing):
                export_reference(self.setting.reference(key), workspace / key)
                self._check(key, workspace / key)
            reports |= self._train(missing, workspace)
        return {one: reports[one] for one in wanted}

    def _check(self, key: str, repository: Path) -> None:
        """Hold a model against its published.yaml. Raises ReferenceModelError."""
        reference = self.setting.reference(key)
        require_as_published(reference, grade(self._request(reference, repository, None), self._backends()))
        self.watch.checked(key)

    def _train(self, missing: Sequence[Wanted], workspace: Path) -> dict[Wanted, GradeReport]:
        """Train what is missing, some side by side; the first error ends the others."""
        reports: dict[Wanted, GradeReport] = {}
        with ThreadPoolExecutor(max(1, min(self.setting.jobs, len(missing)))) as pool:
            futures = {pool.submit(self._train_one, one, workspace / one.key): one for one in missing}
            try:
                for future, one in _as_they_end(futures):
                    reports[one] = future.result()
            except BaseException:
                self.stopping.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return reports

    def _train_one(self, wanted: Wanted, repository: Path) -> GradeReport:
        def listen(event: ProgressEvent) -> None:
            if self.stopping.is_set():
                raise KeyboardInterrupt  # as if Ctrl-C had reached this thread: the training ends and cleans up
            self.watch.training(wanted, event)

        request = self._request(self.setting.reference(wanted.key), repository, wanted.seed)
        report = grade(request, self._backends(listen))
        _require_trained(report, wanted)
        keep(report, self._folder(wanted), self._identity(wanted))
        self.watch.finished(wanted, report)
        return report

    def _request(self, reference: Reference, repository: Path, seed: int | None) -> Request:
        """A submission like any other; `seed` None leaves the training out."""
        setting = self.setting
        recipe = setting.recipe or reference.recipe
        return Request(
            submission=Submission(source=f"reference model {reference.key}", checkout=repository, root=repository),
            rubric=self._rubric(reference),
            recipes=KnownRecipes(reference=recipe, manifest=recipe),  # the same: no second try
            options=Options(
                model=f"{MODEL}:{reference.published.model}",
                train=seed is not None,
                epochs=setting.epochs,
                seeds=None if seed is None else (seed,),
                device=setting.device,
                data_dir=setting.data_dir,
            ),
            selected_by=".grader.yml",
        )

    def _rubric(self, reference: Reference) -> Rubric:
        return self.setting.rubric or load_rubric(reference.published.rubric)

    def _backends(self, listen: Callable[[ProgressEvent], None] | None = None) -> Backends:
        backends = self.setting.backends
        return Backends(sandbox=backends.sandbox, limits=backends.limits, on_training=listen)

    def _folder(self, wanted: Wanted) -> Path:
        return self.setting.out / "runs" / wanted.key / f"seed-{wanted.seed}"

    def _identity(self, wanted: Wanted) -> RunIdentity:
        reference, setting = self.setting.reference(wanted.key), self.setting
        return RunIdentity.of(
            model=(reference.folder / MODEL).read_bytes(),
            recipe=(setting.recipe or reference.recipe).digest,
            task=self._rubric(reference).task,
            seed=wanted.seed,
            epochs=setting.epochs,
            device=setting.device,
        )


def require_as_published(reference: Reference, report: GradeReport) -> None:
    """Raise ReferenceModelError where the measured graph is not what published.yaml says, with the line."""
    facts, published = report.facts, reference.published
    if facts is None:
        raise ReferenceModelError(f"The reference model {reference.key!r} can't be measured: {report.summary}")
    total, field_size = facts.parameters.total, facts.receptive_field.before_head
    if total != published.parameters:
        where = reference.line("parameters")
        raise ReferenceModelError(f"{where}: says {published.parameters:,} parameters; the model has {total:,}.")
    if published.receptive_field is not None and field_size != published.receptive_field:
        where = reference.line("receptive_field")
        raise ReferenceModelError(
            f"{where}: says a receptive field of {published.receptive_field}; the model has {field_size}."
        )


def _require_trained(report: GradeReport, wanted: Wanted) -> None:
    training = report.training
    if training.status == "partial":
        raise KeyboardInterrupt
    if training.status == "error":
        raise TrainingError(f"{wanted}: {training.reason}", mend=training.mend)
    if training.status != "completed" or not training.runs:
        raise GraderError(f"{wanted} was not trained: {training.reason or report.summary}", mend=training.mend)


def _as_they_end(futures: Mapping[Future[GradeReport], Wanted]) -> "list[tuple[Future[GradeReport], Wanted]]":
    """All futures, waited for in short steps so that Ctrl-C is heard; raises what the first that failed raised."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
    return list(futures.items())
