"""The Markdown report: fits a comment on a pull request, most important first."""

from typing import Any

from grader.model.report import GradeReport
from grader.report.escape import markdown_code, markdown_prose, markdown_text
from grader.report.notation import plural
from grader.report.view.claims import ClaimView
from grader.report.view.criteria import ChangeView, Criterion
from grader.report.view.origin import RecipeView
from grader.report.view.page import Page, page
from grader.report.view.table import Entry, Table
from grader.report.view.training import EpochView, RunView, TryView

LIMIT = 48_000  # characters; a forge takes 65,536 for a comment, and adds to it
_MOST_CELL = 400


def to_markdown(report: GradeReport) -> str:
    """The report as Markdown, never longer than `LIMIT`; what was left out is said at the end."""
    shown = page(report)
    sections = [
        ("the verdict", _verdict(shown)),
        ("what to do", _blocked(shown)),
        ("the candidates", _model(shown) if shown.blocked else []),
        ("the table of criteria", _criteria(shown)),
        ("what to fix", _fixes(shown)),
        ("what a person should look at", _flags(shown)),
        ("the model", [] if shown.blocked else _model(shown)),
        ("what the submission says", _claims(shown)),
        ("the training runs", _runs(shown)),
        ("the layers", _layers(shown)),
        ("the epochs", _epochs(shown)),
        ("the recipe", _recipe(shown)),
        ("the mistakes", _mistakes(shown)),
        ("the facts", _facts(shown)),
        ("the provenance", _provenance(shown)),
    ]
    return _fit([(name, text) for name, text in sections if text])


def _fit(sections: list[tuple[str, list[str]]]) -> str:
    """Whole sections while they fit; then rows of a section; what is left out is named."""
    room = LIMIT - 600  # for the last sentence and the closing tags
    written: list[str] = []
    cut: list[str] = []
    for name, lines in sections:
        text = "\n".join(lines)
        if len(text) + 2 <= room:
            written.append(text)
            room -= len(text) + 2
            continue
        cut.append(name)
        kept = _head(lines, room)
        if kept:
            written.append(kept)
            room -= len(kept) + 2
    if cut:
        written.append(f"*Shortened to fit a comment: {', '.join(cut)}. The whole report is in report.html.*")
    return "\n\n".join(written) + "\n"


def _head(lines: list[str], room: int) -> str:
    """The first lines that fit, if they are more than a heading; an opened <details> is closed again."""
    closing = "\n\n</details>" if lines[-1] == "</details>" else ""
    room -= len(closing)
    kept: list[str] = []
    for line in lines[:-1] if closing else lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join(kept) + closing if len(kept) > 6 else ""


def _verdict(shown: Page) -> list[str]:
    first = shown.verdict
    stamps = "".join(f" · **{markdown_text(stamp)}**" for stamp in first.stamps)
    lines = [f"## {first.icon} {first.word}: {first.points}", "", f"{markdown_prose(first.summary)}{stamps}"]
    for notice in first.notices:
        mend = f" Run {markdown_code(notice.mend)}." if notice.mend else ""
        lines += ["", f"> {markdown_prose(notice.text)}{mend}"]
    if first.highlights:
        lines += ["", " · ".join(f"{entry.name} **{markdown_text(entry.value)}**" for entry in first.highlights)]
    graded = (
        f"Graded: {markdown_code(shown.model.name)} in {markdown_code(shown.model.place)}, " if shown.model.name else ""
    )
    return [*lines, "", f"{graded}{'r' if graded else 'R'}ubric: {markdown_text(shown.rubric)}"]


def _blocked(shown: Page) -> list[str]:
    if not shown.blocked:
        return []
    lines = ["### What to do", "", markdown_prose(shown.blocked.fix or "Mend what is named above, then grade again.")]
    if shown.blocked.places:
        lines += ["", f"Look at {', '.join(map(markdown_code, shown.blocked.places))}."]
    return lines


def _criteria(shown: Page) -> list[str]:
    rows = [
        [
            f"{row.icon} {row.word}",
            markdown_text(row.title) + ("" if row.kind == "required" else f" *({markdown_text(row.kind)})*"),
            _cell(row.expected),
            _cell(row.observed),
            row.points,
        ]
        for row in shown.criteria.rows
    ]
    heading = ["Status", "Criterion", "Expected", "Observed", "Points"]
    return ["### Criteria", "", *_grid(heading, rows, "lllll"), *_more(shown.criteria)] if rows else []


def _fixes(shown: Page) -> list[str]:
    lines = [line for row in shown.criteria.rows if row.open for line in _fix(row)]
    return ["### What to fix", "", *lines] if lines else []


