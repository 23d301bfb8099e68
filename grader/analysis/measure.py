"""All facts of one model, measured on the rebuilt graph. Pure: the same export gives the same facts."""

from collections.abc import Iterator

from grader.analysis.choices import chosen_by_image
from grader.analysis.cost import total_macs
from grader.analysis.evaluation import evaluation_caveats
from grader.analysis.fields import find_fields
from grader.analysis.flow import Flow
from grader.analysis.gates import find_gates, main_path
from grader.analysis.head import find_head, head_facts
from grader.analysis.layers import layer_table
from grader.analysis.output_kind import output_kind, output_shape
from grader.analysis.parameters import parameter_facts
from grader.analysis.receptive_field import receptive_field_facts
from grader.analysis.regularization import batch_norm_facts, dropout_facts
from grader.analysis.trace import trace
from grader.graph.compare import mode_differences
from grader.graph.ops import Kind
from grader.model.facts import Facts, ReceptiveFieldFacts
from grader.model.graph import Export


def measure(export: Export) -> Facts:
    """Measure everything.

    Raises UnsupportedOperation for an operator outside the table, and SubmissionError over a bound.
    """
    train, evaluation = trace(export, "train"), trace(export, "eval")
    differences = mode_differences(export)
    chosen = chosen_by_image(train)
    gates = find_gates(train)
    fields = find_fields(train, gates)
    head = find_head(train, fields, gates)
    receptive_field = receptive_field_facts(train, fields, head, gates)
    facts = Facts(
        parameters=parameter_facts(export, train, evaluation),
        macs=total_macs(train),
        input_shape=export.graphs.input_shape,
        output=output_kind(train),
        output_shape=output_shape(train),
        layers=layer_table(train, fields, main_path(train, gates), export.graphs.parameters),
        batch_norm=batch_norm_facts(train, chosen),
        dropout=dropout_facts(train, evaluation, chosen),
        head=head_facts(train, head, chosen),
        receptive_field=receptive_field,
        mode_differences=differences,
        caveats=(
            *fields.caveats,
            *_caveats(receptive_field, len(head.begins)),
            *_random_caveats(evaluation),
            *_bounded_caveat(train),
            *evaluation_caveats(export, evaluation),
        ),
    )
    return _with_evaluation(facts, evaluation) if differences else facts


def _with_evaluation(facts: Facts, flow: Flow) -> Facts:
    """What is another at evaluation, where the two modes are not the same network."""
    gates = find_gates(flow)
    fields = find_fields(flow, gates)
    found = find_head(flow, fields, gates)
    head, field = head_facts(flow, found), receptive_field_facts(flow, fields, found, gates).before_head or 0
    norms = batch_norm_facts(flow).layers
    return facts.model_copy(
        update={
            "batch_norm": facts.batch_norm.model_copy(update={"at_evaluation": norms}),
            "head": facts.head.model_copy(update={"at_evaluation": head.kind}),
            "receptive_field": facts.receptive_field.model_copy(update={"at_evaluation": field}),
        }
    )


def _bounded_caveat(train: Flow) -> Iterator[str]:
    if train.exhausted:
        yield "The model cuts and rearranges too much to tell which layers make a difference: look at its forward."


def _random_caveats(evaluation: Flow) -> Iterator[str]:
    """Numbers drawn in forward are no weights: each run and each batch draws others."""
    for call in evaluation.live_calls(Kind.NOISE):
        place = "" if call.node.location is None else f" at {call.node.location}"
        yield f"Evaluation draws random numbers ({call.operation.short}{place}): each run gives an image other scores."


def _caveats(facts: ReceptiveFieldFacts, branches: int) -> Iterator[str]:
    if facts.before_head is None:
        yield "No convolution or pool lies between the image and the head: there is no receptive field to measure."
    elif branches > 1:
        yield f"{branches} branches lead into the head; the receptive field is that of the branch that sees most."
