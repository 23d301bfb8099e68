"""Scoring again equals grading anew, or says why it cannot: in made-up worlds where every training is known."""

import random
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from report_factory import CASES, ambiguous, failing_static, passing, second_try

from grader.checks.base import Context
from grader.checks.run import evaluate
from grader.model.hopeless import GivenUp
from grader.model.outcome import Status
from grader.model.recipe import Recipe, Sgd
from grader.model.report import Flag, GradeReport, RubricReference
from grader.model.rubric import Criterion, Rubric
from grader.model.submission import Location, Submission
from grader.model.task import Task
from grader.model.training import EpochRecord, Training, TrainingRun
from grader.pipeline.measured_alike import Marking, NotMeasured
from grader.pipeline.request import Backends, KnownRecipes, Options, RecipeChoice, Request
from grader.pipeline.rescore import rescore
from grader.pipeline.train import train
from grader.rubric.load import load_rubric
from grader.rubric.score import score

HOUSES = (
    Recipe(name="house", optimizer=Sgd(lr=0.1)),
    Recipe(name="house", optimizer=Sgd(lr=0.2)),
    Recipe(name="long", optimizer=Sgd(lr=0.1), epochs=3),
)


@dataclass(frozen=True)
class World:
    """A student, and how well every training of the model goes."""

    number: int
    own: str  # "", "manifest", "code", "code with gaps"
    own_epochs: int | None
    asked_seeds: int | None  # --seeds
    asked_epochs: int | None  # --epochs

    @property
    def command(self) -> str:
        return "grader check ." + (f" --seeds {self.asked_seeds}" if self.asked_seeds else "")

    def attempts(self, marking: Marking) -> tuple[RecipeChoice, ...]:
        """As `pipeline.recipes.choose` has it."""
        assert marking.reference
        reference = RecipeChoice(marking.reference, "rubric")
        policy = marking.rubric.recipe
        if policy == "reference" or not self.own:
            return (reference,)
        gaps = marking.reference.optimizer if self.own == "code with gaps" else Sgd(lr=0.7)
        recipe = Recipe(name="own", optimizer=gaps, epochs=self.own_epochs)
        source: Any = "manifest" if self.own == "manifest" else "code"
        own = RecipeChoice(recipe, source, complete=self.own != "code with gaps")
        if policy == "submission" or recipe.digest == marking.reference.digest:
            return (own,)
        return own, reference

    def accuracy(self, recipe: Recipe, schedule: int, seed: int, epoch: int) -> float:
        chance = random.Random(f"{self.number} {recipe.digest} {schedule} {seed} {epoch}")
        return round(0.9 + 0.1 * chance.random(), 3)

    def retrain(self, export: Any, recipe: Recipe, task: Task, **options: Any) -> Training:
        runs: list[TrainingRun] = []
        schedule = recipe.epochs or task.epochs
        for seed in options["seeds"]:
            values = [self.accuracy(recipe, schedule, seed, epoch) for epoch in range(min(schedule, task.epochs))]
            runs.append(ran(seed, values, options["target"]))
            if options["enough"](runs):
                break
        return Training(
            status="completed", recipe=recipe.model_dump(mode="json"), dataset=task.dataset, target=options["target"],
            runs=tuple(runs),
        )  # fmt: skip


def ran(seed: int, values: list[float], target: float | None) -> TrainingRun:
    reached = [number for number, value in enumerate(values, 1) if target is not None and value >= target - 1e-9]
    return TrainingRun(
        seed=seed, evaluated_on="test", best_accuracy=max(values), best_epoch=values.index(max(values)) + 1,
        final_accuracy=values[-1], first_epoch_at_target=reached[0] if reached else None,
        epochs=tuple(
            EpochRecord(epoch=number, lr=0.1, train_loss=0.1, train_accuracy=value, test_accuracy=value, seconds=1)
            for number, value in enumerate(values, 1)
        ),
    )  # fmt: skip


