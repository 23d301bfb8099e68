"""The shapes of GitHub's answers, with what grader reads filled in and the rest as plain as the description allows."""

from typing import Any

BEGAN = "2025-03-01T12:00:00Z"
_TIMES = ("created_at", "updated_at")


def user(base: str, login: str, number: int, kind: str = "User") -> dict[str, Any]:
    url = f"{base}/users/{login.replace('[', '%5B').replace(']', '%5D')}"
    names = ("followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events")
    return {
        "login": login,
        "id": number,
        "node_id": f"U_{number}",
        "avatar_url": f"{base}/avatars/{number}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{base}/{number}",
        **{f"{name}_url": f"{url}/{name}" for name in names},
        "received_events_url": f"{url}/received_events",
        "type": kind,
        "site_admin": False,
    }


def own_profile(base: str, login: str, number: int) -> dict[str, Any]:
    """The answer of `GET /user`."""
    texts = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    more = {"created_at": BEGAN, "updated_at": BEGAN, "user_view_type": "public"}
    return {**user(base, login, number), **texts, **counts, **more}


_ONE_URL = (
    *("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents"),
    *("contributors", "deployments", "downloads", "events", "forks", "hooks", "issue_comment", "issue_events"),
    *("issues", "keys", "labels", "languages", "merges", "milestones", "notifications", "pulls", "releases"),
    *("stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees"),
)


def repository(base: str, full_name: str, number: int, *, owner: dict[str, Any], **more: Any) -> dict[str, Any]:
    url = f"{base}/repos/{full_name}"
    counts = "forks_count stargazers_count watchers_count size open_issues_count forks open_issues watchers"
    return {
        "id": number,
        "node_id": f"R_{number}",
        "name": full_name.partition("/")[2],
        "full_name": full_name,
        "owner": owner,
        "private": True,
        "html_url": f"{base}/{full_name}",
        "description": None,
        "fork": False,
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in _ONE_URL},
        **{f"git_{name}_url": f"{url}/git/{name}" for name in ("commits", "refs", "tags")},
        "git_url": f"git://127.0.0.1/{full_name}.git",
        "ssh_url": f"git@127.0.0.1:{full_name}.git",
        "clone_url": f"{base}/{full_name}.git",
        "svn_url": f"{base}/{full_name}",
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        **dict.fromkeys(counts.split(), 0),
        "default_branch": "main",
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_downloads"), True),
        **dict.fromkeys(("has_pages", "has_discussions", "archived", "disabled"), False),
        "pushed_at": BEGAN,
        "created_at": BEGAN,
        "updated_at": BEGAN,
        **more,
    }


def app(base: str, slug: str, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "slug": slug,
        "node_id": f"A_{number}",
        "owner": user(base, "course", 900, "Organization"),
        "name": slug,
        "description": None,
        "external_url": f"{base}/apps/{slug}",
        "html_url": f"{base}/apps/{slug}",
        "created_at": BEGAN,
        "updated_at": BEGAN,
        "permissions": {"checks": "write", "contents": "read", "pull_requests": "write"},
        "events": ["push", "pull_request"],
    }


def installation(base: str, number: int, app_id: int, slug: str, account: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number,
        # The description of the list demands of every account what only an enterprise has.
        "account": {**account, "name": account["login"], "slug": account["login"], **dict.fromkeys(_TIMES, BEGAN)},
        "repository_selection": "all",
        "access_tokens_url": f"{base}/app/installations/{number}/access_tokens",
        "repositories_url": f"{base}/installation/repositories",
        "html_url": f"{base}/settings/installations/{number}",
        "app_id": app_id,
        "app_slug": slug,
        "target_id": account["id"],
        "target_type": account["type"],
        "permissions": {"checks": "write", "contents": "read", "pull_requests": "write"},
        "events": ["push", "pull_request"],
        "created_at": BEGAN,
        "updated_at": BEGAN,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": None,
    }


def comment(
    base: str, repo: str, pull: int, number: int, body: str, author: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "id": number,
        "node_id": f"IC_{number}",
        "url": f"{base}/repos/{repo}/issues/comments/{number}",
        "html_url": f"{base}/{repo}/pull/{pull}#issuecomment-{number}",
        "issue_url": f"{base}/repos/{repo}/issues/{pull}",
        "body": body,
        "user": author,
        "created_at": BEGAN,
        "updated_at": BEGAN,
        "author_association": "NONE",
        "performed_via_github_app": None,
        **more,
    }


