"""A batch from its roster to its results, with played workers and a real store: who is graded, how often, and again."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from played_executor import MACHINE, PlayedExecutor
from sqlalchemy import select, text

from grader.batch.run import local_executor
from grader.batch.run.coordinator import run_batch
from grader.batch.run.local_executor import LocalExecutor
from grader.batch.run.settings import BatchSettings, Who
from grader.batch.run.static_part import StaticTask, examine
from grader.batch.run.train_part import WITHOUT_GPU, TrainTask, train_one
from grader.batch.run.watch import Watch
from grader.errors import StoreError, UsageError
from grader.model.recipe import Recipe, Sgd
from grader.model.roster import Roster, RosterEntry
from grader.model.rubric import Rubric
from grader.model.submission import Submission
from grader.model.task import Task
from grader.pipeline.prepare import Prepared
from grader.pipeline.request import KnownRecipes, Options, Request
from grader.rubric.load import load_rubric
from grader.sandbox.base import Limits
from grader.store.check import problems
from grader.store.engine import Store, open_store
from grader.store.tables import STAGE, SUBMISSION
from grader.training.recipe import load_recipe
from grader.training.shared_device import SharedDevice

MODEL = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.bn(self.conv(x))))
        return self.fc(x.mean((2, 3)))
"""
RUBRIC = load_rubric("demo")
RECIPES = KnownRecipes(reference=load_recipe("digits"))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What a real worker makes of a real submission."""
    root = tmp_path_factory.mktemp("real")
    (root / "model.py").write_text(MODEL)
    submission = Submission(source="s", checkout=root, root=root)
    request = Request(submission=submission, rubric=RUBRIC, recipes=RECIPES, options=Options(train=False))
    said: list[Any] = []
    done = examine(StaticTask(request, "auto", Limits()), said.append)
    assert [cost.stage for cost in done.costs] == said == ["probe", "analyse"]
    assert all(cost.cpu_seconds > 0 for cost in done.costs)
    assert isinstance(done.outcome, Prepared)
    return done.outcome


class Class:
    """A roster of folders, and batches over it that share a store."""

    def __init__(self, folder: Path, prepared: Prepared) -> None:
        self.folder, self.prepared = folder, prepared
        self.store: Store = open_store(folder / "store.sqlite")
        self.entries: list[RosterEntry] = []
        self.ended: list[tuple[str, str, str, bool]] = []
        self.executor: Any = None
        self.before: Callable[[Any], None] = lambda executor: None

    def student(self, name: str, play: str | None, **more: Any) -> None:
        """Someone whose folder says what comes of it; None: who has no repository."""
        repository = None
        if play is not None:
            place = self.folder / name
            place.mkdir(exist_ok=True)
            (place / "play").write_text(play)
            repository = str(place)
        values = {"student": name, "line": len(self.entries) + 2, "repository": repository, **more}
        self.entries.append(RosterEntry.model_validate(values))

    def run(
        self, who: Who | None = None, *, machine: Any = MACHINE, rubric: Rubric = RUBRIC, **options: Any
    ) -> Counter[Any]:
        """One call of the command."""
        settings = BatchSettings(
            title="class",
            roster="roster.csv",
            out=self.folder / "results",
            rubric=rubric,
            recipes=RECIPES,
            options=Options(**{"train": False, **options}),
            who=who or Who(),
        )
        self.executor = PlayedExecutor(self.prepared, machine=machine)
        self.before(self.executor)
        self.ended = []
        watch = Watch(ended=lambda *news: self.ended.append(news))
        roster = Roster(kind="grader", entries=tuple(self.entries))
        try:
            return run_batch(roster, settings, self.store, self.executor, watch)
        finally:
            self.executor.close()

    def results(self) -> dict[str, str]:
        with (self.folder / "results" / "results.csv").open(encoding="utf-8-sig") as file:
            return {row["student"]: row["result"] for row in csv.DictReader(file)}

    def report(self, student: str) -> Any:
        return json.loads((self.folder / "results" / "reports" / student / "report.json").read_text())

    def stages(self, student: str) -> list[tuple[str, str]]:
        wanted = select(STAGE.c.name, STAGE.c.outcome).join(SUBMISSION).where(SUBMISSION.c.student == student)
        return [tuple(row) for row in self.store.transact(lambda c: list(c.execute(wanted.order_by(STAGE.c.id))))]

    def is_whole(self) -> bool:
        return self.store.transact(lambda connection: list(problems(connection))) == []


@pytest.fixture
def course(tmp_path: Path, prepared: Prepared) -> Any:
    found = Class(tmp_path, prepared)
    yield found
    assert found.is_whole()
    found.store.close()


def test_everybody_is_accounted_for_and_nobody_touches_another(course: Class) -> None:
    course.student("good", "")
    course.student("refused", "refuse")
    course.student("ours", "break")
    course.student("raises", "raise")
    course.student("dies", "die")
    course.student("none", None, missing="no repository is named")
    course.student("away", "", excused=True)
    course.student("lost", None)
    course.entries[-1] = course.entries[-1].model_copy(update={"repository": f"file://{course.folder}/nowhere.git"})
    counts = course.run()
    assert course.results() == {
        "good": "pass", "refused": "ungradable", "ours": "error", "raises": "unreached", "dies": "unreached",
        "none": "nothing", "away": "excused", "lost": "unreached",
    }  # fmt: skip
    assert counts == Counter(course.results().values())
    said = {student: (result, reason) for student, result, reason, _ in course.ended}
    assert said["dies"] == (
        "unreached",
        "The worker process ended before its task did: it was killed by signal 9.",
    )
    assert said["raises"][1].startswith("grader broke: ValueError in played_executor.py:")
    assert "words" not in said["raises"][1]
    assert "There is no repository" in said["lost"][1]
    assert course.stages("good") == [("clone", "done"), ("probe", "done"), ("analyse", "done"), ("report", "done")]
    assert course.stages("dies") == [("clone", "done"), ("probe", "failed")]
    assert course.stages("lost") == [("clone", "failed")]
    assert course.stages("none") == []


def test_finished_work_is_not_done_twice(course: Class) -> None:
    course.student("ada", "")
    course.student("bob", "refuse")
    assert course.run() == {"pass": 1, "ungradable": 1}
    before = course.report("ada")
    assert course.run() == {"pass": 1, "ungradable": 1}
    assert not course.executor.examined
    shutil.rmtree(course.folder / "results")
    assert course.run() == {"pass": 1, "ungradable": 1}
    assert course.report("ada") == before
    course.student("cyd", "")
    assert course.run() == {"pass": 2, "ungradable": 1}
    assert course.executor.examined == {"cyd": 1}


def test_a_report_says_how_to_check_it_alone(course: Class) -> None:
    course.student("ada", "", model="model.py:Net")
    course.run()
    assert course.report("ada")["provenance"]["command"] == f"grader check {course.folder}/ada --model model.py:Net"


def test_what_failed_is_tried_again_only_with_failed(course: Class) -> None:
    course.student("dies", "die")
    course.student("ours", "break")
    course.student("good", "")
    course.run()
    for student in ("dies", "ours"):
        (course.folder / student / "play").write_text("")
    course.run()
    assert not course.executor.examined
    assert course.run(Who(failed=True)) == {"pass": 3}
    assert course.executor.examined == {"dies": 1, "ours": 1}


def test_an_error_of_ours_is_not_found_as_finished_work(course: Class) -> None:
    course.student("ours", "break")
    course.run()
    course.run(Who(failed=True))
    assert course.executor.examined == {"ours": 1}


def test_update_looks_for_new_work_and_force_uses_nothing(course: Class) -> None:
    course.student("same", "")
    course.student("changed", "")
    course.run()
    (course.folder / "changed" / "play").write_text("refuse")
    course.run()
    assert course.results()["changed"] == "pass"
    assert course.run(Who(update=True)) == {"pass": 1, "ungradable": 1}
    assert course.executor.examined == {"changed": 1}
    assert course.stages("same")[-2:] == [("clone", "done"), ("report", "found")]
    course.run(Who(force=True))
    assert course.executor.examined == {"same": 1, "changed": 1}


def test_only_those_who_are_named_are_graded(course: Class) -> None:
    for name in ("ada", "bob", "cyd"):
        course.student(name, "")
    course.run(Who(only=("bob",)))
    assert course.results() == {"ada": "waiting", "bob": "pass", "cyd": "waiting"}
    course.run(Who(only=("bob", "cyd")))
    assert course.executor.examined == {"cyd": 1}
    course.run(Who(only=("bob",), force=True))
    assert course.executor.examined == {"bob": 1}
    with pytest.raises(UsageError, match="no student 'zoe'"):
        course.run(Who(only=("zoe",)))


def test_who_leaves_the_roster_is_not_waited_for(course: Class) -> None:
    for name in ("ada", "bob", "cyd"):
        course.student(name, "")
    course.run(Who(only=("ada",)))
    ada, bob, cyd = course.entries
    course.entries = [cyd]
    assert course.run() == {"pass": 2, "nothing": 1}
    assert course.results() == {"ada": "pass", "bob": "nothing", "cyd": "pass"}
    assert "Nothing to grade: no longer in the roster." in (course.folder / "results" / "results.csv").read_text()
    course.entries = [ada, bob, cyd]
    assert course.run() == {"pass": 3}
    assert course.executor.examined == {"bob": 1}


def test_another_version_grades_again(course: Class) -> None:
    course.student("ada", "")
    course.run(train=True)
    course.run(train=True)
    assert not course.executor.examined
    course.run(train=True, machine=replace(MACHINE, torch="3"))
    assert course.executor.examined == {"ada": 1}
    assert course.executor.trained == {("ada", 0): 1}


def test_identical_graphs_train_once_and_keep_their_own_words(course: Class) -> None:
    for name in ("ada", "bob", "cyd"):
        course.student(name, "graph=same")
    course.student("dan", "")
    course.run(train=True)
    assert course.executor.trained == {("same", 0): 1, ("dan", 0): 1}
    assert sorted(outcome for name, outcome in (course.stages(n)[3] for n in ("ada", "bob", "cyd"))) == [
        "done",
        "found",
        "found",
    ]
    words = {name: course.report(name)["training"]["initializers"]["weight"] for name in ("ada", "bob", "cyd", "dan")}
    (owner,) = (name for name in ("ada", "bob", "cyd") if course.stages(name)[3][1] == "done")
    assert words == {"ada": "ada", "bob": "bob", "cyd": "cyd", "dan": "dan", owner: "same"}
    same = [course.report(name)["training"] for name in ("ada", "bob", "cyd")]
    assert all(one["runs"] == same[0]["runs"] for one in same)
    assert all(one["recipe"] == same[0]["recipe"] and one["recipe"]["name"] == "digits" for one in same)


def test_trainings_meet_where_the_executor_says(course: Class, tmp_path: Path) -> None:
    course.student("ada", "")
    course.before = lambda executor: setattr(executor, "door", tmp_path / "socket")
    course.run(train=True, machine=replace(MACHINE, device="A GPU"))
    assert course.executor.asked_for_a_door == ["A GPU"]
    assert course.executor.doors == {tmp_path / "socket"}


def test_trainings_share_a_gpu_in_one_process(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a CPU stands for it. Each curve is that of the training alone."""
    shared: list[SharedDevice] = []

    def on_cpu(device: str, lanes: int) -> SharedDevice:
        assert (device, lanes) == ("cuda", 2)
        shared.append(SharedDevice("cpu", lanes))
        return shared[0]

    executor = LocalExecutor(2)
    monkeypatch.setattr(local_executor, "SharedDevice", on_cpu)
    assert [executor.open_door(device) for device in WITHOUT_GPU] == [None, None]
    door = executor.open_door("A GPU")
    assert (door, executor.open_door("A GPU"), len(shared)) == (shared[0].door, door, 1)
    recipe = Recipe(optimizer=Sgd(lr=0.1, momentum=0.9), batch_size=64, epochs=1)
    task = TrainTask(prepared.export, recipe, Task(dataset="digits", epochs=1), 0, None, "cpu", None, 60.0, 0)
    tasks = [replace(task, seed=seed, door=door) for seed in range(2)] + [task]
    futures = [executor.submit(train_one, one, kind="train", timeout=120, on_news=lambda news: None) for one in tasks]
    first, second, alone = (future.result().training for future in futures)
    assert [one.status for one in (first, second, alone)] == ["completed"] * 3
    assert first.runs[0].epochs[0].test_loss == alone.runs[0].epochs[0].test_loss
    assert first.runs[0].epochs[0].test_loss != second.runs[0].epochs[0].test_loss
    executor.close()
    assert executor.open_door("A GPU") is None