def graded(world: World, marking: Marking, monkeypatch: pytest.MonkeyPatch) -> GradeReport:
    """What the whole pipeline would report."""
    rubric, facts = marking.rubric, passing().facts
    assert facts
    monkeypatch.setattr("grader.training.launch.retrain", world.retrain)
    here = Path()
    request = Request(
        submission=Submission(source="s", checkout=here, root=here), rubric=rubric,
        recipes=KnownRecipes(reference=HOUSES[0]),
        options=Options(
            epochs=world.asked_epochs, seeds=tuple(range(world.asked_seeds)) if world.asked_seeds else None
        ),
    )  # fmt: skip
    backends: Any = Backends(sandbox=None)  # type: ignore[arg-type]
    export: Any = None
    training = train(request, world.attempts(marking), backends, export)
    context = Context(facts, training, rubric.task, rubric, location=Location(file="model.py", line=7))
    outcomes = evaluate(rubric, context, "full")
    scored = score(rubric, outcomes, "full")
    shortened = world.asked_epochs is not None and world.asked_epochs != rubric.task.epochs
    return passing().model_copy(
        update={
            "rubric": RubricReference(id=rubric.id, title=rubric.title, digest=rubric.digest),
            "verdict": scored.verdict, "summary": scored.summary, "score": scored.score, "outcomes": outcomes,
            "training": training, "flags": (Flag(kind="epochs", message="Fewer."),) if shortened else (),
            "provenance": passing().provenance.model_copy(update={"command": world.command}),
            "model": passing().model.model_copy(update={"file": "model.py", "cell": None, "line": 7}),
        }
    )  # fmt: skip


@st.composite
def markings(draw: st.DrawFn, like: Rubric | None = None) -> Marking:
    seeds = draw(st.sampled_from([(0,), (0, 1), (0, 1, 2), (1, 0)]))
    rule = draw(st.sampled_from(["best_epoch", "final_epoch"]))
    accuracy: dict[str, Any] = {
        "target": draw(st.sampled_from([0.93, 0.96, 0.98, 0.995])),
        "rule": rule,
        "needed": draw(st.integers(1, len(seeds))),
        "near_miss": draw(st.sampled_from(["inconclusive", "fail"])),
    }
    limit = {"less_than": draw(st.sampled_from([10_000, 30_000]))}
    criteria = [Criterion(id="size", title="Small", check="parameters", parameters=limit, points=10, text="T.")]
    if draw(st.integers(0, 5)):
        criteria.append(
            Criterion(id="accuracy", title="Accurate", check="accuracy", parameters=accuracy, points=40, text="T.")
        )
    rubric = Rubric(
        id="r", title="R", criteria=tuple(criteria), reference_recipe="house",
        task=Task(dataset="mnist", epochs=draw(st.integers(1, 4)), seeds=seeds),
        recipe=draw(st.sampled_from(["submission", "reference", "either"])),
    )  # fmt: skip
    return Marking(rubric, draw(st.sampled_from(HOUSES)))


worlds = st.builds(
    World,
    number=st.integers(0, 400),
    own=st.sampled_from(["", "manifest", "code", "code with gaps"]),
    own_epochs=st.sampled_from([None, 1, 2, 3, 5]),
    asked_seeds=st.sampled_from([None, None, None, 1, 2]),
    asked_epochs=st.sampled_from([None, None, None, 2]),
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Marking, Marking]:
    """Two markings that mostly differ in a thing or two: most pairs that differ in all are not measured."""
    before, other = draw(markings()), draw(markings())
    task, rubric = before.rubric.task, before.rubric
    change = draw(
        st.sets(st.sampled_from(["criteria", "epochs", "seeds", "recipe", "reference"]), min_size=1, max_size=2)
    )
    if "epochs" in change:
        task = task.model_copy(update={"epochs": other.rubric.task.epochs})
    if "seeds" in change:
        task = task.model_copy(update={"seeds": other.rubric.task.seeds})
    update: dict[str, Any] = {"task": task, "title": "Another"}
    if "criteria" in change:
        update["criteria"] = other.rubric.criteria
    if "recipe" in change:
        update["recipe"] = other.rubric.recipe
    after = Marking(rubric.model_copy(update=update), other.reference if "reference" in change else before.reference)
    needed = [one.parameters.get("needed", 1) for one in after.rubric.criteria]
    assume(max(needed) <= len(after.rubric.task.seeds))
    return before, after