def _fix(row: Criterion) -> list[str]:
    places = f" ({', '.join(map(markdown_code, row.places))})" if row.places else ""
    fix = f" **Fix:** {markdown_prose(row.fix)}" if row.fix else ""
    lines = [f"- **{markdown_text(row.title)}**{places}: {markdown_prose(row.message)}{fix}"]
    lines += [f"  - {markdown_code(line.place)}: {markdown_code(line.text)}" for line in row.lines]
    lines += [f"  - *Why it matters:* {markdown_prose(row.why)}"] if row.why else []
    if row.changes:
        lines += [f"  - *{row.changes_heading}:*", *(f"    - {_change(change)}" for change in row.changes)]
    return lines


def _change(change: ChangeView) -> str:
    """One line: what to change, what to write, what would come of it."""
    code = f" {', '.join(map(markdown_code, change.code))}" if change.code else ""
    basis = f" *({change.basis})*" if change.basis else ""
    effect = f" → {markdown_prose(change.effect)}{basis}" if change.effect else ""
    hinders = f" {markdown_prose(change.hinders)}" if change.hinders else ""
    return f"{markdown_prose(change.what)}{code}{effect}{hinders}"


def _flags(shown: Page) -> list[str]:
    lines = []
    for flag in shown.flags.rows:
        places = f" ({', '.join(map(markdown_code, flag.places))})" if flag.places else ""
        lines.append(f"- {markdown_prose(flag.message)}{places}")
    return ["### A person should look at", "", *lines, *_more(shown.flags)] if lines else []


def _model(shown: Page) -> list[str]:
    model = shown.model
    lines = [f"Selected by: {markdown_text(model.selected_by)}."] if model.name else []
    rows = [
        [markdown_code(row.spec), "graded" if row.graded else "", _cell("; ".join(row.evidence))]
        for row in model.candidates.rows
    ]
    if rows:
        lines += ["", *_grid(["`--model`", "", "Evidence"], rows, "lll"), *_more(model.candidates)]
    lines += [line for problem in model.problems.rows for line in ("", f"- {markdown_prose(problem)}")]
    lines += _more(model.problems)
    number = len(rows) + model.candidates.left_out
    summary = f"The model: {plural(number, 'candidate')}" if number else "The model: no candidate"
    return _details(summary, lines, opened=not model.name and bool(rows)) if lines else []


def _claims(shown: Page) -> list[str]:
    claims = shown.claims
    if claims is None:
        return []
    lines = ["### What the submission says", "", f"Claims: {claims.summary}."]
    if claims.open:
        lines += ["", *_claim_table(claims.open)]
    for part in claims.folded:
        lines += ["", *_details(part.title, _claim_table(part.rows))]
    lines += [line for note in claims.notes.rows for line in ("", f"- {markdown_text(note)}")]
    return [*lines, *_more(claims.notes)]


def _claim_table(claims: Table[ClaimView]) -> list[str]:
    rows = [
        [
            f"{row.icon} {row.word}",
            f"{_cell(row.claimed)} ({', '.join(map(markdown_code, row.places))})",
            _cell(row.measured),
            _cell(row.explanation),
        ]
        for row in claims.rows
    ]
    return [*_grid(["Verdict", "The submission says", "Measured", "Why"], rows, "llll"), *_more(claims)]


def _runs(shown: Page) -> list[str]:
    lines = ["### Training"]
    for one in shown.training.tries:
        lines += ["", *_try(one)]
    return lines


def _try(shown: TryView) -> list[str]:
    status = markdown_prose(shown.status)
    lines = [f"**{markdown_text(shown.heading)}.** {status}" if shown.heading else status]
    rows = [
        [str(run.seed), run.best, run.interval, run.final, run.reached or "–", run.ending, run.time]
        for run in shown.runs.rows
    ]
    if rows:
        where = shown.runs.rows[0].set_name
        heading = ["Seed", f"Best on the {where}", "95 % interval", "Last epoch", "Target reached", "Epochs", "Time"]
        lines += ["", *_grid(heading, rows, "rllllll"), *_more(shown.runs)]
    if shown.probes:
        lines += ["", markdown_prose(shown.probes.summary), ""]
        lines += _entries(["Tried", "Right", "95 % interval"], shown.probes.rows)
    return lines


def _layers(shown: Page) -> list[str]:
    rows = [
        [
            markdown_code(row.name),
            f"{_cell(row.operation)} {_cell(row.settings)}".strip(),
            row.output,
            row.receptive_field,
            row.jump,
            row.parameters,
            markdown_code(row.place) if row.place else "",
        ]
        for row in shown.layers.rows
    ]
    heading = ["Layer", "Operation", "Output", "Receptive field", "Jump", "Parameters", "Line"]
    summary = f"Layers and receptive field ({len(rows) + shown.layers.left_out})"
    return _details(summary, [*_grid(heading, rows, "lllrrrl"), *_more(shown.layers)]) if rows else []


def _epochs(shown: Page) -> list[str]:
    lines: list[str] = []
    for number, one in enumerate(shown.training.tries):
        for run in one.runs.rows:
            lines += ["", *_epoch_table(run, "Second try, seed" if number else "Seed"), *_more(run.epochs)]
    return _details("Epoch by epoch", lines[1:]) if lines else []


