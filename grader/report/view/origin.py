"""Where every figure came from: the recipe with its origins, initialisers, provenance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grader.model.code_recipe import Unread
from grader.model.report import GradeReport
from grader.model.training import Training
from grader.report.escape import prose, visible
from grader.report.notation import count, duration, place
from grader.report.view.table import Entry, Table, table

MOST_VALUES = 120
MOST_UNREAD = 20
MOST_NOTES = 10
_SOURCES = {
    "option": "The recipe{name} is named with --recipe. It is not known to be the student's own.",
    "manifest": "The recipe{name} is named in the submission's .grader.yml. It is the student's own.",
    "code": "The recipe was read from the submission's training code, which never ran here. It is the student's own.",
    "rubric": "The recipe{name} is the rubric's reference recipe.",
    "": "The recipe{name} is of unknown origin.",
}
_HALF_READ = (
    "The recipe was read from the submission's training code, which never ran here. Not all that matters could be read,"
    " so it is not known to be the student's own."
)


@dataclass(frozen=True)
class RecipeView:
    """The recipe value by value; `values` is empty where nothing was trained."""

    heading: str
    sentence: str
    values: Table[Entry]
    unread: Table[Entry]  # setting, why it could not be read, where
    notes: Table[str]  # what is odd about it
    initializers: Table[Entry]


def recipe_view(training: Training) -> RecipeView:
    """Each value with where it came from; initialisers grouped by kind."""
    flat = list(_flat(training.recipe or {}))
    name = f" {prose(str(training.recipe['name']), 60)}" if training.recipe and training.recipe.get("name") else ""
    half_read = training.recipe_source == "code" and not training.recipe_is_the_students
    sentence = _HALF_READ if half_read else _SOURCES[training.recipe_source].format(name=name)
    grouped: dict[str, list[str]] = {}
    for path, kind in training.initializers.items():
        grouped.setdefault(kind, []).append(path)
    called = prose(training.recipe_called, 200)
    return RecipeView(
        heading=f"{called[:1].upper()}{called[1:]}",
        sentence=sentence if flat else "",
        values=table(flat, MOST_VALUES, lambda pair: _value(*pair, training.recipe_origins)),
        unread=table(training.recipe_unread, MOST_UNREAD, _unread),
        notes=table(training.recipe_notes, MOST_NOTES, lambda note: prose(note, 400)),
        initializers=table(grouped.items(), 40, lambda group: _initializer(*group)),
    )


def _unread(unread: Unread) -> Entry:
    return Entry(
        visible(unread.field, 80), prose(unread.reason, 300), place(unread.location) if unread.location else ""
    )


def provenance_view(report: GradeReport) -> tuple[Entry, ...]:
    """Enough to run it again and to tell two reports apart."""
    origin = report.provenance
    strength = "isolated" if origin.sandbox_strength == "isolated" else "limits only, no isolation"
    commit = visible(origin.commit or "none: the folder is not under version control")
    entries = [
        Entry("Source", visible(origin.source, 300), code=True),
        Entry("Folder", visible(origin.path or ""), code=True),
        Entry("Commit", commit, "with uncommitted changes" if origin.dirty else "", code=bool(origin.commit)),
        Entry("Rubric", visible(report.rubric.id), visible(report.rubric.title)),
        Entry("Rubric digest", visible(report.rubric.digest), code=True),
        Entry("Graph digest", visible(origin.graph_digest or ""), code=True),
        Entry("Data digest", visible(origin.data_digest or ""), code=True),
        Entry("Sandbox", visible(origin.sandbox), strength),
        Entry("Device", visible(origin.device or "")),
        Entry(
            "Versions",
            f"grader {visible(origin.grader_version)}, Python {visible(origin.python)}, torch {visible(origin.torch)}",
        ),
        Entry("Made", visible(origin.created_at), f"in {duration(origin.seconds)}"),
    ]
    return tuple(entry for entry in entries if entry.value)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Dotted field and value, one level of nesting after the other."""
    if isinstance(value, dict) and (value or not name):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, f"{name}.{index}")
    else:
        yield name, _written(value)


def _written(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(_written(item) for item in value) or "none"
    return "none" if value == {} else str(value)


def _value(name: str, value: str, origins: dict[str, str]) -> Entry:
    """The origin is that of the value, else of the nearest group it belongs to."""
    parts = name.split(".")
    keys = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    origin = next((origins[key] for key in keys if key in origins), "")
    return Entry(visible(name, 80), visible(value), prose(origin, 160))


def _initializer(kind: str, paths: list[str]) -> Entry:
    shown = ", ".join(visible(path, 60) for path in paths[:6])
    more = f" and {count(len(paths) - 6)} more" if len(paths) > 6 else ""
    return Entry(prose(kind, 160), f"{shown}{more}")
