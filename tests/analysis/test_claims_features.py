"""Ticks for batch norm, dropout, GAP and FC, and claims that may be about another model."""

from collections.abc import Callable

import pytest
import torch.nn.functional as F
from torch import nn

from grader.analysis.claims.verify import check_claims
from grader.model.claims import AccuracyClaim, Claim, FeatureClaim, Figure, ParameterClaim
from grader.model.facts import BatchNormFacts, DropoutFacts, Facts, HeadFacts, ModuleCalls
from grader.model.submission import Location
from grader.model.training import Training


def has(feature: str, **more: object) -> FeatureClaim:
    return FeatureClaim.model_validate({"feature": feature} | more)


@pytest.fixture
def facts(tiny: Facts) -> Facts:
    return tiny.model_copy(
        update={
            "batch_norm": BatchNormFacts(layers=5, runs=True),
            "dropout": DropoutFacts(layers=2, rates=(0.05, 0.1), runs=True, active_in_eval=False),
            "head": HeadFacts(gap=True, fc=True, kind="gap+fc"),
        }
    )


@pytest.mark.parametrize(
    ("statement", "verdict", "words"),
    [
        (has("batch_norm"), "confirmed", ""),
        (has("batch_norm", count=5), "confirmed", ""),
        (has("batch_norm", count=4), "contradicted", "The model has 5, not 4."),
        (has("batch_norm", present=False), "contradicted", "It is there: 5 layers."),
        (has("dropout", rates=(0.1,)), "confirmed", ""),
        (
            has("dropout", rates=(0.1, 0.25)),
            "contradicted",
            "No dropout has the rate 0.25: 2 layers, rate 0.05 and 0.1.",
        ),
        (has("dropout", count=3), "contradicted", "The model has 2, not 3."),
        (has("gap"), "confirmed", ""),
        (has("gap", count=1), "confirmed", ""),
        (has("fc"), "confirmed", ""),
        (has("fc", present=False), "contradicted", "It is there: gap+fc."),
    ],
)
def test_what_runs(judge, facts: Facts, statement: FeatureClaim, verdict: str, words: str) -> None:
    checked = judge(statement, facts)
    assert (checked.verdict, checked.explanation) == (verdict, words)


def test_what_is_only_defined(judge, tiny: Facts) -> None:
    unused = tiny.parameters.model_copy(
        update={"modules": (ModuleCalls(path="bn2", parameters=8, trainable=True, calls=0),)}
    )
    facts = tiny.model_copy(update={"parameters": unused})
    checked = judge(has("batch_norm"), facts)
    assert (checked.verdict, checked.measured) == ("contradicted", "none")
    assert checked.explanation.startswith("bn2 is never called. A layer that is only defined")
    assert "No dropout is called." in judge(has("dropout"), facts).explanation
    assert judge(has("dropout", present=False), facts).verdict == "confirmed"


@pytest.mark.parametrize(
    ("changes", "statement", "words"),
    [
        ({"batch_norm": BatchNormFacts(layers=2, runs=False, frozen=2)}, has("batch_norm"), "stored statistics"),
        (
            {"dropout": DropoutFacts(layers=1, rates=(0.0,), runs=False, active_in_eval=False)},
            has("dropout"),
            "A rate of 0 drops nothing.",
        ),
        (
            {"dropout": DropoutFacts(layers=1, rates=(0.2,), runs=False, active_in_eval=False)},
            has("dropout"),
            "switched off while training",
        ),
        ({"head": HeadFacts(gap=False, fc=True, kind="flatten+fc")}, has("gap"), "The head is flatten+fc."),
        ({"head": HeadFacts(gap=False, fc=False, kind="global max pool")}, has("gap"), "not the average"),
        ({"head": HeadFacts(gap=True, fc=False, kind="gap")}, has("fc"), "The head is gap: no linear layer"),
    ],
)
def test_what_does_nothing_or_something_else(judge, facts: Facts, changes, statement, words: str) -> None:
    checked = judge(statement, facts.model_copy(update=changes))
    assert checked.verdict == "contradicted"
    assert words in checked.explanation


@pytest.mark.parametrize(
    ("kind", "feature"),
    [("gap+1x1 convolution", "fc"), ("full-size convolution", "fc"), ("full-size convolution", "gap")],
)
def test_what_computes_the_same_by_another_name(judge, facts: Facts, kind: str, feature: str) -> None:
    head = HeadFacts(gap=False, fc=False, kind=kind)
    assert judge(has(feature), facts.model_copy(update={"head": head})).verdict == "ambiguous"


