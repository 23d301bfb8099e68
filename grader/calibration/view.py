"""A calibration in words and tables: what the page and the terminal say."""

from dataclasses import dataclass

from grader.calibration.matrix import Matrix, RuleRow, capital, chosen, counted_rules, matrix, range_text, rule_row
from grader.calibration.rules import describe
from grader.calibration.suggest import share_text
from grader.model.calibration import (
    Calibration,
    Distribution,
    ModelCalibration,
    RuleRates,
    WorstCase,
)
from grader.report.escape import visible
from grader.report.notation import NOTHING, count, duration, percent, plural
from grader.report.view.table import Entry

_EXPECTED = {"pass": "should pass", "fail": "should not pass", "unknown": "not known"}
_SETS = {"test": "the test set", "validation": "the validation split"}
_HEADINGS = {
    "inconclusive": "So many seeds can't tell",
    "none": "No rule keeps the level",
    "no_model": "No model that should pass",
}
_TONES = {"supported": ("✓", "pass"), "inconclusive": ("?", "warn"), "none": ("✕", "fail"), "no_model": ("?", "warn")}


@dataclass(frozen=True)
class Banner:
    """The first screen. `tone` is pass, fail or warn."""

    icon: str
    tone: str
    heading: str
    sentence: str
    otherwise: str
    snippet: str
    snippet_title: str
    highlights: tuple[Entry, ...]


@dataclass(frozen=True)
class ModelRow:
    """One model in the table, and above its curves."""

    key: str
    title: str
    expected: str
    why: str
    recipe: str
    best: str
    final: str
    reaching: str
    interval: str
    at_target: str
    caption: str


