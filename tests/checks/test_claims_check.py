"""The check of claims: contradicted ones fail it, what can't be decided never does."""

import pytest

from grader.analysis.claims.verify import check_claims
from grader.checks.claims import CHECK
from grader.checks.run import evaluate
from grader.model.claims import (
    AccuracyClaim,
    Claim,
    Claims,
    FeatureClaim,
    FieldRow,
    FieldTableClaim,
    Figure,
    ParameterClaim,
    ReceptiveFieldClaim,
)
from grader.model.submission import Location
from grader.rubric.load import list_rubrics

ABOUT_15000 = ParameterClaim(figure=Figure(value=15_000, relation="about"))
RIGHT = ParameterClaim(figure=Figure(value=19_999))
ACCURATE = AccuracyClaim(figure=Figure(value=0.994), subset="test")
FIELD = ReceptiveFieldClaim(figure=Figure(value=28))
TICK = FeatureClaim(feature="batch_norm", count=4)


@pytest.fixture
def told(context):
    """told(statement, ...): the tiny net's context with these claims, one a line of the README from line 12."""

    def build(*statements, **given):
        claims = [
            Claim(
                statement=statement,
                text="…",
                location=Location(file="README.md", line=12 + index),
                source="readme",
                about="graded",
            )
            for index, statement in enumerate(statements)
        ]
        plain = context(**given)
        checked = check_claims(claims, plain.facts, plain.training)
        return type(plain)(**{**vars(plain), "claims": Claims(checked=checked, notes=("README.txt is too large.",))})

    return build


def test_true_claims_pass(ask, told) -> None:
    finding = ask(CHECK, told(RIGHT, TICK.model_copy(update={"count": 3}), ACCURATE))
    assert finding.status == "passed"
    assert finding.observed == "2 claims confirmed, 0 contradicted"
    assert finding.message == "Of 3 claims, 2 are confirmed."


def test_a_false_claim_fails_and_says_what_to_write_where(ask, told) -> None:
    finding = ask(CHECK, told(ABOUT_15000, RIGHT))
    assert finding.status == "failed"
    assert finding.expected == "19,999 (README.md:12)"
    assert finding.observed == "1 claim confirmed, 1 contradicted: about 15,000 parameters (README.md:12)"
    assert finding.message == "README.md:12: It says about 15,000; the model has 19,999 parameters, 4,999 more."
    assert finding.fix == "Write 19,999 instead of about 15,000 parameters in README.md:12."
    assert finding.evidence == (Location(file="README.md", line=12),)


def test_every_kind_of_false_claim_has_its_fix(ask, told) -> None:
    finding = ask(CHECK, told(FIELD, TICK, AccuracyClaim(figure=Figure(value=0.995), correct=9_944, total=10_000)))
    assert finding.fix == (
        "Write 20 px instead of a receptive field of 28 px in README.md:12."
        " Correct README.md:13, or change the model so that it is true."
        " Correct README.md:14: it says 99.5 % (9,944 of 10,000)."
    )


def test_a_table_that_lies_points_to_the_layer_table(ask, told, facts) -> None:
    layers = [
        {"name": f"conv{index}", "op": "conv2d", "output_shape": (4, 26, 26), "kernel": 3, "stride": 1, "padding": 0,
         "receptive_field": 1 + 2 * index, "jump": 1}
        for index in (1, 2, 3)
    ]  # fmt: skip
    measured = facts().model_validate(facts().model_dump() | {"layers": layers})
    rows = tuple(
        FieldRow(layer=f"conv{index}", kernel=3, receptive_field=field, line=30 + index)
        for index, field in ((1, 3), (2, 6), (3, 7))
    )
    finding = ask(CHECK, told(FieldTableClaim(rows=rows), facts=measured))
    assert finding.message == "README.md:12: In line 32, the receptive field of conv2 is 5, not 6."
    assert finding.fix == "Correct the table at README.md:12; the layer table of the report shows the right values."


def test_kinds_and_tolerance_are_the_rubrics(ask, told) -> None:
    claims = told(ABOUT_15000, TICK, RIGHT)
    assert ask(CHECK, claims, kinds=["accuracy", "parameters"]).status == "failed"
    assert ask(CHECK, claims, kinds=["feature"]).observed.startswith("0 claims confirmed, 1 contradicted")
    finding = ask(CHECK, claims, allow_contradicted=2)
    assert finding.status == "passed"
    assert finding.message == (
        "Of 3 claims, 1 is confirmed; 2 contradicted, which is within what is allowed (README.md:12 and README.md:13)."
    )
    assert ask(CHECK, claims, allow_contradicted=1).status == "failed"
    assert ask(CHECK, claims, allow_contradicted=1).expected == "19,999 (README.md:12); 3 layers (README.md:13)"


def test_what_is_undecided_is_inconclusive(ask, told) -> None:
    without_training = ask(CHECK, told(ACCURATE, ACCURATE))
    assert without_training.status == "inconclusive"
    assert without_training.observed == "2 claims, none of them decided"
    assert without_training.message == "Nothing that it claims could be decided. The model was not trained."
    nothing = ask(CHECK, told(RIGHT), kinds=["accuracy"])
    assert (nothing.status, nothing.observed) == ("inconclusive", "no claims")
    assert nothing.message == "The submission claims nothing of the kind that is graded here. README.txt is too large."


def test_many_false_claims_are_cut(ask, told) -> None:
    finding = ask(CHECK, told(*[ABOUT_15000] * 9))
    assert finding.fix.count("Write 19,999") == 5
    assert finding.fix.endswith("4 more in the report's list of claims.")


def test_it_runs_without_training_and_no_shipped_rubric_asks_for_it(told, rubric) -> None:
    shipped = list_rubrics()
    assert shipped
    assert "claims" not in {criterion.check for one in shipped for criterion in one.criteria}
    (outcome,) = evaluate(rubric("claims"), told(ABOUT_15000), "static")
    assert (outcome.status, outcome.points, outcome.max_points) == ("failed", 0, 10)


@pytest.mark.parametrize("parameters", [{"kinds": []}, {"kinds": ["colour"]}, {"allow_contradicted": -1}])
def test_nonsense_is_refused(parameters: dict) -> None:
    with pytest.raises(ValueError):
        CHECK.parameters.model_validate(parameters)


def test_a_false_claim_is_a_line_to_change(ask, told) -> None:
    (change,) = ask(CHECK, told(ABOUT_15000, RIGHT)).changes
    assert str(change.location) == "README.md:12"
    assert change.what == "Write 19,999 instead of about 15,000 parameters in README.md:12."
    assert change.effect == "It says about 15,000 parameters; measured: 19,999."
