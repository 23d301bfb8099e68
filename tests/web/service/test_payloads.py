"""GitHub's own examples of its events are read, and what the tests send is an event by GitHub's own schemas."""

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from a_service import all_jobs, commit, signed
from asgi_client import Client

from grader.web.services import Services
from grader.web.webhook.event import PullRequestEvent, Push

pytestmark = pytest.mark.system  # needs the npm packages that `.ci/node-packages` fetches
_FOLDER = Path(sys.prefix) / "node-packages"


@pytest.fixture(scope="module")
def examples() -> dict[str, list[Any]]:
    """Payloads by event."""
    found = json.loads((_FOLDER / "webhook-examples.json").read_text(encoding="utf-8"))
    return {one["name"]: one["examples"] for one in found}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_FOLDER / "webhook-schemas.json").read_text(encoding="utf-8"))
    return found


def is_valid(payload: dict[str, Any], event: str, schemas: dict[str, Any]) -> bool:
    """Whether it is an event of that name by GitHub's schemas."""
    schema = {"$ref": f"#/definitions/{event}", "definitions": schemas["definitions"]}
    return bool(jsonschema.Draft7Validator(schema).is_valid(payload))


def test_every_example_is_read(examples: dict[str, list[Any]]) -> None:
    pushes = [Push.model_validate(one) for one in examples["push"]]
    pulls = [PullRequestEvent.model_validate(one) for one in examples["pull_request"]]
    assert len(pushes) >= 5 and len(pulls) >= 20
    assert {one.ref.split("/")[1] for one in pushes} == {"heads", "tags"}
    assert any(one.deleted for one in pushes) and any(one.pull_request.state == "closed" for one in pulls)
    assert all(one.repository.received_at for one in pushes)


def test_every_example_of_every_event_is_answered(client: Client, examples: dict[str, list[Any]]) -> None:
    number = 0
    for event, payloads in examples.items():
        for payload in payloads:
            number += 1
            answer = client.post("/webhook", **signed(event, payload, f"d{number}"))
            assert answer.status_code == 202, (event, answer.text)
            assert answer.json()["outcome"] != "queued"
    assert number > 150


def test_an_example_becomes_a_job_where_its_repository_is_ours(
    client: Client, services: Services, examples: dict[str, list[Any]], schemas: dict[str, Any]
) -> None:
    for number, example in enumerate(one for one in examples["push"] if one["ref"].startswith("refs/heads/")):
        payload = json.loads(json.dumps(example).replace(example["repository"]["full_name"], "course/mnist-ada"))
        payload["after"], payload["deleted"] = commit(number + 1), False
        if is_valid(payload, "push$event", schemas):
            client.post("/webhook", **signed("push", payload, f"push-{number}"))
    for number, example in enumerate(one for one in examples["pull_request"] if one["action"] == "opened"):
        name = example["repository"]["full_name"]
        payload = json.loads(json.dumps(example).replace(name, "course/mnist-grace"))
        payload["pull_request"]["head"]["sha"] = commit(number + 101)
        if is_valid(payload, "pull_request$opened", schemas):
            client.post("/webhook", **signed("pull_request", payload, f"pull-{number}"))
    found = {(job.repository, job.cause, job.login) for job in all_jobs(services.store)}
    assert found == {("course/mnist-ada", "push", "ada"), ("course/mnist-grace", "pull_request", "grace")}
