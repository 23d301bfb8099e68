"""The calibration in a few lines for the terminal."""

from grader.calibration.matrix import chosen, range_text
from grader.calibration.suggest import share_text
from grader.calibration.view import own_rates, snippet_title, spread
from grader.model.calibration import Calibration
from grader.report.escape import visible
from grader.report.notation import percent


def to_text(calibration: Calibration) -> str:
    """Models, the rubric's rule, the suggestion and its YAML."""
    lines = [
        f"{visible(calibration.origin.rubric)}: {percent(calibration.target)} within {calibration.epochs} epochs",
        "",
        *_models(calibration),
        "",
        _own(calibration),
        visible(calibration.suggestion.sentence, 800),
    ]
    if calibration.otherwise:
        lines.append(visible(calibration.otherwise.sentence, 800))
    lines += [f"Left out: {visible(sentence, 400)}" for sentence in calibration.left_out]
    lines += [f"Note: {visible(note, 400)}" for note in calibration.notes]
    if chosen(calibration).snippet:
        lines += ["", f"{snippet_title(calibration)}:", chosen(calibration).snippet.rstrip()]
    return "\n".join(lines)


def _models(calibration: Calibration) -> list[str]:
    rows = [("model", "should", "best", "last", "reaches it", "95 % interval")]
    words = {"pass": "pass", "fail": "fail", "unknown": "?"}
    for model in calibration.models:
        reaching = model.reaching
        share = f"{reaching.reached} of {reaching.of}"
        spreads = spread(model.best), spread(model.final)
        rows.append((model.key, words[model.expected], *spreads, share, range_text(reaching.interval)))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _own(calibration: Calibration) -> str:
    own = own_rates(calibration)
    worst = own.false_fail
    if worst is None:
        return f"The rubric's rule: {own.title}."
    without = ", ".join(chosen(calibration).without)
    return (
        f"The rubric's rule: {own.title}. It is expected to fail a model that should pass in {share_text(worst.rate)}"
        f" of gradings (95 % interval {range_text(worst.interval)}; worst model: {worst.model}"
        f"{f'; without {without}' if without else ''})."
    )
