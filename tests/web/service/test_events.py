"""Server-sent events of a job: what a browser is told while a training goes on, and who is told."""

import threading
import time
from datetime import UTC, datetime, timedelta

from a_service import TOKEN, all_jobs, commit, push, signed
from asgi_client import Client, client_of

from grader.model.work import Stage
from grader.store import jobs
from grader.store.progress import add_progress
from grader.web.app import create_app
from grader.web.services import Services

_MINE = {"Authorization": f"Bearer {TOKEN}"}
_NOW = datetime(2099, 1, 1, tzinfo=UTC)


def told(text: str) -> list[tuple[str, str]]:
    """(event, data) of a stream."""
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["event"], fields["data"]))
    return found


def test_a_browser_hears_of_progress_until_the_end(client: Client, services: Services) -> None:
    client.post("/webhook", **signed("push", push("course/mnist-ada", commit(1)), "d1"))
    number = all_jobs(services.store)[0].id
    transact = services.store.transact
    until = _NOW + timedelta(hours=1)
    transact(lambda c: jobs.take(c, "a", _NOW, until, most=1, attempts=3, assignments=["mnist"]))
    transact(lambda c: jobs.begin_stage(c, number, "a", Stage.TRAIN, _NOW))
    transact(lambda c: add_progress(c, number, '{"epoch": 1}'))
    transact(lambda c: add_progress(c, number, '{"epoch": 2}'))

    def end() -> None:
        time.sleep(0.3)
        transact(lambda c: jobs.fail(c, number, "a", "It rains.", _NOW, again=None))

    thread = threading.Thread(target=end)
    thread.start()
    answer = client.get(f"/events/jobs/{number}", headers=_MINE)
    thread.join()
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    events = told(answer.text)
    assert [name for name, _ in events] == ["progress", "progress", "job", "job", "done"]
    assert [data for name, data in events if name == "progress"] == ['{"epoch": 1}', '{"epoch": 2}']
    assert '"state": "running", "stage": "train"' in events[2][1]
    assert '"state": "dead"' in events[4][1] and "It rains." in events[4][1]


def test_a_browser_that_comes_back_hears_only_what_is_new(services: Services) -> None:
    with client_of(create_app(services)) as client:
        client.post("/webhook", **signed("push", push("course/mnist-ada", commit(1)), "d1"))
        number = all_jobs(services.store)[0].id
        transact = services.store.transact
        for event in ("{}", '{"epoch": 2}'):
            transact(lambda c, event=event: add_progress(c, number, event))
        changed = {"state": "dead", "problem": "It rains."}
        transact(lambda c: c.execute(jobs.JOB.update().values(changed)))
        answer = client.get(f"/events/jobs/{number}", headers={**_MINE, "Last-Event-ID": "1"})
        assert [data for name, data in told(answer.text) if name == "progress"] == ['{"epoch": 2}']
        for strange in ("x", "-1", "9" * 40, "²"):
            headers = {**_MINE, "Last-Event-ID": strange.encode()}
            assert client.get(f"/events/jobs/{number}", headers=headers).status_code == 200


def test_nobody_hears_of_what_is_not_theirs(client: Client, services: Services) -> None:
    client.post("/webhook", **signed("push", push("course/mnist-ada", commit(1)), "d1"))
    assert client.get("/events/jobs/1").status_code == 401
    assert client.get("/events/jobs/2", headers=_MINE).status_code == 404