def test_seeds_train_until_enough_have_decided(course: Class) -> None:
    course.student("hit", "accuracy=0.98")
    course.student("miss", "accuracy=0.5")
    counts = course.run(train=True)
    assert course.executor.trained == {("hit", 0): 1, **{("miss", seed): 1 for seed in (0, 1, 2)}}
    assert counts == {"pass": 1, "inconclusive": 1}  # the recipe is not the student's: no failure
    assert [run["seed"] for run in course.report("miss")["training"]["runs"]] == [0, 1, 2]
    assert course.report("hit")["training"]["runs"][0]["first_epoch_at_target"] == 1
    assert course.report("hit")["training"]["target"] == 0.97


def test_trainings_are_found_again_unless_forced(course: Class) -> None:
    course.student("ada", "graph=same")
    course.run(train=True)
    course.student("bob", "graph=same")
    course.run(train=True)
    assert not course.executor.trained
    assert ("train", "found") in course.stages("bob")
    found, own = (course.report(name)["training"] for name in ("bob", "ada"))
    assert found == {**own, "initializers": {"weight": "bob"}}
    course.run(Who(force=True), train=True)
    assert course.executor.trained == {("same", 0): 1}


def test_a_run_that_was_stopped_at_the_target_never_stands_for_a_full_one_nor_the_other_way_round(
    course: Class,
) -> None:
    def ended() -> list[str]:
        return [run["stopped"] for run in course.report("ada")["training"]["runs"]]

    course.student("ada", "accuracy=0.98")
    course.run(train=True, stop_at_target=True)
    assert (course.executor.trained, ended()) == ({("ada", 0): 1}, ["target"])
    (accuracy,) = (one for one in course.report("ada")["outcomes"] if one["check"] == "accuracy")
    assert "in epoch 1 of at most 10, where --stop-at-target ended the training." in accuracy["message"]
    course.run(train=True)
    assert (course.executor.trained, ended()) == ({("ada", 0): 1}, ["completed"])
    for options, stopped in (({"stop_at_target": True}, "target"), ({}, "completed")):
        course.run(train=True, **options)
        assert (course.executor.trained, ended()) == ({}, [stopped])
    lower = RUBRIC.model_copy(
        update={
            "criteria": tuple(
                one.model_copy(update={"parameters": {**one.parameters, "target": 0.95}})
                if one.check == "accuracy"
                else one
                for one in RUBRIC.criteria
            )
        }
    )
    course.run(train=True, stop_at_target=True, rubric=lower)
    assert (course.executor.trained, ended()) == ({("ada", 0): 1}, ["target"])
    course.run(train=True, rubric=lower)
    assert (course.executor.trained, ended()) == ({}, ["completed"])  # a full run serves every target