def test_an_adaptive_pool_to_3x3_is_not_global(judge, measured: Callable[..., Facts]) -> None:
    facts = measured(
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(36, 20), nn.Linear(20, 10)
        )
    )
    checked = judge(has("gap"), facts)
    assert checked.verdict == "contradicted"
    assert "The adaptive pool keeps 3×3 places" in checked.explanation
    assert judge(has("fc", count=2), facts).verdict == "confirmed"
    assert judge(has("fc", count=1), facts).verdict == "contradicted"


def test_a_pool_in_a_gate_is_no_head(judge, measured, model) -> None:
    def build() -> nn.Module:
        def forward(self, x):
            x = self.conv(x)
            gate = self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))).sigmoid()
            return self.fc((x * gate).flatten(1))

        return model(
            forward, conv=nn.Conv2d(1, 4, 25), down=nn.Conv2d(4, 2, 1), up=nn.Conv2d(2, 4, 1), fc=nn.Linear(64, 10)
        )

    checked = judge(has("gap"), measured(build))
    assert checked.verdict == "ambiguous"
    assert "at a gate" in checked.explanation


def test_one_module_that_is_called_twice_may_count_once(judge, measured, model) -> None:
    def build() -> nn.Module:
        def forward(self, x):
            x = self.drop(self.conv(x))
            return self.fc(self.drop(x).mean((2, 3)))

        return model(forward, conv=nn.Conv2d(1, 4, 3), drop=nn.Dropout(0.1), fc=nn.Linear(4, 10))

    facts = measured(build)
    assert [judge(has("dropout", count=number), facts).verdict for number in (1, 2, 3)] == [
        "confirmed",
        "confirmed",
        "contradicted",
    ]


def parameters(value: float, subject: str = "", about: str = "unknown", **more: object) -> Claim:
    return Claim.model_validate(
        {
            "statement": ParameterClaim(figure=Figure(value=value)),
            "text": f"{value}",
            "location": Location(file="README.md", line=int(value)),
            "source": "readme",
            "subject": subject,
            "about": about,
        }
        | more
    )


def verdicts(tiny: Facts, *claims: Claim) -> list[str]:
    return [one.verdict for one in check_claims(claims, tiny, Training(status="not_requested"))]


def test_what_is_asked_for_is_no_claim(tiny: Facts) -> None:
    assert verdicts(tiny, parameters(20_000, requirement=True), parameters(7_034)) == ["confirmed"]


def test_another_models_figures_are_left_alone(tiny: Facts) -> None:
    (checked,) = check_claims([parameters(13_808, "Net 1", "other")], tiny, Training(status="not_requested"))
    assert (checked.verdict, checked.explanation) == ("not_checkable", "It speaks of another model, Net 1.")


def test_several_models_in_one_readme(tiny: Facts) -> None:
    first, second, third = parameters(13_808, "Net 1"), parameters(9_990, "Net 2"), parameters(7_034, "Net 3")
    assert verdicts(tiny, first, second, third) == ["ambiguous", "ambiguous", "confirmed"]
    checked = check_claims([first, second, third], tiny, Training(status="not_requested"))
    assert checked[0].explanation.endswith("What README.md:7034 says fits, so this may be about another model.")
    checked = check_claims([first, second], tiny, Training(status="not_requested"))
    assert "Elsewhere it says 9,990 parameters: it may be about another model." in checked[0].explanation
    checked = check_claims([first], tiny, Training(status="not_requested"))
    assert "the text does not say which one it means." in checked[0].explanation
    assert {one.verdict for one in checked} == {"ambiguous"}
    # where the graded model is meant there is no doubt
    assert verdicts(tiny, parameters(13_808, "Net", "graded"), third) == ["contradicted", "confirmed"]


def test_what_contradicts_itself_is_wrong_about_any_model(tiny: Facts) -> None:
    counts = AccuracyClaim(figure=Figure(value=0.995), correct=9_944, total=10_000)
    assert verdicts(tiny, parameters(1).model_copy(update={"statement": counts})) == ["contradicted"]


def test_one_or_the_other_is_true_where_either_is(tiny: Facts) -> None:
    def verdicts_of(text: str) -> list[str]:
        claims = [
            Claim(
                statement=has(feature),
                text=text,
                location=Location(file="README.md", line=3),
                source="readme",
                about="graded",
            )
            for feature in ("gap", "fc")
        ]
        return [one.verdict for one in check_claims(claims, tiny, Training(status="not_requested"))]

    assert tiny.head.gap
    assert not tiny.head.fc
    assert verdicts_of("Use of a Fully Connected Layer or GAP: YES") == ["confirmed", "confirmed"]
    assert verdicts_of("FC/GAP: yes") == ["confirmed", "confirmed"]
    assert verdicts_of("Fully Connected Layer and GAP for more: YES") == ["confirmed", "contradicted"]