def test_scoring_again_is_grading_anew_or_refused() -> None:
    told: list[bool] = []

    @settings(max_examples=400, deadline=None, derandomize=True)
    @given(worlds, pairs(), st.booleans())
    def hold(world: World, pair: tuple[Marking, Marking], known: bool) -> None:
        before, after = pair
        with pytest.MonkeyPatch.context() as monkeypatch:
            old = graded(world, before, monkeypatch)
            new = graded(world, after, monkeypatch)
        at_hand = before if known else replace(before, reference=None)
        try:
            found = rescore(old, at_hand, after)
        except NotMeasured as refusal:
            told.append(False)
            assert refusal.message.endswith(".")
            return
        told.append(True)
        assert found.outcomes == new.outcomes
        assert (found.verdict, found.score, found.summary) == (new.verdict, new.score, new.summary)
        assert found.rubric == new.rubric
        assert [run.seed for run in found.training.runs] == [run.seed for run in new.training.runs] or not any(
            one.check == "accuracy" for one in after.rubric.criteria
        )

    hold()
    assert len(told) >= 400
    assert sum(told) > len(told) / 4  # else this tests little


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_same_rubric_changes_nothing(case: str) -> None:
    rubric = load_rubric("mnist-20k")
    marking = Marking(rubric, HOUSES[0])
    given_report = CASES[case]()
    digest = RubricReference(id=rubric.id, title=rubric.title, digest=rubric.digest)
    once = rescore(given_report.model_copy(update={"rubric": digest}), None, marking)
    again = rescore(once, None, marking)
    assert again == once
    assert once.training == given_report.training
    assert [flag.kind for flag in once.flags].count("rescored") == 1
    assert once.facts == given_report.facts
    assert once.provenance == given_report.provenance


def stricter(**changes: Any) -> Marking:
    """mnist-20k with a lower limit; `changes` to its task."""
    rubric = load_rubric("mnist-20k")
    size = rubric.criteria[0].model_copy(update={"parameters": {"less_than": 15_000}, "points": 25})
    task = rubric.task.model_copy(update=changes)
    return Marking(rubric.model_copy(update={"criteria": (size, *rubric.criteria[1:]), "task": task}), HOUSES[0])


def under(report: GradeReport) -> tuple[GradeReport, Marking]:
    """The report as one under mnist-20k."""
    rubric = load_rubric("mnist-20k")
    digest = RubricReference(id=rubric.id, title=rubric.title, digest=rubric.digest)
    return report.model_copy(update={"rubric": digest}), Marking(rubric, HOUSES[0])


def test_a_lower_limit_needs_no_training() -> None:
    report, before = under(passing())
    found = rescore(report, before, stricter())
    size = found.outcomes[0]
    assert (size.status, size.points, size.max_points) == (Status.FAILED, 0, 25)
    assert (found.verdict, found.score.max_points) == ("fail", 105)
    assert found.training == report.training
    assert found.flags[-1].kind == "rescored"


def test_a_static_report_stays_static() -> None:
    report, _ = under(failing_static())
    found = rescore(report, None, stricter())
    assert (found.scope, found.training.status) == ("static", "not_requested")
    assert "accuracy" not in [outcome.id for outcome in found.outcomes]


def test_what_could_not_be_graded_stays_so() -> None:
    report, before = under(ambiguous())
    found = rescore(report, before, stricter())
    assert (found.gradable, found.verdict, found.summary) == (False, "inconclusive", report.summary)
    assert {outcome.message for outcome in found.outcomes} == {report.outcomes[0].message}
    assert found.outcomes[0].max_points == 25


def without_training(report: GradeReport) -> GradeReport:
    return report.model_copy(update={"training": Training(status="not_requested", reason="Not needed.")})


@pytest.mark.parametrize(
    ("report", "after", "reason"),
    [
        (passing(), stricter(input_shape=(3, 32, 32)), "measured with images of 1×28×28"),
        (passing(), stricter(classes=47), "the rubric asks for 1×28×28 and 47"),
        (passing(), stricter(dataset="digits"), "another data set: mnist, not digits"),
        (passing(), stricter(evaluate_on="validation"), "another evaluation set: test, not validation"),
        (passing(), stricter(seeds=(7, 8)), "other seeds"),
        (passing(), stricter(epochs=30), "asks for no|at most 20 epochs|scheduled"),
        (without_training(passing()), stricter(), "asks for no training"),
        (second_try(), Marking(stricter().rubric, HOUSES[1]), "another reference recipe"),
        (ambiguous(), stricter(classes=47), "might be with this one"),
    ],
)
def test_what_was_not_measured_is_not_guessed(report: GradeReport, after: Marking, reason: str) -> None:
    given_report, before = under(report)
    if "epochs" in reason:
        runs = [run.model_copy(update={"stopped": "completed"}) for run in given_report.training.runs]
        recipe = (given_report.training.recipe or {}) | {"epochs": 25}
        training = given_report.training.model_copy(update={"runs": tuple(runs), "recipe": recipe})
        given_report = given_report.model_copy(update={"training": training})
    with pytest.raises(NotMeasured, match=reason) as caught:
        rescore(given_report, before, after)
    assert caught.value.exit_code == 5


