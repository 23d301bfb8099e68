"""One transform of torchvision as an augmentation of a recipe; names and order of arguments are torchvision's."""

from collections.abc import Mapping
from typing import Any

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


def augmentation(made: Value, share: Argument | None, normalized: bool) -> dict[str, Any]:
    """The fields of a recipe's augmentation. `share` is the p of RandomApply; `normalized`: it comes after Normalize.

    Raises Unclear with the reason why a recipe can't say it.
    """
    if not isinstance(made, LibraryObject) or made.name not in ORDERS or not made.path.startswith("torchvision."):
        raise Unclear(f"a recipe has no augmentation {what_is(made)}")
    given = arguments_of(made, ORDERS[made.name])
    match made.name:
        case "RandomRotation":
            fields = _rotation(given)
        case "RandomAffine":
            fields = _affine(given)
        case "RandomCrop":
            fields = _crop(given)
        case _:
            fields = _erasing(given, normalized)
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


def _rotation(given: Mapping[str, Argument]) -> dict[str, Any]:
    _refuse(given, "expand", "center")
    return {"name": "rotation", "degrees": _range(given["degrees"].value), **_drawing(given)}


def _affine(given: Mapping[str, Argument]) -> dict[str, Any]:
    _refuse(given, "center")
    fields: dict[str, Any] = {"name": "affine", "degrees": _range(given["degrees"].value)}
    for name in ("translate", "scale"):
        if is_given(given.get(name)):
            fields[name] = _numbers(given[name].value, 2)
    if is_given(given.get("shear")):
        fields["shear"] = _range(given["shear"].value)
    return {**fields, **_drawing(given)}


def _crop(given: Mapping[str, Argument]) -> dict[str, Any]:
    size = plain(given["size"].value)
    if size not in (SIDE, [SIDE], [SIDE, SIDE]):
        raise Unclear(f"it changes the size of the images to {size}")
    if "padding_mode" in given and plain(given["padding_mode"].value) != "constant":
        raise Unclear("a recipe pads with one colour")
    padding = one_number(given["padding"].value) if is_given(given.get("padding")) else 0
    fill = {"fill": one_number(given["fill"].value)} if "fill" in given else {}
    return {"name": "crop", "padding": int(padding), "size": SIDE, **fill}


def _erasing(given: Mapping[str, Argument], normalized: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": "erasing", "space": "normalized" if normalized else "pixels"}
    if "p" in given:
        fields["p"] = number(given["p"].value)
    for name in ("scale", "ratio"):
        if name in given:
            fields[name] = _numbers(given[name].value, 2)
    if "value" in given:
        value = given["value"].value
        fields["value"] = "random" if getattr(value, "value", None) == "random" else one_number(value)
    return fields


def _drawing(given: Mapping[str, Argument]) -> dict[str, Any]:
    """How the turned image is drawn."""
    fields: dict[str, Any] = {}
    how = given.get("interpolation") or given.get("resample")
    if how is not None:
        name = plain(how.value)
        known = INTERPOLATIONS.get(name.rsplit(".", 1)[-1] if isinstance(name, str) else name or None)
        if known is None:
            raise Unclear(f"a recipe has no interpolation {name}")
        fields["interpolation"] = known
    fill = given.get("fill") or given.get("fillcolor")
    if is_given(fill) and fill is not None:
        fields["fill"] = one_number(fill.value)
    return fields


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
