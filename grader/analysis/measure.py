"""All facts of one model, measured on the rebuilt graph. Pure: the same export gives the same facts."""

from collections.abc import Iterator

from grader.analysis.cost import total_macs
from grader.analysis.fields import find_fields
from grader.analysis.flow import trace
from grader.analysis.gates import find_gates, main_path
from grader.analysis.head import find_head, head_facts
from grader.analysis.layers import layer_table
from grader.analysis.output_kind import output_kind, output_shape
from grader.analysis.parameters import parameter_facts
from grader.analysis.receptive_field import receptive_field_facts
from grader.analysis.regularization import batch_norm_facts, dropout_facts
from grader.graph.compare import mode_differences
from grader.model.facts import Facts, ReceptiveFieldFacts
from grader.model.graph import Export


def measure(export: Export) -> Facts:
    """Measure everything.

    Raises UnsupportedOperation for an operator outside the table, and SubmissionError over a bound.
    """
    train, evaluation = trace(export, "train"), trace(export, "eval")
    gates = find_gates(train)
    fields = find_fields(train, gates)
    head = find_head(train, fields, gates)
    receptive_field = receptive_field_facts(train, fields, head, gates)
    return Facts(
        parameters=parameter_facts(export, train, evaluation),
        macs=total_macs(train),
        input_shape=export.graphs.input_shape,
        output=output_kind(train),
        output_shape=output_shape(train),
        layers=layer_table(train, fields, main_path(train, gates), export.graphs.parameters),
        batch_norm=batch_norm_facts(train),
        dropout=dropout_facts(train, evaluation),
        head=head_facts(train, head),
        receptive_field=receptive_field,
        mode_differences=mode_differences(export),
        caveats=(*fields.caveats, *_caveats(receptive_field, len(head.begins))),
    )


def _caveats(facts: ReceptiveFieldFacts, branches: int) -> Iterator[str]:
    if facts.before_head is None:
        yield "No convolution or pool lies between the image and the head: there is no receptive field to measure."
    elif branches > 1:
        yield f"{branches} branches lead into the head; the receptive field is that of the branch that sees most."