def test_a_miss_under_the_submissions_recipe_needs_a_second_try() -> None:
    """Its own recipe reached the target before and misses a higher one; the reference recipe was not tried."""
    report, before = under(passing())
    rubric = stricter().rubric
    higher = rubric.criteria[6].model_copy(update={"parameters": {"target": 0.999, "rule": "best_epoch", "needed": 1}})
    seeds = rubric.task.model_copy(update={"seeds": (0, 1)})
    after = rubric.model_copy(update={"criteria": (*rubric.criteria[:6], higher), "task": seeds})
    training = report.training.model_copy(
        update={
            "recipe": HOUSES[1].model_dump(mode="json"),
            "runs": tuple(run.model_copy(update={"stopped": "completed"}) for run in report.training.runs),
        }
    )
    report = report.model_copy(update={"training": training})
    with pytest.raises(NotMeasured, match="it had no second try"):
        rescore(report, before, Marking(after, HOUSES[0]))
    alone = after.model_copy(update={"recipe": "submission"})
    assert rescore(report, before, Marking(alone, HOUSES[0])).outcomes[6].status is not Status.PASSED


def test_the_rubric_before_has_to_be_known() -> None:
    report, _ = under(passing())
    with pytest.raises(NotMeasured, match="is not at hand") as caught:
        rescore(report, None, stricter())
    assert "--was" in str(caught.value)
    with pytest.raises(NotMeasured, match="is not at hand"):
        rescore(report, stricter(epochs=3), stricter())


def test_a_run_that_was_given_up_tells_nothing_about_a_lower_target() -> None:
    def marking(target: float) -> Marking:
        parameters = {"target": target, "near_miss": "fail"}
        one = Criterion(id="accuracy", title="A", check="accuracy", parameters=parameters, points=1, text="T.")
        task = Task(dataset="mnist", epochs=20, seeds=(0,))
        rubric = Rubric(id="r", title="R", criteria=(one,), reference_recipe="house", task=task, recipe="reference")
        return Marking(rubric, HOUSES[0])

    before, world = marking(0.98), World(number=1, own="", own_epochs=None, asked_seeds=None, asked_epochs=None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        old = graded(world, before, monkeypatch)
    reason = GivenUp(epoch=7, epochs=20, target=0.98, gain=0.01, chance=0.01, level=0.05, runs=300)
    stopped = ran(0, [0.9] * 7, 0.98).model_copy(update={"stopped": "hopeless", "given_up": reason})
    report = old.model_copy(update={"training": old.training.model_copy(update={"runs": (stopped,)})})
    (outcome,) = rescore(report, before, marking(0.99)).outcomes
    assert outcome.status == "failed"
    with pytest.raises(NotMeasured, match="stopped as hopeless for the target of the rubric before"):
        rescore(report, before, marking(0.97))


@pytest.mark.parametrize(
    ("target", "rule", "said"),
    [
        (0.98, "best_epoch", ""),
        (0.97, "best_epoch", ""),
        (0.981, "best_epoch", "ended when it had reached the target of the rubric before"),
        (0.97, "final_epoch", "ended when it had reached the target of the rubric before"),
    ],
)
@pytest.mark.parametrize("needed", [1, 2])
def test_a_run_that_was_stopped_at_its_target_tells_nothing_about_more(
    target: float, rule: str, said: str, needed: int
) -> None:
    """One seed reached 98 % and was stopped; where two are needed, the other two missed."""

    def marking(target: float, rule: str, points: float = 1) -> Marking:
        parameters = {"target": target, "rule": rule, "needed": needed}
        one = Criterion(id="accuracy", title="A", check="accuracy", parameters=parameters, points=points, text="T.")
        task = Task(dataset="mnist", epochs=20, seeds=(0, 1, 2))
        rubric = Rubric(id="r", title="R", criteria=(one,), reference_recipe="house", task=task, recipe="reference")
        return Marking(rubric, HOUSES[0])

    before, world = marking(0.98, "best_epoch"), World(1, own="", own_epochs=None, asked_seeds=None, asked_epochs=None)
    with pytest.MonkeyPatch.context() as monkeypatch:
        old = graded(world, before, monkeypatch)
    stopped = ran(0, [0.9, 0.98], 0.98).model_copy(update={"stopped": "target"})
    runs = (stopped, ran(1, [0.5] * 20, 0.98), ran(2, [0.5] * 20, 0.98))[: 1 if needed == 1 else 3]
    report = old.model_copy(update={"training": old.training.model_copy(update={"runs": runs})})
    after = marking(target, rule, points=2)
    if said:
        with pytest.raises(NotMeasured, match=said):
            rescore(report, before, after)
        return
    (outcome,) = rescore(report, before, after).outcomes
    assert outcome.status == ("passed" if needed == 1 else "inconclusive")
    assert "where --stop-at-target ended the training" in outcome.message
