"""Claims about the number of parameters."""

from grader.analysis.claims.answer import Answer, not_checkable
from grader.analysis.claims.figures import fits
from grader.analysis.claims.torchsummary import as_torchsummary_counts, why_torchsummary_differs
from grader.analysis.claims.wording import count_as_written, counted, difference, number, shortened
from grader.model.claims import ParameterClaim
from grader.model.facts import Facts, ParameterFacts

_WORDS = {"total": "parameters", "trainable": "trainable parameters", "non_trainable": "parameters that do not train"}


def check(claim: ParameterClaim, facts: Facts) -> Answer:
    """Compare with the total, or with what the scope says."""
    if claim.scope == "layer":
        return _layer(claim, facts.parameters)
    measured = _scoped(claim.scope, facts.parameters.total, facts.parameters.trainable)
    if fits(claim.figure, measured):
        return Answer("confirmed", number(measured), value=measured)
    sentence = f"It says {count_as_written(claim.figure)}; the model has {number(measured)} {_WORDS[claim.scope]}"
    if claim.figure.relation in ("exactly", "about"):
        sentence += f", {difference(claim.figure.value, measured)}"
    if claim.figure.relation == "exactly":
        explained = _explained(claim, facts.parameters)
        if explained:
            return Answer(explained.verdict, number(measured), f"{sentence}. {explained.explanation}", measured)
    return Answer("contradicted", number(measured), f"{sentence}.{_tool(claim, facts.parameters)}", measured)


def _scoped(scope: str, total: int, trainable: int) -> int:
    return {"trainable": trainable, "non_trainable": total - trainable}.get(scope, total)


def _explained(claim: ParameterClaim, facts: ParameterFacts) -> Answer | None:
    """Where the number comes from, if it is right about something else."""
    summary = as_torchsummary_counts(facts)
    if summary and fits(claim.figure, _scoped(claim.scope, summary.total, summary.trainable)):
        return Answer("contradicted", explanation=why_torchsummary_differs(facts))
    if claim.scope == "total" and facts.unused and fits(claim.figure, facts.total - facts.unused):
        unused = counted(facts.unused, "parameter")
        return Answer("contradicted", explanation=f"The difference is {unused} that can't reach the output.")
    if claim.scope == "total" and fits(claim.figure, facts.trainable):
        return Answer("ambiguous", explanation="It is right about the parameters that train.")
    if claim.scope == "trainable" and fits(claim.figure, facts.total):
        return Answer("ambiguous", explanation="It is right about all parameters; some of them do not train.")
    if claim.scope != "non_trainable" and fits(claim.figure, facts.counted):
        return Answer("ambiguous", explanation="It is right with the values of buffers and constants counted too.")
    return None


def _tool(claim: ParameterClaim, facts: ParameterFacts) -> str:
    """What the tool whose table it stands in would print for this model."""
    if claim.tool == "torchsummary":
        summary = as_torchsummary_counts(facts)
        if summary:
            printed = number(_scoped(claim.scope, summary.total, summary.trainable))
            return f" torchsummary prints {printed} for it, so the table is of another model or of an earlier version."
    if claim.tool == "torchinfo":
        return " torchinfo counts all parameters, so the table is of another model or of an earlier version."
    return ""


def _layer(claim: ParameterClaim, facts: ParameterFacts) -> Answer:
    name = shortened(claim.layer)
    if not name:
        return not_checkable("It is about one layer and does not say which.")
    found = [path for path in facts.by_layer if path == name] or [
        path for path in facts.by_layer if path.rpartition(".")[2].lower() == name.lower()
    ]
    if len(found) != 1:
        return not_checkable(f"It is about the layer {name}, of which the model has {'several' if found else 'none'}.")
    measured = facts.by_layer[found[0]]
    right = fits(claim.figure, measured)
    sentence = f"It says {count_as_written(claim.figure)}; {found[0]} has {counted(measured, 'parameter')}."
    return Answer(
        "confirmed" if right else "contradicted", number(measured), "" if right else sentence, float(measured)
    )
