"""What was tried to see whether an accuracy comes from training: shown where a closer look was taken."""

from dataclasses import dataclass

from grader.model.probes import Measured, Probes
from grader.model.training import Training, TrainingRun
from grader.report.notation import count, percent, percent_range, plural
from grader.report.view.table import Entry, Table
from grader.training.evidence import weigh


@dataclass(frozen=True)
class ProbesView:
    """`summary` is a sentence; the rows are what was tried, what came out, and on how many images."""

    summary: str
    rows: Table[Entry]


def probes_view(training: Training) -> ProbesView | None:
    """Of the first run that was looked at closer, or whose probes are telling; None where there is none."""
    run = next((run for run in training.runs if _is_shown(run)), None)
    if run is None or run.probes is None:
        return None
    probes = run.probes
    return ProbesView(
        summary=f"Seed {run.seed} was looked at closer: {_reason(probes)}. {_outcome(probes)}",
        rows=Table(tuple(_rows(probes))),
    )


def _is_shown(run: TrainingRun) -> bool:
    probes = run.probes
    if probes is None:
        return False
    return bool(probes.short_training or probes.disturbed) or weigh(probes) is not None


def _reason(probes: Probes) -> str:
    stored = plural(probes.stored, "value")
    return f"the graph holds {stored} that fresh weights do not replace" if probes.stored else "it is an unusual graph"


def _outcome(probes: Probes) -> str:
    weighed = weigh(probes)
    if weighed is None:
        return "Nothing suggests that its accuracy comes from anything but training."
    return " ".join(weighed.sentences)


def _rows(probes: Probes) -> list[Entry]:
    rows = [_row("Before the first step", probes.untrained)]
    short, disturbed, regrouped = probes.short_training, probes.disturbed, probes.regrouped
    if short:
        trained = f"Trained on {count(short.images)} images"
        shuffled = "Stored values in another order"
        rows += [
            _row(trained, short.true_labels),
            _row(f"{trained}, every class renamed", short.permuted_labels),
            _row("The same, asked for the true classes", short.old_names),
            _row(f"{shuffled}, {trained[0].lower()}{trained[1:]}", short.shuffled_values)
            if short.shuffled_values
            else Entry(shuffled, "the training broke off"),
        ]
    if disturbed:
        rows += [
            _row("Best epoch", disturbed.plain),
            _row("Every pixel off by up to 4 grey levels", disturbed.noise),
            _row("Images moved by one pixel", disturbed.shift),
        ]
    if regrouped:
        note = f"{percent(regrouped.changed)} of {plural(regrouped.after.images, 'image')} got another class"
        rows.append(Entry("Last epoch, among other images", percent(regrouped.after.accuracy), note))
    return rows


def _row(name: str, measured: Measured) -> Entry:
    note = f"{percent_range(measured.interval)} on {plural(measured.images, 'image')}"
    return Entry(name, percent(measured.accuracy), note)
