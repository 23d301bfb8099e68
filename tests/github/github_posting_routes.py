"""What can be posted on the GitHub of this machine: comments, check runs, statuses, labels."""

from typing import TYPE_CHECKING, Any

import github_shapes as shapes
from github_asked import Answer, Asked, Refusal, json_answer, paged

if TYPE_CHECKING:
    from fake_github import Pull, Repository

MOST_CHARACTERS = 65_536  # of a comment
MOST_ANNOTATIONS = 50  # of one request


def comments(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests")
    return paged(asked, asked.pull(repository, gone=410).comments)


def _body(asked: Asked) -> str:
    body = str(asked.call.content["body"])
    if len(body) > MOST_CHARACTERS:
        raise Refusal(422, f"Body is too long (maximum is {MOST_CHARACTERS} characters)")
    return body


def add_comment(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests", write=True)
    pull = asked.pull(repository, gone=410)
    if pull.locked:
        raise Refusal(403, "Unable to create comment because issue is locked.")
    github, token = asked.github, asked.token
    assert token is not None
    slug = token.login.removesuffix("[bot]")
    more = {"performed_via_github_app": shapes.app(github.api, slug, 7)} if token.kind == "installation" else {}
    number = github.next_id()
    made = shapes.comment(github.api, repository.full_name, pull.number, number, _body(asked), asked.author, **more)
    pull.comments.append(made)
    return json_answer(made, 201, Location=made["url"])


def _one_comment(asked: Asked, *, write: bool) -> tuple["Pull", dict[str, Any]]:
    repository = asked.repository("issues|pull_requests", write=write)
    for pull in repository.pulls.values():
        for comment in pull.comments:
            if comment["id"] == int(asked.parts["number"]):
                return pull, comment
    raise Refusal(404, "Not Found")


def comment(asked: Asked) -> Answer:
    return json_answer(_one_comment(asked, write=False)[1])


def edit_comment(asked: Asked) -> Answer:
    _, comment = _one_comment(asked, write=True)
    comment["body"] = _body(asked)
    return json_answer(comment)


def delete_comment(asked: Asked) -> Answer:
    pull, comment = _one_comment(asked, write=True)
    pull.comments.remove(comment)
    return Answer(204, b"")


def _require_commit(repository: "Repository", sha: str) -> None:
    if sha not in repository.commits:
        raise Refusal(422, f"No commit found for SHA: {sha}")


def _annotations(given: dict[str, Any]) -> list[dict[str, Any]]:
    output = given.get("output", {})
    found: list[dict[str, Any]] = output.pop("annotations", [])
    if len(found) > MOST_ANNOTATIONS:
        raise Refusal(422, f"Invalid request. No more than {MOST_ANNOTATIONS} items are allowed.")
    if any(len(output.get(name) or "") > MOST_CHARACTERS - 1 for name in ("summary", "text")):
        raise Refusal(422, "Invalid request. Summary or text is too long.")
    return found


def add_check(asked: Asked) -> Answer:
    repository, given = asked.repository("checks", write=True), asked.call.content
    assert asked.token is not None
    if asked.token.kind != "installation":
        raise Refusal(403, "You must authenticate via a GitHub App.")
    _require_commit(repository, given["head_sha"])
    found, number = _annotations(given), asked.github.next_id()
    repository.checks[number] = {**given, "id": number, "by": asked.token.login, "annotations": found}
    return _shown_check(asked, repository, number, 201)


def edit_check(asked: Asked) -> Answer:
    repository, given = asked.repository("checks", write=True), asked.call.content
    number = int(asked.parts["number"])
    before = repository.checks.get(number)
    if before is None:
        raise Refusal(404, "Not Found")
    if asked.token is None or before["by"] != asked.token.login:
        raise Refusal(403, "Invalid app_id for check run")
    more = _annotations(given)
    output = {**before.get("output", {}), **given.get("output", {})}
    before |= {**given, "output": output, "annotations": [*before["annotations"], *more]}
    return _shown_check(asked, repository, number, 200)


def _shown_check(asked: Asked, repository: "Repository", number: int, status: int) -> Answer:
    return json_answer(_check(asked, repository, number), status)


def _check(asked: Asked, repository: "Repository", number: int) -> dict[str, Any]:
    given = repository.checks[number]
    app = shapes.app(asked.github.api, given["by"].removesuffix("[bot]"), 7)
    return shapes.check_run(asked.github.api, repository.full_name, number, given, len(given["annotations"]), app)


def checks_of_commit(asked: Asked) -> Answer:
    repository, name = asked.repository("checks"), asked.call.query.get("check_name")
    seen = [
        _check(asked, repository, number)
        for number, given in reversed(repository.checks.items())
        if given["head_sha"] == asked.parts["sha"] and name in (None, given["name"])
    ]
    return paged(asked, seen, lambda entries: {"total_count": len(seen), "check_runs": entries})


def add_status(asked: Asked) -> Answer:
    repository, given, sha = asked.repository("statuses", write=True), asked.call.content, asked.parts["sha"]
    _require_commit(repository, sha)
    if len(given.get("description") or "") > 140:
        raise Refusal(422, "Validation Failed: description is too long (maximum is 140 characters)")
    repository.statuses.append({**given, "sha": sha})
    made = shapes.status(asked.github.api, repository.full_name, asked.github.next_id(), sha, given, asked.author)
    return json_answer(made, 201, Location=made["url"])


def _shown_labels(asked: Asked, repository: "Repository", pull: "Pull") -> list[dict[str, Any]]:
    name = repository.full_name
    return [shapes.label(asked.github.api, name, label, index) for index, label in enumerate(pull.labels)]


def labels(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests")
    return paged(asked, _shown_labels(asked, repository, asked.pull(repository, gone=410)))


def add_labels(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests", write=True)
    pull, given = asked.pull(repository, gone=410), asked.call.content
    names = given["labels"] if isinstance(given, dict) else given
    pull.labels += [name for name in names if name not in pull.labels]
    return json_answer(_shown_labels(asked, repository, pull))


def remove_label(asked: Asked) -> Answer:
    repository = asked.repository("issues|pull_requests", write=True)
    pull = asked.pull(repository, gone=410)
    if asked.parts["label"] not in pull.labels:
        raise Refusal(404, "Label does not exist")
    pull.labels.remove(asked.parts["label"])
    return json_answer(_shown_labels(asked, repository, pull))