def label(base: str, repo: str, name: str, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "node_id": f"L_{number}",
        "url": f"{base}/repos/{repo}/labels/{number}",
        "name": name,
        "description": "",
        "color": "ededed",
        "default": False,
    }


def pull_request(
    base: str, repo: dict[str, Any], head: dict[str, Any], number: int, author: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """As in a list; `details` are added where one is asked for. `head` has `ref`, `sha` and `repo`."""
    name = repo["full_name"]
    url, issue = f"{base}/repos/{name}/pulls/{number}", f"{base}/repos/{name}/issues/{number}"
    links = {
        "self": url,
        "html": f"{base}/{name}/pull/{number}",
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{base}/repos/{name}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{base}/repos/{name}/statuses/{head['sha']}",
    }
    owner = head["repo"]["owner"]
    return {
        "id": 10_000 + number,
        "node_id": f"PR_{number}",
        "url": url,
        "html_url": links["html"],
        "diff_url": f"{links['html']}.diff",
        "patch_url": f"{links['html']}.patch",
        **{f"{key}_url": links[key] for key in ("issue", "commits", "review_comments", "review_comment", "comments")},
        "statuses_url": links["statuses"],
        "number": number,
        "state": "open",
        "locked": False,
        "title": "Feedback",
        "user": author,
        "body": None,
        "labels": [],
        "milestone": None,
        "created_at": BEGAN,
        "updated_at": BEGAN,
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": None,
        "assignee": None,
        "head": {"label": f"{owner['login']}:{head['ref']}", "user": owner, **head},
        "base": {
            "label": f"{repo['owner']['login']}:main",
            "ref": "main",
            "sha": "0" * 40,
            "user": repo["owner"],
            "repo": repo,
        },
        "_links": {name: {"href": link} for name, link in links.items()},
        "author_association": "CONTRIBUTOR",
        "auto_merge": None,
        "draft": False,
        **more,
    }


PULL_REQUEST_DETAILS: dict[str, Any] = {
    "merged": False,
    "mergeable": True,
    "mergeable_state": "clean",
    "merged_by": None,
    "maintainer_can_modify": False,
    **dict.fromkeys(("comments", "review_comments", "commits", "additions", "deletions", "changed_files"), 1),
}


def check_run(
    base: str, repo: str, number: int, given: dict[str, Any], annotations: int, app: dict[str, Any]
) -> dict[str, Any]:
    """`given` is what was asked for, now and before."""
    output = given.get("output", {})
    url = f"{base}/repos/{repo}/check-runs/{number}"
    done = given.get("status", "queued") == "completed" or "conclusion" in given
    return {
        "id": number,
        "node_id": f"CR_{number}",
        "head_sha": given["head_sha"],
        "external_id": given.get("external_id", ""),
        "url": url,
        "html_url": f"{base}/{repo}/runs/{number}",
        "details_url": given.get("details_url", f"{base}/{repo}"),
        "status": "completed" if done else given.get("status", "queued"),
        "conclusion": given.get("conclusion"),
        "started_at": BEGAN,
        "completed_at": BEGAN if done else None,
        "output": {
            **{name: output.get(name) for name in ("title", "summary", "text")},
            "annotations_count": annotations,
            "annotations_url": f"{url}/annotations",
        },
        "name": given["name"],
        "check_suite": {"id": 5},
        "app": app,
        "pull_requests": [],
    }


def status(
    base: str, repo: str, number: int, sha: str, given: dict[str, Any], author: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": number,
        "node_id": f"SC_{number}",
        "url": f"{base}/repos/{repo}/statuses/{sha}",
        "avatar_url": author["avatar_url"],
        "state": given["state"],
        "description": given.get("description"),
        "target_url": given.get("target_url"),
        "context": given.get("context", "default"),
        "created_at": BEGAN,
        "updated_at": BEGAN,
        "creator": author,
    }


def activity(
    number: int, when: str, before: str, after: str, ref: str, kind: str, actor: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": number,
        "node_id": f"AC_{number}",
        "before": before,
        "after": after,
        "ref": ref,
        "timestamp": when,
        "activity_type": kind,
        "actor": actor,
    }
