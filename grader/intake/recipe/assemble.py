"""What was read of the code, its holes filled, as a recipe that can be trained with. No I/O, never an exception."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from grader.model.code_recipe import CodeRecipe, ReadValue, Unread
from grader.model.recipe import Recipe

# The parts of a recipe: each is the code's, with torch's defaults for what it leaves out, or else the reference's.
PARTS = ("epochs", "batch_size", "drop_last", "optimizer", "split", "warmup", "schedule", "loss", "clip",
         "normalization", "augmentation", "rotated_copies", "stop_at")  # fmt: skip
# What a miss can hang on. Where grader's own value stands in for one of these, the miss is not the submission's.
DECISIVE = (
    "training", "optimizer", "schedule", "warmup", "batch_size", "epochs", "loss", "clip", "augmentation",
    "rotated_copies",
)  # fmt: skip
# Parts that a training does without where another part was read and they were not: (that part, what to write).
ABSENT: Mapping[str, tuple[str, Any]] = {
    "drop_last": ("batch_size", False), "warmup": ("schedule", None), "rotated_copies": ("augmentation", ()),
}  # fmt: skip
# Parts of the reference that may give way where they contradict what was read, and what is written instead.
OPTIONAL: Mapping[str, tuple[str, Any]] = {
    "warmup": ("warmup", None), "split": ("split", None), "clip": ("clip", None), "stop_at": ("stop_at", None),
    "schedule": ("schedule.name", "none"),
}  # fmt: skip
TORCH = "default of torch"
MOST_CORRECTIONS = 24


@dataclass(frozen=True)
class Assembled:
    """A recipe whose origins say where each value comes from."""

    recipe: Recipe
    unread: tuple[Unread, ...]
    notes: tuple[str, ...]
    complete: bool  # all that a miss can hang on is the code's own


def assemble(code: CodeRecipe, reference: Recipe) -> Assembled:
    """The recipe that the code states; `reference` stands in for what could not be read.

    A part that was read keeps torch's defaults for the arguments that the code leaves out. A value that a recipe can't
    hold is reported as unread, with the reason, and the reference's part stands in. A schedule that outlasts the
    training is kept and cut short. The engine's and the rubric's limits are not applied here.
    """
    draft = _Draft(code, reference)
    recipe = draft.recipe()
    complete = code.loop is not None and not any(_part(entry.field) in DECISIVE for entry in draft.unread)
    return Assembled(recipe.with_origins(draft.origins(recipe)), tuple(draft.unread), tuple(draft.notes), complete)


class _Draft:
    """The parts that were read, corrected until they make a recipe."""

    def __init__(self, code: CodeRecipe, reference: Recipe) -> None:
        self.reference = reference
        self.unread = list(code.unread)
        self.notes = list(code.notes)
        self.loop = code.loop
        self.cut_short = False
        self.theirs = reference.model_dump(mode="python")
        self.read: dict[str, list[ReadValue]] = {}
        lost = {entry.field for entry in code.unread}
        for value in code.values:
            if _part(value.field) in PARTS and _part(value.field) not in lost - {"augmentation"}:
                self.read.setdefault(_part(value.field), []).append(value)
        if "schedule" not in self.read:  # a warm-up goes with what follows it
            self.read.pop("warmup", None)
        if "optimizer.lr" in lost and not self._is_same_kind("optimizer"):  # a rate means little to another optimizer
            self.read.pop("optimizer", None)

    def recipe(self) -> Recipe:
        """Validate, mend what a recipe can't hold, and validate again."""
        for _ in range(MOST_CORRECTIONS):
            try:
                return Recipe.model_validate(self._data())
            except ValidationError as error:
                self._correct(error.errors(include_url=False)[0])
        self.read.clear()
        self.unread.append(Unread(field="training", reason="what was read makes no recipe"))
        return self.reference

    def origins(self, recipe: Recipe) -> dict[str, str]:
        """Dotted field -> "train.py:31", "default of torch" or "reference recipe house"."""
        borrowed = f"reference recipe {self.reference.name}"
        found: dict[str, str] = {}
        for field, _ in _leaves(recipe.model_dump(mode="json", exclude={"name", "text"})):
            part = _part(field)
            origin = self._origin(field) if part in self.read else None
            if self._is_absent(part):
                origin = str(self.read[ABSENT[part][0]][0].location)
            found[field] = origin or (TORCH if part in self.read else borrowed)
        found["cut_short"] = self._origin("schedule.name") or borrowed
        return found | dict.fromkeys(self._holes(), borrowed)

    def _data(self) -> dict[str, Any]:
        """The document to validate."""
        given: dict[str, Any] = {"name": "submission", "text": f"Read from {self.loop}." if self.loop else ""}
        for part in PARTS:
            if part in self.read:
                given[part] = _nested(self.read[part])
            elif self._is_absent(part):
                given[part] = ABSENT[part][1]
            else:
                given[part] = self.theirs[part]
        for field in self._holes():
            part, _, leaf = field.partition(".")
            given[part][leaf] = self.theirs[part][leaf]
        given["cut_short"] = self.cut_short or (not self.read and self.reference.cut_short)
        return given

    def _is_absent(self, part: str) -> bool:
        """Whether a training that was read does without a part that is not named in it."""
        return part not in self.read and part in ABSENT and ABSENT[part][0] in self.read

    def _is_same_kind(self, part: str) -> bool:
        """Whether the reference has the same optimizer, schedule or loss."""
        ours = next((value.value for value in self.read.get(part, ()) if value.field == f"{part}.name"), None)
        theirs = self.theirs[part]
        return isinstance(theirs, dict) and theirs.get("name") == ours

    def _holes(self) -> list[str]:
        """Fields of parts that were read which could not be, and which the reference has."""
        fields = {entry.field for entry in self.unread}
        return [
            field for field in sorted(fields)
            if _part(field) in self.read and field.count(".") == 1 and self._is_same_kind(_part(field))
            and field.partition(".")[2] in self.theirs[_part(field)]
        ]  # fmt: skip

    def _origin(self, field: str) -> str | None:
        for value in self.read.get(_part(field), ()):
            if field == value.field or field.startswith(f"{value.field}."):
                return str(value.location)
        return None

    def _correct(self, error: ErrorDetails) -> None:
        """Take one complaint of the recipe's type into account."""
        part, reason = str(error["loc"][0]), _reason(error)
        if part == "schedule" and "cut_short" in reason and not self.cut_short:
            self.cut_short = True
            self.notes.append(f"The training ends before its schedule does: {reason.partition(';')[0]}.")
            return
        if part == "augmentation" and len(error["loc"]) > 1 and part in self.read:
            self._drop_augmentation(int(error["loc"][1]), reason)
            return
        if part in self.read:
            self._drop(part, reason)
        else:
            self._drop_borrowed(part, reason)

    def _drop(self, part: str, reason: str) -> None:
        first = self.read.pop(part)[0]
        self.unread.append(Unread(field=part, reason=f"a recipe can't hold it: {reason}", location=first.location))

    def _drop_augmentation(self, index: int, reason: str) -> None:
        """One augmentation less; the later ones move up."""
        kept: list[ReadValue] = []
        dropped: ReadValue | None = None
        for value in self.read["augmentation"]:
            _, number, *rest = value.field.split(".")
            if int(number) == index:
                dropped = dropped or value
                continue
            moved = int(number) - (int(number) > index)
            kept.append(value.model_copy(update={"field": ".".join(["augmentation", str(moved), *rest])}))
        if dropped is None:
            self._drop("augmentation", reason)
            return
        place = dropped.location
        self.unread.append(Unread(field="augmentation", reason=f"a recipe can't hold it: {reason}", location=place))
        self.read["augmentation"] = kept or [ReadValue(field="augmentation", value=[], location=place)]

    def _drop_borrowed(self, part: str, reason: str) -> None:
        """A part of the reference that contradicts what was read gives way, or all that was read does."""
        if part in OPTIONAL and self.loop is not None:
            field, value = OPTIONAL[part]
            self.read[part] = [ReadValue(field=field, value=value, location=self.loop)]
            self.unread.append(Unread(field=part, reason=f"the reference's does not fit what was read: {reason}"))
        else:
            self.read.clear()
            self.unread.append(Unread(field="training", reason=f"what was read does not fit the reference: {reason}"))


def _part(field: str) -> str:
    return field.partition(".")[0]


def _nested(values: list[ReadValue]) -> Any:
    """The value of a part: itself, a table of its fields, or a list of tables."""
    whole = [value.value for value in values if "." not in value.field]
    if whole:
        return whole[-1]
    table: dict[str, Any] = {}
    for value in values:
        _, *path = value.field.split(".")
        inner = table
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = value.value
    if table and all(key.isdigit() for key in table):
        return [table[key] for key in sorted(table, key=int)]
    return table


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Dotted fields of a dumped recipe; lists of numbers are leaves."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, str(index)))
    else:
        yield ".".join(path), value


def _reason(error: ErrorDetails) -> str:
    """The complaint, with the field and the value that it is about."""
    words = [str(one) for one in error["loc"][1:] if isinstance(one, str)]
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    if error["type"] == "value_error":
        return message
    return f"{words[-1] if words else error['loc'][0]} {message}, not {str(error['input'])[:60]}"
