"""One transform of torchvision as an augmentation of a recipe; names and order of arguments are torchvision's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grader.intake.recipe.plain import Unclear, number, plain, what_is
from grader.intake.recipe.reading import Argument, arguments_of, is_given
from grader.intake.trace.library_values import LibraryObject
from grader.intake.trace.values import Collection, Value

SIDE = 28  # of the images of MNIST
# torchvision 0.20 to 0.26; `resample` and `fillcolor` are older names.
ORDERS = {
    "RandomRotation": ("degrees", "interpolation", "expand", "center", "fill"),
    "RandomAffine": ("degrees", "translate", "scale", "shear", "interpolation", "fill", "center"),
    "RandomCrop": ("size", "padding", "pad_if_needed", "fill", "padding_mode"),
    "RandomErasing": ("p", "scale", "ratio", "value", "inplace"),
}
INTERPOLATIONS: Mapping[object, str] = {
    "NEAREST": "nearest", "BILINEAR": "bilinear", "nearest": "nearest", "bilinear": "bilinear",
    0: "nearest", 2: "bilinear", None: "nearest",
}  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """What images are when a transform gets them: pixels 0 to 255, a tensor 0 to 1, or a normalised tensor."""

    kind: Literal["image", "tensor", "normalized"] = "image"
    mean: float | None = None  # of Normalize, as far as it is known
    std: float | None = None

    def pixel(self, fill: float) -> float:
        """The pixel, 0 to 255, that a colour means here. Raises Unclear."""
        if self.kind == "image":
            return fill
        if self.kind == "tensor":
            return round(fill * 255, 6)
        if self.mean is None or self.std is None:
            raise Unclear("which pixel fills the edges after Normalize can't be told")
        return round((fill * self.std + self.mean) * 255, 6)


def augmentation(made: Value, share: Argument | None, stage: Stage) -> dict[str, Any]:
    """The fields of a recipe's augmentation, which acts on pixels. `share` is the p of RandomApply.

    Raises Unclear with the reason why a recipe can't say it.
    """
    if not isinstance(made, LibraryObject) or made.name not in ORDERS or not made.path.startswith("torchvision."):
        raise Unclear(f"a recipe has no augmentation {what_is(made)}")
    given = arguments_of(made, ORDERS[made.name])
    match made.name:
        case "RandomRotation":
            fields = _rotation(given, stage)
        case "RandomAffine":
            fields = _affine(given, stage)
        case "RandomCrop":
            fields = _crop(given, stage)
        case _:
            fields = _erasing(given, stage)
    if share is not None:
        fields["p"] = number(share.value) * fields.get("p", 1.0 if fields["name"] != "erasing" else 0.5)
    return fields


def one_number(value: Value) -> int | float:
    """A number, also where it is a list of one, or of several that are equal. Raises Unclear."""
    if isinstance(value, Collection) and value.keys is None and value.items:
        numbers = [number(item) for item in value.items]
        if any(one != numbers[0] for one in numbers):
            raise Unclear("it differs between channels")
        return numbers[0]
    return number(value)


def _rotation(given: Mapping[str, Argument], stage: Stage) -> dict[str, Any]:
    _refuse(given, "expand", "center")
    return {"name": "rotation", "degrees": _range(_needed(given, "degrees")), **_drawing(given, stage)}


def _affine(given: Mapping[str, Argument], stage: Stage) -> dict[str, Any]:
    _refuse(given, "center")
    fields: dict[str, Any] = {"name": "affine", "degrees": _range(_needed(given, "degrees"))}
    for name in ("translate", "scale"):
        if is_given(given.get(name)):
            fields[name] = _numbers(given[name].value, 2)
    if is_given(given.get("shear")):
        fields["shear"] = _range(given["shear"].value)
    return {**fields, **_drawing(given, stage)}


def _crop(given: Mapping[str, Argument], stage: Stage) -> dict[str, Any]:
    size = plain(_needed(given, "size"))
    if size not in (SIDE, [SIDE], [SIDE, SIDE]):
        raise Unclear(f"it changes the size of the images to {size}")
    if "padding_mode" in given and plain(given["padding_mode"].value) != "constant":
        raise Unclear("a recipe pads with one colour")
    padding = one_number(given["padding"].value) if is_given(given.get("padding")) else 0
    return {"name": "crop", "padding": int(padding), "size": SIDE, **_filling(given.get("fill"), stage)}


def _erasing(given: Mapping[str, Argument], stage: Stage) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": "erasing", "space": "normalized" if stage.kind == "normalized" else "pixels"}
    if "p" in given:
        fields["p"] = number(given["p"].value)
    for name in ("scale", "ratio"):
        if name in given:
            fields[name] = _numbers(given[name].value, 2)
    if "value" in given:
        value = given["value"].value
        fields["value"] = "random" if getattr(value, "value", None) == "random" else one_number(value)
    return fields


def _drawing(given: Mapping[str, Argument], stage: Stage) -> dict[str, Any]:
    """How the turned image is drawn."""
    fields: dict[str, Any] = {}
    how = given.get("interpolation") or given.get("resample")
    if how is not None:
        name = plain(how.value)
        known = INTERPOLATIONS.get(name.rsplit(".", 1)[-1] if isinstance(name, str) else name or None)
        if known is None:
            raise Unclear(f"a recipe has no interpolation {name}")
        fields["interpolation"] = known
    return {**fields, **_filling(given.get("fill") or given.get("fillcolor"), stage)}


def _filling(given: Argument | None, stage: Stage) -> dict[str, float]:
    """What fills the edges; black where nothing is said, which after Normalize is another pixel."""
    colour = one_number(given.value) if given is not None and is_given(given) else 0
    pixel = stage.pixel(colour)
    return {"fill": pixel} if is_given(given) or pixel else {}


def _needed(given: Mapping[str, Argument], name: str) -> Value:
    if name not in given:
        raise Unclear(f"{name} is not given")
    return given[name].value


def _range(value: Value) -> float | list[float]:
    """Degrees: one number, or a low and a high one."""
    if isinstance(value, Collection):
        return _numbers(value, 2)
    return number(value)


def _numbers(value: Value, count: int) -> list[float]:
    if not isinstance(value, Collection) or len(value.items) != count:
        raise Unclear(f"a recipe takes {count} numbers")
    return [number(item) for item in value.items]


def _refuse(given: Mapping[str, Argument], *names: str) -> None:
    for name in names:
        if is_given(given.get(name)):
            raise Unclear(f"a recipe has no argument {name}={given[name].text}")
