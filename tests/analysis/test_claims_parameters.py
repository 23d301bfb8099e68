"""Parameter totals, and the figure that torchsummary prints instead."""

import pytest
from torch import nn

from grader.model.claims import Figure, ParameterClaim
from grader.model.facts import Facts, ModuleCalls, ParameterFacts


def says(value: float, relation: str = "exactly", tolerance: float = 0.0, **more: object) -> ParameterClaim:
    return ParameterClaim.model_validate({"figure": Figure(value=value, relation=relation, tolerance=tolerance)} | more)


@pytest.fixture
def facts(tiny: Facts) -> Facts:
    """A model of 7,034 parameters, of which conv7's 156 are never used; conv2 is called twice; 34 are bare."""
    modules = (
        ModuleCalls(path="conv1", parameters=6_000, trainable=True, calls=1),
        ModuleCalls(path="conv2", parameters=844, trainable=False, calls=2),
        ModuleCalls(path="conv7", parameters=156, trainable=True, calls=0),
    )
    return tiny.model_copy(
        update={
            "parameters": ParameterFacts(
                total=7_034,
                trainable=6_190,
                unused=156,
                counted=7_100,
                by_layer={"conv1": 6_000, "block.conv2": 844, "conv7": 156, "": 34},
                modules=modules,
            )
        }
    )


@pytest.mark.parametrize(
    "statement",
    [
        says(7_034),
        says(7_000, "about"),
        says(7_030, tolerance=5),
        says(20_000, "less_than"),
        says(6_190, scope="trainable"),
        says(844, scope="non_trainable"),
        says(844, scope="layer", layer="conv2"),
    ],
)
def test_what_is_right_is_confirmed(judge, facts: Facts, statement: ParameterClaim) -> None:
    checked = judge(statement, facts)
    assert checked.verdict == "confirmed"
    assert float(checked.measured.replace(",", "")) == checked.measured_value


def test_the_difference_is_told(judge, facts: Facts) -> None:
    checked = judge(says(15_000, "about"), facts)
    assert (checked.verdict, checked.measured) == ("contradicted", "7,034")
    assert checked.explanation == "It says about 15,000; the model has 7,034 parameters, 7,966 fewer."
    assert (
        judge(says(7_000, "less_than"), facts).explanation
        == "It says fewer than 7,000; the model has 7,034 parameters."
    )


def test_torchsummary_is_recognised_and_explained(judge, facts: Facts) -> None:
    printed = 6_000 + 2 * 844
    checked = judge(says(printed), facts)
    assert checked.verdict == "contradicted"
    assert checked.explanation == (
        "It says 7,688; the model has 7,034 parameters, 654 fewer. This is what torchsummary prints: it counts a"
        " module's parameters each time the module is called. conv7 (156 parameters) is never called. conv2 (844 × 2)"
        " is called several times. 34 parameters are not the weight or bias of a module, and it leaves them out."
    )
    assert "torchsummary prints" in judge(says(6_000, scope="trainable"), facts).explanation
    assert "torchsummary prints" in judge(says(1_688, scope="non_trainable"), facts).explanation
    # "about" and a bound say nothing of a tool
    assert "torchsummary" not in judge(says(8_000, "about"), facts).explanation


def test_a_table_of_another_version(judge, facts: Facts) -> None:
    checked = judge(says(9_999, tool="torchsummary"), facts)
    assert checked.explanation.endswith(
        " torchsummary prints 7,688 for it, so the table is of another model or of an earlier version."
    )
    assert "torchinfo counts all" in judge(says(9_999, tool="torchinfo"), facts).explanation


@pytest.mark.parametrize(
    ("statement", "verdict", "words"),
    [
        (says(7_034 - 156), "contradicted", "156 parameters that can't reach the output"),
        (says(6_190), "ambiguous", "right about the parameters that train"),
        (says(7_034, scope="trainable"), "ambiguous", "some of them do not train"),
        (says(7_100), "ambiguous", "buffers and constants counted too"),
        (says(90, scope="layer", layer="conv7"), "contradicted", "conv7 has 156 parameters"),
        (says(90, scope="layer", layer="Conv2d-1"), "not_checkable", "the layer Conv2d-1, of which the model has none"),
        (says(90, scope="layer"), "not_checkable", "does not say which"),
    ],
)
def test_a_number_that_is_right_about_something_else(judge, facts, statement, verdict: str, words: str) -> None:
    checked = judge(statement, facts)
    assert checked.verdict == verdict
    assert words in checked.explanation


def test_torchsummary_on_a_real_graph(judge, measured, model) -> None:
    """A layer that is declared and never called: 970 parameters, of which torchsummary sees 170."""

    def build() -> nn.Module:
        def forward(self, x):
            return self.fc(self.conv(x).mean((2, 3)))

        return model(forward, conv=nn.Conv2d(1, 8, 3), conv7=nn.Conv2d(8, 4, 5, bias=False), fc=nn.Linear(8, 10))

    facts = measured(build)
    assert facts.parameters.total == 80 + 800 + 90
    checked = judge(says(170, tool="torchsummary"), facts)
    assert checked.verdict == "contradicted"
    assert "conv7 (800 parameters) is never called." in checked.explanation
    assert judge(says(970, tool="torchinfo"), facts).verdict == "confirmed"