@dataclass(frozen=True)
class Page:
    """The whole page."""

    title: str
    rubric: str
    level: str
    target: str
    banner: Banner
    models: tuple[ModelRow, ...]
    counted: str  # which models the matrix of false fails is about
    fails: Matrix | None
    passed: Matrix | None  # false passes
    rules: tuple[RuleRow, ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    limits: tuple[str, ...]
    provenance: tuple[Entry, ...]
    command: str


def page(calibration: Calibration) -> Page:
    """Everything the page says."""
    origin, judged = calibration.origin, counted_rules(calibration)
    return Page(
        title=f"Calibration of {visible(origin.rubric)}",
        rubric=f"{visible(origin.rubric_title)} ({visible(origin.rubric)})",
        level=f"{calibration.suggestion.level * 100:g} %",
        target=percent(calibration.target),
        banner=_banner(calibration),
        models=tuple(_model(model, calibration) for model in calibration.models),
        counted=_counted(calibration),
        fails=matrix(judged, "fail", calibration) if judged[0].false_fail else None,
        passed=matrix(judged, "pass", calibration) if judged[0].false_pass else None,
        rules=tuple(rule_row(one, calibration) for one in calibration.rules),
        notes=tuple(visible(note, 400) for note in calibration.notes),
        left_out=tuple(visible(sentence, 400) for sentence in calibration.left_out),
        limits=_limits(calibration),
        provenance=_provenance(calibration),
        command=visible(origin.command, 600),
    )


def own_rates(calibration: Calibration) -> RuleRates:
    """The rubric's own rule."""
    return next(one for one in counted_rules(calibration) if one.rule == calibration.own)


def snippet_title(calibration: Calibration) -> str:
    """What the YAML is."""
    supported = chosen(calibration).status == "supported"
    return "In the rubric" if supported else "The best rule so far, in the rubric"


def spread(values: Distribution) -> str:
    """ "99.42 ± 0.05 % (99.31 to 99.50)", or "99.42 %" of one seed."""
    if values.deviation is None:
        return percent(values.mean)
    deviation = f" ± {values.deviation * 100:.2f}"
    return f"{values.mean * 100:.2f}{deviation} % ({values.minimum * 100:.2f} to {values.maximum * 100:.2f})"


def _banner(calibration: Calibration) -> Banner:
    first, other = calibration.suggestion, calibration.otherwise
    icon, tone = _TONES[first.status]
    heading = _HEADINGS.get(first.status, "")
    if not heading and first.rule:
        heading = capital(describe(first.rule))
    return Banner(
        icon=icon,
        tone=tone,
        heading=heading,
        sentence=visible(first.sentence, 800),
        otherwise=visible(other.sentence, 800) if other else "",
        snippet=chosen(calibration).snippet,
        snippet_title=snippet_title(calibration),
        highlights=_highlights(calibration),
    )


def _highlights(calibration: Calibration) -> tuple[Entry, ...]:
    own, suggestion = own_rates(calibration), chosen(calibration)
    entries = [
        Entry("The rubric's rule fails", _rate(own.false_fail), _noted(own.title, own.false_fail)),
    ]
    if suggestion.rule is not None and suggestion.rule != own.rule:
        word = "The suggested one" if suggestion.status == "supported" else "The best one"
        title = describe(suggestion.rule)
        entries.append(Entry(word, _rate(suggestion.false_fail), _noted(title, suggestion.false_fail)))
    if suggestion.false_pass is not None:
        entries.append(Entry("It passes in error", _rate(suggestion.false_pass), _noted("", suggestion.false_pass)))
    seeds = sorted({len(model.runs) for model in calibration.models})
    numbers = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    entries.append(Entry("Seeds per model", numbers, plural(len(calibration.models), "model")))
    return tuple(entries)


def _rate(worst: WorstCase | None) -> str:
    return NOTHING if worst is None else share_text(worst.rate)


def _noted(title: str, worst: WorstCase | None) -> str:
    if worst is None:
        return title
    parts = [title, f"{range_text(worst.interval)}, worst model {worst.model}"]
    return "; ".join(part for part in parts if part)


def _model(model: ModelCalibration, calibration: Calibration) -> ModelRow:
    reached = sorted(run.epoch_at_target for run in model.runs if run.epoch_at_target is not None)
    reaching = model.reaching
    at_target = NOTHING
    if reached:
        at_target = f"{reached[0]}" if reached[0] == reached[-1] else f"{reached[0]} to {reached[-1]}"
    return ModelRow(
        key=model.key,
        title=visible(model.title),
        expected=_EXPECTED[model.expected],
        why=visible(model.why, 300),
        recipe=visible(model.recipe, 60),
        best=spread(model.best),
        final=spread(model.final),
        reaching=f"{reaching.reached} of {reaching.of}",
        interval=range_text(reaching.interval),
        at_target=at_target,
        caption=f"{reaching.reached} of {plural(reaching.of, 'seed')} reached {percent(calibration.target)}.",
    )


def _counted(calibration: Calibration) -> str:
    without = chosen(calibration).without
    should = [model.key for model in calibration.models if model.expected == "pass" and model.key not in without]
    if not should:
        return ""
    sentence = f"The worst rate over the models that should pass: {', '.join(should)}."
    return f"{sentence} Left out: {', '.join(without)}, which no rule passes." if without else sentence


def _limits(calibration: Calibration) -> tuple[str, ...]:
    images = _SETS[calibration.origin.evaluated_on]
    return (
        f"Every seed is judged on the same images, {images}: the intervals say what other seeds would do, not what"
        " other images would.",
        "Intervals are 95 % Clopper-Pearson for the share of single seeds, carried to k of n seeds by the binomial"
        " distribution. Each is for one model; the worst of several models is rarer than 5 %.",
        "Reference models are not students. A rule that suits them suits networks and recipes like theirs.",
        "Rules are ordered by how often they pass, over all models measured. A rate is not rounded to 0 % or 100 %"
        " unless every seed agreed.",
    )


def _provenance(calibration: Calibration) -> tuple[Entry, ...]:
    origin = calibration.origin
    recipes = {"published": "each model's own", "reference": "the rubric's reference recipe"}
    seeds = origin.seeds
    numbers = ", ".join(map(str, seeds[:20])) + (" …" if len(seeds) > 20 else "")
    entries = [
        Entry("Rubric", visible(origin.rubric), f"criterion {visible(origin.criterion)}"),
        Entry("Rubric digest", visible(origin.rubric_digest), code=True),
        Entry("Data set", visible(origin.dataset), f"judged on {_SETS[origin.evaluated_on]}"),
        Entry("Data digest", visible(", ".join(origin.data_digest), 200), code=True),
        Entry("Recipes", recipes[origin.recipe]),
        *(
            Entry(f"Recipe digest, {model.key}", visible(model.recipe_digest), code=True)
            for model in calibration.models
        ),
        Entry("Epochs", str(calibration.epochs)),
        Entry("Seeds", numbers, count(len(seeds))),
        Entry("Device", visible(", ".join(origin.device), 200)),
        Entry(
            "Versions",
            f"grader {', '.join(origin.grader_version)}, Python {', '.join(origin.python)},"
            f" torch {', '.join(origin.torch)}",
        ),
        Entry("Sandbox", visible(", ".join(origin.sandbox))),
        Entry("Trained for", duration(origin.training_seconds), "over all runs, kept ones included"),
        Entry("Made", visible(origin.created_at), f"in {duration(origin.seconds)}"),
    ]
    return tuple(entry for entry in entries if entry.value)
