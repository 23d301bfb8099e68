"""What the GitHub on this machine tells of people, repositories, branches and pull requests."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import github_shapes as shapes
from github_asked import Answer, Asked, Refusal, json_answer, paged

if TYPE_CHECKING:
    from fake_github import Pull, Repository


def user(asked: Asked) -> Answer:
    if asked.token is None:
        raise Refusal(401, "Requires authentication")
    if asked.token.kind == "installation":
        raise Refusal(403, "Resource not accessible by integration")
    return json_answer(shapes.own_profile(asked.github.api, asked.token.login, asked.author["id"]))


def repository(asked: Asked) -> Answer:
    return json_answer({**asked.repository().shown(), "subscribers_count": 0, "network_count": 0})


def repositories(asked: Asked) -> Answer:
    """Those of an organisation, or of a user, that the token sees."""
    owner, token = asked.parts["owner"].lower(), asked.token
    seen = [
        repository.shown()
        for key, repository in asked.github.repositories.items()
        if key.startswith(f"{owner}/")
        and (not repository.private or (token and (token.repositories is None or key in token.repositories)))
    ]
    return paged(asked, seen)


def branch(asked: Asked) -> Answer:
    repository = asked.repository("contents")
    sha = repository.branches.get(asked.parts["branch"])
    if sha is None:
        raise Refusal(404, "Branch not found")
    url = f"{asked.github.api}/repos/{repository.full_name}"
    person = {"name": "Ada", "email": "ada@example.org", "date": shapes.BEGAN}
    commit = {
        "url": f"{url}/commits/{sha}",
        "sha": sha,
        "node_id": f"C_{sha}",
        "html_url": f"{asked.github.url}/{repository.full_name}/commit/{sha}",
        "comments_url": f"{url}/commits/{sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{sha}",
            "author": person,
            "committer": person,
            "message": "Submit",
            "comment_count": 0,
            "tree": {"sha": sha, "url": f"{url}/git/trees/{sha}"},
        },
        "author": asked.github.user("ada"),
        "committer": asked.github.user("ada"),
        "parents": [],
    }
    name = asked.parts["branch"]
    links = {
        "html": f"{asked.github.url}/{repository.full_name}/tree/{quote(name)}",
        "self": f"{url}/branches/{quote(name)}",
    }
    shown = {"name": name, "commit": commit, "_links": links, "protected": False, "protection": {"enabled": False}}
    return json_answer({**shown, "protection_url": f"{url}/branches/{quote(name)}/protection"})


def branches(asked: Asked) -> Answer:
    repository = asked.repository("contents")
    url = f"{asked.github.api}/repos/{repository.full_name}/commits"
    entries = [
        {"name": name, "commit": {"sha": sha, "url": f"{url}/{sha}"}, "protected": False}
        for name, sha in repository.branches.items()
    ]
    return paged(asked, entries)


def activity(asked: Asked) -> Answer:
    """Pages by cursor; here the cursor is where the page begins."""
    repository, query = asked.repository("contents"), asked.call.query
    entries = [one for one in repository.activities if one["ref"] == query.get("ref", one["ref"])]
    begin, many = int(query.get("after", 0)), min(int(query.get("per_page", 30)), 100)
    headers = {}
    if begin + many < len(entries):
        where = f"{asked.github.api}{asked.call.path}?{urlencode({**query, 'after': begin + many})}"
        headers["Link"] = f'<{where}>; rel="next"'
    return json_answer(entries[begin : begin + many], **headers)


def _shown_pull(asked: Asked, repository: "Repository", pull: "Pull", **more: Any) -> dict[str, Any]:
    api = asked.github.api
    head = {"ref": pull.ref, "sha": pull.sha, "repo": pull.head.shown()}
    labels = [shapes.label(api, repository.full_name, name, index) for index, name in enumerate(pull.labels)]
    closed = shapes.BEGAN if pull.state == "closed" else None
    more |= {"state": pull.state, "locked": pull.locked, "labels": labels, "closed_at": closed}
    author = asked.github.user(pull.author)
    return shapes.pull_request(api, repository.shown(), head, pull.number, author, **more)


def pulls(asked: Asked) -> Answer:
    repository, query = asked.repository("pull_requests"), asked.call.query
    state, head = query.get("state", "open"), query.get("head")
    entries = [
        _shown_pull(asked, repository, pull)
        for pull in reversed(repository.pulls.values())
        if not pull.deleted
        and state in (pull.state, "all")
        and head in (None, f"{pull.head.full_name.partition('/')[0]}:{pull.ref}")
    ]
    return paged(asked, entries)


def pull(asked: Asked) -> Answer:
    repository = asked.repository("pull_requests")
    return json_answer(_shown_pull(asked, repository, asked.pull(repository), **shapes.PULL_REQUEST_DETAILS))


def pulls_of_commit(asked: Asked) -> Answer:
    """As GitHub does it: pull requests from forks are not among them."""
    repository = asked.repository("pull_requests")
    entries = [
        _shown_pull(asked, repository, pull)
        for pull in repository.pulls.values()
        if pull.sha == asked.parts["sha"] and pull.head is repository and pull.state == "open"
    ]
    return paged(asked, entries)
