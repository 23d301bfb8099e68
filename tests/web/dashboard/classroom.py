"""A class on a service's dashboard: what its store holds, and the service itself."""

import json
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn
from pydantic import TypeAdapter
from report_factory import digest, epochs, facts, failing_static, interrupted, outcomes, report, run, training
from sqlalchemy import Connection, insert

from grader.model.outcome import Status
from grader.model.report import GradeReport, Score
from grader.model.work import WorkKey
from grader.rubric.load import load_rubric
from grader.store.engine import open_store
from grader.store.progress import add_progress
from grader.store.queue_tables import JOB
from grader.store.results import keep_report
from grader.store.sessions import begin_session
from grader.training.launch import ProgressEvent
from grader.web.app import create_app
from grader.web.credentials import Credentials
from grader.web.dashboard.session import digest_of, new_secret
from grader.web.load_configuration import load_configuration
from grader.web.rate_limit import RateLimit
from grader.web.services import Services

TOKEN = "a token of at least 32 characters"
CONFIGURATION = """\
public_url: http://127.0.0.1:{port}
instructors: [prof-ada]
api_url: {api}
limits: {{refusals_per_minute: 5, requests_per_minute: 5000}}
assignments:
  - name: mnist
    title: "Session 7: digits with few parameters"
    rubric: {rubric}
    roster: roster.csv
    repositories: [course/mnist-*]
    deadline: "2026-03-06T23:59:00+01:00"
  - name: warm-up
    title: Warm-up
    rubric: demo
    repositories: [course/warm-up-*]
    train: false
"""
RUBRICS = {"mnist": "mnist-20k", "warm-up": "demo"}
STUDENTS = (
    "Ada Quast", "Bo Li", "Chidi Obi", "Dana Fox", "Emre Kaya", "Femi Ade", "Grace Ito", "Hugo Paz", "Ines Roy",
    "Jun Mori", "Kai Berg", "Lea Vogt", "Mia Sand", "Noor Aziz", "Omar Said", "Pia Lund", "Quinn Day", "Rosa Gil",
    "Sami Niemi", "Tara Sen", "Uma Rao", "Vera Blum", "Wim Bos", "Yara Kahn",
)  # fmt: skip


def login(name: str) -> str:
    return name.lower().replace(" ", "-")


def services_in(
    folder: Path, *, port: int = 8000, api: str = "https://api.github.com", rubric: str = "mnist-20k", **secrets: str
) -> Services:
    """A service without workers, whose store lies in `folder`; `rubric` is that of the assignment mnist."""
    rows = [f"{login(name)},{name},{login(name)}" for name in STUDENTS]
    (folder / "roster.csv").write_text("\n".join(["student,name,github_username", *rows]) + "\n")
    (folder / "service.yaml").write_text(CONFIGURATION.format(port=port, api=api, rubric=rubric))
    loaded = load_configuration(folder / "service.yaml")
    return Services(
        configuration=loaded.configuration,
        courses=loaded.courses,
        credentials=Credentials(**{"webhook_secret": "w" * 32, "admin_token": TOKEN, **secrets}),
        store=open_store(loaded.configuration.store),
        refusals=RateLimit(loaded.configuration.limits.refusals_per_minute),
    )


def commit(text: str) -> str:
    return digest(text)[:40]


def add_report(connection: Connection, found: GradeReport, name: str, rubric: str = "mnist-20k") -> str:
    """Keep a report as one by that rubric."""
    digest_now = load_rubric(rubric).digest
    found = found.model_copy(update={"rubric": found.rubric.model_copy(update={"digest": digest_now})})
    key = WorkKey(
        commit=commit(name), path=None, model=None, rubric=found.rubric.digest, recipe=None, seeds=(0,), epochs=None,
        train=True, data=None, engine="torch", device="cpu", sandbox="bubblewrap", grader="1", torch="2",
    )  # fmt: skip
    return keep_report(connection, key, found)


def add_job(connection: Connection, name: str, *, found: GradeReport | None = None, **more: Any) -> int:
    """A grading of `name`'s repository; with a report it is done."""
    words = more.pop("at", "2026-03-05T14:12:00+00:00")
    label = more.pop("label", name)
    rubric = more.pop("rubric", RUBRICS[more.get("assignment", "mnist")])
    values = {
        "assignment": "mnist", "repository": f"course/mnist-{login(name)}", "commit": commit(label), "generation": 0,
        "ref": "refs/heads/main", "student": login(name), "login": login(name), "cause": "push", "received_at": words,
        "late": False, "state": "waiting", "stage": "", "attempts": 1, "not_before": "", "worker": "",
        "leased_until": "", "problem": "", "publication": "", "created_at": words, "changed_at": words,
    }  # fmt: skip
    if found is not None:
        values |= {"state": "done", "stage": "report", "report_key": add_report(connection, found, label, rubric)}
    return int(connection.execute(insert(JOB).values({**values, **more}).returning(JOB.c.id)).scalar_one())


def passing(name: str, best: float = 0.9946) -> GradeReport:
    return report(
        training=training(run(0, rising(best))),
        facts=facts(),
        score=Score(points=105, max_points=100),
    ).model_copy(update={"provenance": report().provenance.model_copy(update={"graph_digest": digest(name)})})


