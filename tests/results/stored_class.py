"""A class as a batch leaves it in its store: everything that a gradebook has to cope with."""

from typing import Any

from report_factory import ambiguous, passing

from grader.model.outcome import Status
from grader.model.report import GradeReport
from grader.model.roster import RosterEntry
from grader.model.rubric import Rubric
from grader.model.similarity import Fingerprint
from grader.model.work import WorkKey
from grader.rubric.load import load_rubric
from grader.store import batches
from grader.store.engine import Store
from grader.store.fingerprints import keep_fingerprint
from grader.store.results import keep_report

RUBRIC = load_rubric("mnist-20k")
FORMULA = "=cmd|' /C calc'!A0"
CANVAS = {"student": "Lovelace, Ada", "id": "11", "sis_user_id": "u11", "sis_login_id": "ada", "section": "A"}


def partial() -> GradeReport:
    """Not passed: the optional criterion is missed, and one point of the bonus's is a fraction."""
    outcomes = list(passing().outcomes)
    outcomes[2] = outcomes[2].model_copy(update={"status": Status.FAILED, "points": 0.0})
    outcomes[5] = outcomes[5].model_copy(update={"points": 2.25, "max_points": 2.25})
    data = passing().model_dump(by_alias=True) | {
        "verdict": "fail",
        "outcomes": [one.model_dump() for one in outcomes],
        "score": {"points": 92.25, "max_points": 100},
    }
    return GradeReport.model_validate(data)


def undecided() -> GradeReport:
    return GradeReport.model_validate(passing().model_dump(by_alias=True) | {"verdict": "inconclusive"})


def work_key(name: str) -> WorkKey:
    return WorkKey(
        commit=name, path=None, model=None, rubric=RUBRIC.digest, recipe=None, seeds=(0,), epochs=None, train=True,
        data="d", engine="torch", device="cpu", sandbox="bubblewrap", grader="1", torch="2",
    )  # fmt: skip


def entries() -> list[RosterEntry]:
    def entry(student: str, **more: Any) -> RosterEntry:
        values = {"student": student, "repository": f"https://token@h.example/course/{len(found)}.git", "line": 2}
        found.append(RosterEntry.model_validate(values | more | {"line": len(found) + 2}))
        return found[-1]

    found: list[RosterEntry] = []
    entry("ada", name="Ada", columns=CANVAS)
    entry(FORMULA, name="=HYPERLINK(1)", columns={"username": "formula"})
    entry("liu", name="Liu")
    entry("zoe", excused=True)
    entry("bob", repository=None, missing="no repository is named")
    entry("kim", name="Kim")
    entry("../eve", name="Eve <script>")
    return found


REPORTS = {"ada": partial, FORMULA: passing, "liu": undecided, "../eve": ambiguous}


def fill(store: Store, title: str = "class.csv", rubric: Rubric = RUBRIC) -> int:
    """Ada has partial credit, one whose name is a formula passed, Liu's is open, Zoe excused, Bob has no repository,
    Kim's host was away, Eve handed in two models."""

    def work(connection: Any) -> int:
        text = rubric.model_dump_json()
        batch = batches.begin_batch(connection, key=title * 8, title=title, rubric=text, entries=entries())
        for submission in batches.submissions(connection, batch):
            student = submission.entry.student
            if student in REPORTS:
                received = "2026-03-01T10:00:00+00:00"
                batches.note_commit(connection, submission.id, "c" * 40, received_at=received, late=student == "liu")
                key = keep_report(connection, work_key(student), REPORTS[student]())
                if student != "liu":
                    keep_fingerprint(connection, key, Fingerprint(graph="same" if student != "../eve" else None))
                batches.finish(connection, submission.id, key)
            elif student == "kim":
                batches.give_up(connection, submission.id, "The host is away.")
        return batch

    return store.transact(work)