def _epoch_table(run: RunView, seed: str) -> list[str]:
    heading = ["Epoch", "Learning rate", "Train loss", "Train accuracy", "Loss", "Accuracy", "Seconds"]

    def row(epoch: EpochView) -> list[str]:
        accuracy = f"**{epoch.accuracy}**" if epoch.best else epoch.accuracy
        return [
            epoch.epoch, epoch.rate, epoch.train_loss, epoch.train_accuracy, epoch.loss, accuracy, epoch.seconds
        ]  # fmt: skip

    return [
        f"{seed} {run.seed}, {run.set_name}:",
        "",
        *_grid(heading, [row(epoch) for epoch in run.epochs.rows], "rrrrrrr"),
        *(["", markdown_text(run.pace)] if run.pace else []),
    ]


def _recipe(shown: Page) -> list[str]:
    lines = [line for recipe in shown.recipes if recipe.values for line in ("", *_one_recipe(recipe))]
    return _details("Recipe and initialisers", lines[1:]) if lines else []


def _one_recipe(recipe: RecipeView) -> list[str]:
    lines = [markdown_text(recipe.sentence)]
    if recipe.unread:
        lines += ["", "Could not be read; the reference recipe stands in:", ""]
        lines += _entries(["Setting", "Why", "Where"], recipe.unread)
    lines += [line for note in recipe.notes.rows for line in ("", f"- {markdown_prose(note)}")]
    lines += ["", *_entries(["Setting", "Value", "Origin"], recipe.values)]
    if recipe.initializers:
        lines += ["", *_entries(["Initialiser", "Parameters", ""], recipe.initializers)]
    return lines


def _mistakes(shown: Page) -> list[str]:
    found = shown.training.evaluation
    if found is None:
        return []
    lines = [markdown_text(found.heading), "", "Most frequent: " + ", ".join(map(markdown_text, found.mix_ups)) + "."]
    return _details(
        "Mistakes", [*lines, "", *_classes(shown), "The confusion matrix and the pictures are in report.html."]
    )


def _classes(shown: Page) -> list[str]:
    """One column per class, so that ten of them take three lines."""
    inside = shown.interpretation
    if inside is None:
        return []
    rows = inside.classes.rows
    cells = [["Accuracy", *(row.accuracy for row in rows)], ["Wrong", *(row.wrong for row in rows)]]
    table = _grid(["Class", *(str(row.label) for row in rows)], cells, "l" + "r" * len(rows))
    looks = []
    if inside.filters:
        name = f" {markdown_code(inside.filters.name)}" if inside.filters.name else ""
        looks += [
            f"{inside.filters.number} of the first convolution{name} are drawn in report.html{inside.filters.note}."
        ]
    if inside.saliency:
        pairs = ", ".join(f"{one.label} → {one.predicted}" for one in inside.saliency)
        looks += [f"What spoke for each class in the surest mistakes ({pairs}) is drawn there, too."]
    more = [*_more(inside.classes), ""] if inside.classes.left_out else [""]
    return [markdown_text(inside.worst), "", *table, *more, *([" ".join(looks), ""] if looks else [])]


def _facts(shown: Page) -> list[str]:
    if shown.facts is None:
        return []
    lines = _entries(["Fact", "Value", ""], Table(shown.facts.entries))
    lines += [line for caveat in shown.facts.caveats.rows for line in ("", f"- {markdown_text(caveat)}")]
    return _details("Facts", lines)


def _provenance(shown: Page) -> list[str]:
    lines = _entries(["Provenance", "", ""], Table(shown.provenance))
    if shown.command:
        lines += ["", f"Run it again: {markdown_code(shown.command)}"]
    return _details("Provenance", lines)


def _entries(heading: list[str], entries: Table[Entry]) -> list[str]:
    rows = [
        [_cell(entry.name), markdown_code(entry.value) if entry.code else _cell(entry.value), _cell(entry.note)]
        for entry in entries.rows
    ]
    return [*_grid(heading, rows, "lll"), *_more(entries)]


def _cell(text: str) -> str:
    return markdown_text(text if len(text) <= _MOST_CELL else f"{text[: _MOST_CELL - 1]}…")


def _grid(heading: list[str], rows: list[list[str]], align: str) -> list[str]:
    rule = ["---:" if side == "r" else "---" for side in align]
    return [f"| {' | '.join(cells)} |" for cells in (heading, rule, *rows)]


def _more(rows: Table[Any]) -> list[str]:
    return ["", f"{plural(rows.left_out, 'more row')} in report.json."] if rows.left_out else []


def _details(summary: str, lines: list[str], *, opened: bool = False) -> list[str]:
    return [f"<details{' open' if opened else ''}><summary>{summary}</summary>", "", *lines, "", "</details>"]
