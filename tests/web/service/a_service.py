"""A service's file and objects for the tests."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from grader.model.job import Job
from grader.store.engine import Store, open_store
from grader.store.jobs import find_job
from grader.store.queue_tables import JOB
from grader.web.credentials import Credentials
from grader.web.load_configuration import load_configuration
from grader.web.rate_limit import RateLimit
from grader.web.services import Services
from grader.web.webhook.signature import signature_of

SECRET = "a secret of thirty-two characters"
TOKEN = "a token of at least 32 characters"
CONFIGURATION = """\
public_url: http://127.0.0.1:8000
instructors: [prof-ada]
assignments:
  - name: mnist
    title: Digits
    rubric: demo
    repositories: [course/mnist-*]
    train: false
"""


def services_in(folder: Path, configuration: str = CONFIGURATION, **changes: Any) -> Services:
    """The services of a configuration that lies in `folder`, with a store of its own."""
    file = folder / "service.yaml"
    file.write_text(configuration)
    loaded = load_configuration(file)
    services = Services(
        configuration=loaded.configuration,
        courses=loaded.courses,
        credentials=Credentials(webhook_secret=SECRET, admin_token=TOKEN),
        store=open_store(loaded.configuration.store),
        refusals=RateLimit(loaded.configuration.limits.refusals_per_minute),
    )
    return replace(services, **changes)


def push(repository: str, commit: str, branch: str = "main", **changes: Any) -> dict[str, Any]:
    """The parts of a push event that are read."""
    place = {"full_name": repository, "default_branch": "main", "pushed_at": 1772000000}
    return {"ref": f"refs/heads/{branch}", "after": commit, "deleted": False, "repository": place} | changes


def pull_request(
    repository: str, commit: str, number: int = 1, *, action: str = "opened", state: str = "open", head: str | None = ""
) -> dict[str, Any]:
    """The parts of a pull request event that are read; `head` is the fork, None for one that was deleted."""
    base = {"full_name": repository, "default_branch": "main", "pushed_at": "2026-02-25T06:13:20Z"}
    fork = None if head is None else {**base, "full_name": head or repository}
    pull = {
        "number": number,
        "state": state,
        "user": {"login": "Grace"},
        "head": {"ref": "work", "sha": commit, "repo": fork},
        "base": {"ref": "main", "repo": base},
    }
    return {"action": action, "number": number, "pull_request": pull, "repository": base}


def signed(event: str, payload: Mapping[str, Any] | bytes, identifier: str, secret: str = SECRET) -> dict[str, Any]:
    """Body and headers of a delivery, as `httpx` takes them."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": identifier,
        "X-Hub-Signature-256": signature_of(secret, body),
        "Content-Type": "application/json",
    }
    return {"content": body, "headers": headers}


def commit(number: int) -> str:
    """A commit's name."""
    return f"{number:040x}"


def all_jobs(store: Store) -> list[Job]:
    """The whole queue, the first first."""

    def read(connection: Connection) -> list[Job]:
        found = (find_job(connection, number) for number in connection.scalars(select(JOB.c.id).order_by(JOB.c.id)))
        return [job for job in found if job is not None]

    return store.transact(read)
