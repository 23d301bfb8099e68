"""Claims about the receptive field: of the model, which is where its head begins, or after one layer."""

from collections.abc import Sequence

from grader.analysis.claims.answer import Answer, not_checkable
from grader.analysis.claims.figures import fits
from grader.analysis.claims.wording import count_as_written, listing, pixels, shortened
from grader.model.claims import Figure, ReceptiveFieldClaim, Verdict
from grader.model.facts import Facts, LayerFacts, PerAxis

_BEFORE_HEAD = "where the head begins"


def check(claim: ReceptiveFieldClaim, facts: Facts, *, beside_code: bool = False) -> Answer:
    """Compare with the value before the head; a value that is right at another layer near the end is ambiguous.

    A comment is `beside_code`: it speaks of the layer that it stands beside.
    """
    if claim.layer:
        return _after(claim, facts)
    if beside_code:
        return _beside_code(claim.figure, facts)
    field = facts.receptive_field.before_head
    if field is None:
        return not_checkable("The model has no spatial path from the image to its head.")
    if _fits(claim.figure, field):
        return Answer("confirmed", f"{pixels(field)} px", value=_single(field))
    sentence = f"It says {count_as_written(claim.figure)} pixels; {_BEFORE_HEAD} it is {pixels(field)}."
    verdict, reason = _elsewhere(claim.figure, facts, field)
    return Answer(verdict, f"{pixels(field)} px", f"{sentence} {reason}".strip(), _single(field))


def _elsewhere(figure: Figure, facts: Facts, field: PerAxis) -> tuple[Verdict, str]:
    """Where else the number is right; only a layer at the end makes it a matter of definition."""
    if isinstance(field, tuple) and any(fits(figure, side) for side in field):
        return "ambiguous", "Height and width differ, and it is right for one of them."
    right = [layer for layer in facts.layers if layer.receptive_field and _fits(figure, layer.receptive_field)]
    if figure.relation == "exactly" and right:
        late = [layer for layer in right if layer in _ending(facts)]
        if late:
            word = "after" if _largest(late[0].receptive_field) > _largest(field) else "already at"
            head = " Pooling a map whole looks at all of it, so the value there says nothing about the layers before."
            return "ambiguous", f"It is right {word} {late[0].name}.{head if word == 'after' else ''}"
        return "contradicted", f"It is right after {right[0].name}, which is not the last layer that adds to it."
    covers = [side for side in facts.input_shape[-2:] if fits(figure, side)]
    if facts.receptive_field.gated and covers:
        return "ambiguous", "Through the squeeze-and-excitation gate each value does see the whole image."
    return "contradicted", "Pixels beyond the border count, as in the textbook." if covers else ""


def _ending(facts: Facts) -> Sequence[LayerFacts]:
    """The last convolution on a map that has more than one place, and everything after it."""
    last = 0
    for index, layer in enumerate(facts.layers):
        if layer.op.startswith("conv") and any(size > 1 for size in layer.output_shape[1:]):
            last = index
    return facts.layers[last:]


def _beside_code(figure: Figure, facts: Facts) -> Answer:
    right = next(
        (layer for layer in facts.layers if layer.receptive_field and _fits(figure, layer.receptive_field)), None
    )
    if right is not None and right.receptive_field is not None:
        field = right.receptive_field
        return Answer("confirmed", f"{pixels(field)} px", f"It is right after {right.name}.", _single(field))
    sentence = f"No layer has a receptive field of {count_as_written(figure)} pixels; which one is meant is not said."
    return Answer("ambiguous", explanation=sentence)


def _after(claim: ReceptiveFieldClaim, facts: Facts) -> Answer:
    name = shortened(claim.layer)
    found = [layer for layer in facts.layers if layer.name == name] or [
        layer for layer in facts.layers if layer.name.rpartition(".")[2].lower() == name.lower()
    ]
    fields = list(dict.fromkeys(layer.receptive_field for layer in found if layer.receptive_field is not None))
    if not fields:
        return not_checkable(f"The model has no layer {name} with a receptive field.")
    measured = f"{listing([pixels(field) for field in fields])} px"
    value = _single(fields[0]) if len(fields) == 1 else None
    if any(_fits(claim.figure, field) for field in fields):
        return Answer("confirmed", measured, value=value)
    sentence = f"It says {count_as_written(claim.figure)} pixels; after {found[0].name} it is {measured}."
    return Answer("contradicted", measured, sentence, value)


def _fits(figure: Figure, field: PerAxis) -> bool:
    return all(fits(figure, side) for side in (field if isinstance(field, tuple) else (field,)))


def _largest(field: PerAxis | None) -> int:
    return 0 if field is None else max(field) if isinstance(field, tuple) else field


def _single(field: PerAxis) -> float | None:
    return None if isinstance(field, tuple) else float(field)