def missing_accuracy(name: str, best: float = 0.9911) -> GradeReport:
    rows = outcomes()
    rows[-1] = rows[-1].model_copy(
        update={
            "status": Status.FAILED, "points": 0.0, "observed": f"best {best * 100:.2f} % at epoch 17",
            "message": "No seed reached 99.40 %.", "fix": "Let the learning rate fall in steps.",
        }
    )  # fmt: skip
    return passing(name, best).model_copy(
        update={
            "verdict": "fail", "summary": "One required criterion is not met: accuracy; 65 of 100 points.",
            "score": Score(points=65, max_points=100), "outcomes": tuple(rows),
        }
    )  # fmt: skip


def rising(best: float) -> tuple[float, ...]:
    return (*(best - 0.03 / number**1.4 for number in range(1, 16)), best)


def fill(connection: Connection) -> dict[str, int]:
    """A class in the middle of an assignment. Returns the jobs that tests speak of, by name."""
    chance = random.Random(7)
    named: dict[str, int] = {}
    for number, name in enumerate(STUDENTS[:20]):
        hour = f"2026-03-0{1 + number % 5}T{8 + number % 12:02}:{(number * 17) % 60:02}:00+00:00"
        match number % 6:
            case 0 | 1 | 4:
                found = passing(name, 0.9940 + chance.random() * 0.0012)
            case 2:
                found = missing_accuracy(name, 0.988 + chance.random() * 0.005)
            case 3:
                found = failing_static()
            case _:
                found = interrupted()
        named[name] = add_job(connection, name, found=found, at=hour)
    named["ada, first"] = named["Ada Quast"]
    named["Ada Quast"] = add_job(
        connection, "Ada Quast", found=missing_accuracy("ada 2"), label="ada 2", at="2026-03-05T16:40:00+00:00"
    )
    named["ada, third"] = add_job(
        connection, "Ada Quast", found=passing("ada 3"), label="ada 3", at="2026-03-06T09:05:00+00:00"
    )
    named["ada, late"] = add_job(
        connection, "Ada Quast", found=passing("ada 4"), label="ada 4", at="2026-03-08T09:05:00+00:00", late=True
    )
    named["Uma Rao"] = add_job(connection, "Uma Rao", state="running", stage="train")
    named["Vera Blum"] = add_job(
        connection,
        "Vera Blum",
        state="dead",
        attempts=4,
        problem="The repository can't be reached: the forge answers 502.",
    )
    named["Wim Bos"] = add_job(connection, "Wim Bos")
    named["warm-up"] = add_job(
        connection, "Ada Quast", found=passing("warm"), label="warm", assignment="warm-up",
        repository="course/warm-up-ada-quast",
    )  # fmt: skip
    for event in news(6):
        add_progress(connection, named["Uma Rao"], event)
    return named


def news(finished: int, planned: int = 20) -> list[str]:
    """What a training says until so many epochs are trained, as the store keeps it."""
    adapter = TypeAdapter(ProgressEvent)
    told = []
    for record in epochs(rising(0.9944)[:finished]):
        event = ProgressEvent(
            seed=0, run=1, runs=3, epoch=record.epoch, finished=record.epoch, epochs=planned,
            share=record.epoch / planned, accuracy=record.test_accuracy, best_accuracy=record.test_accuracy,
            seconds_left=24.8 * (planned - record.epoch), ended=record,
        )  # fmt: skip
        told.append(adapter.dump_json(event).decode())
    assert all(json.loads(text) for text in told)
    return told


def cookie_for(services: Services, who: str, role: str) -> dict[str, str]:
    """The cookie of somebody who is signed in."""
    secret = new_secret()
    services.store.transact(
        lambda c: begin_session(c, digest=digest_of(secret), login=who, role=role)  # type: ignore[arg-type]
    )
    return {"grader-session": secret}


@contextmanager
def served(folder: Path, **secrets: str) -> Iterator[tuple[str, Services]]:
    """The service on a port of this machine, and its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        services = services_in(folder, port=port, **secrets)
        server = uvicorn.Server(uvicorn.Config(create_app(services), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}", services
        finally:
            server.should_exit = True
            thread.join(10)
            services.store.close()


class Visitor:
    """A browser without a screen: it has the cookie of a session, and sends forms as their pages have them."""

    def __init__(self, services: Services, client: Any, who: str, role: str) -> None:
        self._client = client
        self.cookies = cookie_for(services, who, role) if who else {}

    def get(self, path: str, **headers: str) -> Any:
        return self._client.get(path, headers=self._headers(headers))

    def send(self, page: str, action: str, fields: dict[str, str], **headers: str) -> Any:
        """Send the form of `page` that goes to `action`, with these fields."""
        shown = self.get(page)
        form = next((one for one in forms(shown.text) if one["action"] == action), None)
        assert form is not None, f"{page} has no form for {action}"
        return self.post(action, form["hidden"] | fields, **headers)

    def post(self, action: str, fields: dict[str, str], **headers: str) -> Any:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self._client.post(action, content=urlencode(fields).encode(), headers=self._headers(kind | headers))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {name.replace("_", "-"): value for name, value in ({"cookie": cookie} | more).items()}


def forms(page: str) -> list[dict[str, Any]]:
    """The forms of a page: where they go, and their hidden fields."""
    found = []
    for inside in re.findall(r"<form\b.*?</form>", page, re.S):
        action = re.search(r'action="([^"]*)"', inside)
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', inside)
        method = re.search(r'method="([^"]*)"', inside)
        found.append({"action": action[1] if action else "", "method": method and method[1], "hidden": dict(hidden)})
    return found
