"""Ticks: batch norm, dropout, global average pooling, a fully connected layer."""

from math import isclose

from grader.analysis.claims.answer import Answer
from grader.analysis.claims.wording import counted, listing
from grader.model.claims import FeatureClaim
from grader.model.facts import Facts, LayerFacts

_ONLY_DEFINED = "A layer that is only defined, or whose result is not used, does nothing."
_GLOBAL_AVERAGES = frozenset({"adaptive_avg_pool2d", "avg_pool2d", "mean"})
_PRODUCTS = frozenset({"linear", "addmm", "mm", "matmul", "bmm"})


def check(claim: FeatureClaim, facts: Facts) -> Answer:
    """Compare with what runs in the graph that training runs."""
    present, measured, explanation = _FOUND[claim.feature](facts)
    if not claim.present:
        there = f"It is there: {measured}." if present else ""
        return Answer("contradicted" if present else "confirmed", measured, there)
    if not present:
        return Answer("ambiguous" if present is None else "contradicted", measured, explanation)
    numbers = _counts(claim.feature, facts)
    if claim.count is not None and claim.count not in numbers:
        return Answer("contradicted", measured, f"The model has {numbers[0]}, not {claim.count}.")
    missing = [
        rate for rate in dict.fromkeys(claim.rates) if not any(isclose(rate, other) for other in facts.dropout.rates)
    ]
    if claim.feature == "dropout" and missing:
        said = listing([f"{rate:g}" for rate in missing])
        return Answer("contradicted", measured, f"No dropout has the rate {said}: {measured}.")
    return Answer("confirmed", measured, explanation)


Found = tuple[bool | None, str, str]  # whether it is there (None: a matter of words), what was measured, why


def _batch_norm(facts: Facts) -> Found:
    found = facts.batch_norm
    if found.layers and not found.runs:
        return False, f"{counted(found.layers, 'layer')}, frozen", "It uses stored statistics even in training."
    if found.runs:
        return True, counted(found.layers, "layer"), ""
    unused = [row.path for row in facts.parameters.modules if not row.calls and _is_named_norm(row.path)]
    never = f"{listing(unused)} {'is' if len(unused) == 1 else 'are'} never called. " if unused else ""
    return False, "none", f"{never or 'No batch normalization is called. '}{_ONLY_DEFINED}"


def _dropout(facts: Facts) -> Found:
    found = facts.dropout
    if not found.layers:
        return False, "none", f"No dropout is called. {_ONLY_DEFINED}"
    rates = listing([f"{rate:g}" for rate in dict.fromkeys(found.rates)], most=8)
    measured = f"{counted(found.layers, 'layer')}, rate {rates}"
    if found.runs:
        return True, measured, "It stays active at evaluation too." if found.active_in_eval else ""
    if any(found.rates):
        return False, measured, "It is called but switched off while training."
    return False, measured, "A rate of 0 drops nothing."


def _gap(facts: Facts) -> Found:
    kind = facts.head.kind
    if facts.head.gap:
        return True, kind, ""
    kept = next((layer for layer in reversed(facts.layers) if "adaptive_avg_pool" in layer.op and _places(layer)), None)
    if kept is not None:
        size = _places(kept)
        return False, kind, f"The adaptive pool keeps {size} places; a global one keeps a single one, 1×1."
    if "full-size convolution" in kind:
        return None, kind, "A convolution as large as its map does what pooling and a linear layer would."
    if "global max pool" in kind:
        return False, kind, "The maximum over the map is taken, not the average."
    inner = [layer for layer in facts.layers if layer.op in _GLOBAL_AVERAGES and _pools_to_one(layer)]
    if inner:
        return None, kind, "A map is averaged whole inside the model, at a gate, but not at its head."
    return False, kind, f"The head is {kind}."


def _fc(facts: Facts) -> Found:
    kind = facts.head.kind
    if facts.head.fc:
        return True, kind, ""
    if "1x1 convolution" in kind:
        return None, kind, "A 1×1 convolution on a 1×1 map computes what a fully connected layer does."
    if "full-size convolution" in kind:
        return None, kind, "A convolution as large as its map computes what a fully connected layer does."
    return False, kind, f"The head is {kind}: no linear layer reads the maps."


_FOUND = {"batch_norm": _batch_norm, "dropout": _dropout, "gap": _gap, "fc": _fc}


def _counts(feature: str, facts: Facts) -> tuple[int, ...]:
    """The numbers that count as right: calls, and the modules that make them, where one is called several times."""
    if feature == "batch_norm":
        return (
            facts.batch_norm.layers,
            facts.batch_norm.layers - facts.batch_norm.frozen,
            _modules(facts, "batch_norm"),
        )
    if feature == "dropout":
        return (facts.dropout.layers, sum(rate > 0 for rate in facts.dropout.rates), _modules(facts, "dropout"))
    if feature == "fc":
        return (sum(layer.op in _PRODUCTS for layer in facts.layers),)
    return (1,)


def _modules(facts: Facts, op: str) -> int:
    return len({layer.name for layer in facts.layers if op in layer.op})


def _is_named_norm(path: str) -> bool:
    name = path.rpartition(".")[2].lower()
    return "bn" in name or "norm" in name


def _places(layer: LayerFacts) -> str:
    """ "3×3", or nothing for a single place."""
    sizes = layer.output_shape[1:]
    return "×".join(map(str, sizes)) if any(size > 1 for size in sizes) else ""


def _pools_to_one(layer: LayerFacts) -> bool:
    return len(layer.output_shape) == 3 and all(size == 1 for size in layer.output_shape[1:])