def test_who_waits_for_a_training_that_dies_trains_itself(course: Class) -> None:
    course.student("ada", "graph=same")
    course.student("bob", "graph=same")
    course.before = lambda executor: setattr(executor, "deaths", 1)
    course.run(train=True)
    assert sorted(course.results().values()) == ["pass", "unreached"]
    assert course.executor.trained == {("same", 0): 2}
    course.before = lambda executor: None
    course.run(Who(failed=True), train=True)
    assert sorted(course.results().values()) == ["pass", "pass"]
    assert not course.executor.trained


def test_ctrl_c_leaves_a_store_that_goes_on(course: Class) -> None:
    for index in range(8):
        course.student(f"s{index}", "")
    course.student("stop", "interrupt")
    for index in range(8, 40):
        course.student(f"s{index}", "")
    with pytest.raises(KeyboardInterrupt):
        course.run()
    first = course.executor.examined
    finished = {student for student, result in course.results().items() if result == "pass"}
    assert course.results()["stop"] == "waiting"
    assert len(finished) < 40
    (course.folder / "stop" / "play").write_text("")
    assert course.run() == {"pass": 41}
    assert finished.isdisjoint(course.executor.examined)
    assert set(first) | set(course.executor.examined) == {entry.student for entry in course.entries}


def test_a_store_that_fails_ends_the_batch(course: Class) -> None:
    for index in range(12):
        course.student(f"s{index}", "")
    with course.store.engine.begin() as connection:
        connection.execute(text("CREATE TRIGGER full BEFORE INSERT ON report BEGIN SELECT RAISE(ABORT, 'full'); END"))
    with pytest.raises(StoreError):
        course.run()
    with course.store.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER full"))
    assert course.run() == {"pass": 12}


def test_damaged_work_is_done_again(course: Class) -> None:
    course.student("ada", "")
    course.run(train=True)
    for table in ("report", "training"):
        with course.store.engine.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET content = x'00'"))
    course.run(Who(update=True), train=True)
    assert (course.executor.examined, course.executor.trained) == ({"ada": 1}, {("ada", 0): 1})
