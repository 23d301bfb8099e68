"""Published beside measured: what the runs of the reference models come to."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Literal

from pydantic import Field

from grader.model.base import Frozen
from grader.model.facts import PerAxis
from grader.model.report import GradeReport
from grader.model.training import EpochRecord, TrainingRun
from grader.reference.catalog import Reference
from grader.reference.export import describe_accuracy
from grader.reference.runs import Wanted


class SeedFigures(Frozen):
    """One run. Accuracies are fractions; `validation` ones are on the recipe's split, None where it has none."""

    seed: int
    best_test: float
    best_epoch: int
    final_test: float
    best_validation: float | None
    final_validation: float | None
    epoch_at_target: int | None
    epochs: int
    stopped: str
    seconds: float  # of all epochs, evaluation included
    peak_memory_bytes: int | None


class BaselineRow(Frozen):
    """One reference model."""

    key: str
    title: str
    rubric: str
    recipe: str  # the recipe's name
    published_parameters: int
    parameters: int
    published_receptive_field: int | None
    receptive_field: PerAxis | None
    batch_norm: bool
    dropout: bool
    head: str
    target: float | None
    published: tuple[str, ...]  # the accuracies, in words
    published_on: tuple[Literal["test", "validation", "augmented_validation"], ...]
    runs: tuple[SeedFigures, ...]


class Baseline(Frozen):
    """The table, with what it was measured on."""

    schema_name: Literal["grader/baseline/v1"] = Field("grader/baseline/v1", alias="schema")
    created_at: str  # ISO 8601, UTC
    environment: dict[str, str]
    rows: tuple[BaselineRow, ...]


def baseline(references: Sequence[Reference], reports: Mapping[Wanted, GradeReport], created_at: str) -> Baseline:
    """The table of these runs; models without a run are left out."""
    rows = []
    for reference in references:
        mine = [report for wanted, report in reports.items() if wanted.key == reference.key]
        if mine:
            rows.append(_row(reference, mine))
    first = next(iter(reports.values()))
    return Baseline(created_at=created_at, environment=_environment(first), rows=tuple(rows))


def _row(reference: Reference, reports: Sequence[GradeReport]) -> BaselineRow:
    published, facts = reference.published, reports[0].facts
    assert facts is not None  # `measure` hands out measured models only
    return BaselineRow(
        key=reference.key,
        title=published.title,
        rubric=published.rubric,
        recipe=str((reports[0].training.recipe or {}).get("name", "")),
        published_parameters=published.parameters,
        parameters=facts.parameters.total,
        published_receptive_field=published.receptive_field,
        receptive_field=facts.receptive_field.before_head,
        batch_norm=facts.batch_norm.runs,
        dropout=facts.dropout.runs,
        head=facts.head.kind,
        target=reports[0].training.target,
        published=tuple(describe_accuracy(accuracy) for accuracy in published.accuracies),
        published_on=tuple(accuracy.measured_on for accuracy in published.accuracies),
        runs=tuple(_figures(report.training.runs[0]) for report in reports),
    )


def _figures(run: TrainingRun) -> SeedFigures:
    validation = [one for one in (_validation(epoch) for epoch in run.epochs) if one is not None]
    return SeedFigures(
        seed=run.seed,
        best_test=run.best_accuracy,
        best_epoch=run.best_epoch,
        final_test=run.final_accuracy,
        best_validation=max(validation, default=None),
        final_validation=validation[-1] if validation else None,
        epoch_at_target=run.first_epoch_at_target,
        epochs=len(run.epochs),
        stopped=run.stopped,
        seconds=round(sum(epoch.seconds for epoch in run.epochs), 1),
        peak_memory_bytes=run.peak_memory_bytes,
    )


def _validation(epoch: EpochRecord) -> float | None:
    return epoch.validation_accuracy


def _environment(report: GradeReport) -> dict[str, str]:
    made = report.provenance
    environment = report.training.runs[0].environment
    named = {"grader": made.grader_version, "python": made.python, "torch": made.torch, "sandbox": made.sandbox}
    kept = ("device", "device_name", "threads", "engine", "data_digest")
    return named | {name: environment[name] for name in kept if name in environment}


def to_markdown(table: Baseline) -> str:
    """The table as GitHub-flavoured Markdown; with several seeds each figure is the mean over them."""
    head = (
        "| model | parameters | receptive field | BN | dropout | head | published | on its split, best / last |"
        " on the test set, best / last | at target | seconds |"
    )
    lines = [head, "|" + "---|" * 11]
    for row in table.rows:
        cells = (
            f"`{row.key}`",
            _beside(f"{row.published_parameters:,}", f"{row.parameters:,}"),
            _beside(str(row.published_receptive_field), _extent(row.receptive_field)),
            "yes" if row.batch_norm else "no",
            "yes" if row.dropout else "no",
            row.head,
            "; ".join(row.published) or "–",
            _pair([run.best_validation for run in row.runs], [run.final_validation for run in row.runs]),
            _pair([run.best_test for run in row.runs], [run.final_test for run in row.runs]),
            ", ".join(_at_target(run) for run in row.runs),
            f"{mean(run.seconds for run in row.runs):.0f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _beside(published: str, measured: str) -> str:
    return measured if published == measured else f"{measured} (published: {published})"


def _extent(size: PerAxis | None) -> str:
    return "none" if size is None else str(size) if isinstance(size, int) else "×".join(map(str, size))


def _pair(best: Sequence[float | None], final: Sequence[float | None]) -> str:
    shown = [_percent(best), _percent(final)]
    return "–" if shown == ["–", "–"] else " / ".join(shown)


def _percent(values: Sequence[float | None]) -> str:
    numbers = [value for value in values if value is not None]
    return f"{mean(numbers) * 100:.2f} %" if numbers else "–"


def _at_target(run: SeedFigures) -> str:
    reached = "never" if run.epoch_at_target is None else f"epoch {run.epoch_at_target}"
    return f"{reached} of {run.epochs}"
