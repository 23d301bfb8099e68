"""How Apps and people sign in to the GitHub on this machine."""

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import github_shapes as shapes
from github_asked import Answer, Asked, Refusal, json_answer, paged

if TYPE_CHECKING:
    from fake_github import App


def installed_repositories(asked: Asked) -> Answer:
    token = asked.token
    if token is None or token.kind != "installation":
        raise Refusal(403, "You must authenticate with an installation access token")
    everything = asked.github.repositories.items()
    seen = [one.shown() for key, one in everything if token.repositories is None or key in token.repositories]
    return paged(asked, seen, lambda entries: {"total_count": len(seen), "repositories": entries})


def _shown_installation(asked: Asked, app: "App", owner: str) -> dict[str, Any]:
    number = app.id * 1_000 + sorted(app.owners).index(owner)
    return shapes.installation(asked.github.api, number, app.id, app.slug, asked.github.user(owner, "Organization"))


def app(asked: Asked) -> Answer:
    app = asked.app()
    return json_answer(shapes.app(asked.github.api, app.slug, app.id))


def installations(asked: Asked) -> Answer:
    app = asked.app()
    return paged(asked, [_shown_installation(asked, app, owner) for owner in sorted(app.owners)])


def installation_of_repository(asked: Asked) -> Answer:
    app, owner = asked.app(), asked.parts["owner"].lower()
    if owner not in app.owners or f"{owner}/{asked.parts['repo']}".lower() not in asked.github.repositories:
        raise Refusal(404, "Not Found")
    return json_answer(_shown_installation(asked, app, owner))


def installation(asked: Asked) -> Answer:
    app = asked.app()
    for owner in sorted(app.owners):
        if (shown := _shown_installation(asked, app, owner))["id"] == int(asked.parts["number"]):
            return json_answer(shown)
    raise Refusal(404, "Not Found")


def access_token(asked: Asked) -> Answer:
    from fake_github import Token

    app, github = asked.app(), asked.github
    owners = {_shown_installation(asked, app, owner)["id"]: owner for owner in sorted(app.owners)}
    owner = owners.get(int(asked.parts["number"]))
    if owner is None:
        raise Refusal(404, "Not Found")
    given = asked.call.content or {}
    names = given.get("repositories") or [key.partition("/")[2] for key in github.repositories]
    seen = frozenset(f"{owner}/{name}".lower() for name in names)
    token = f"ghs_{secrets.token_hex(8)}"
    github.tokens[token] = Token(f"{app.slug}[bot]", "installation", app.rights | given.get("permissions", {}), seen)
    github.user(f"{app.slug}[bot]", "Bot")
    return json_answer({"token": token, "expires_at": "2099-01-01T00:00:00Z", "permissions": app.rights}, 201)


def authorize(asked: Asked) -> Answer:
    """The page where somebody consents: here `oauth_login` does at once."""
    query = asked.call.query
    if query.get("client_id") not in asked.github.oauth_clients:
        raise Refusal(404, "Not Found")
    code = secrets.token_hex(10)
    asked.github.oauth_codes[code] = {**query, "login": asked.github.oauth_login}
    back = urlencode({"code": code, "state": query.get("state", "")})
    return Answer(302, b"", {"Location": f"{query['redirect_uri']}?{back}"})


def oauth_token(asked: Asked) -> Answer:
    """Exchange a code, once; errors come with status 200, as GitHub's do."""
    from fake_github import Token

    given = {name: values[0] for name, values in parse_qs(asked.call.body.decode()).items()}
    if asked.call.headers.get("Content-Type", "").startswith("application/json"):
        given = asked.call.content
    basic = base64.b64decode(asked.call.credentials or "").decode() if asked.call.credentials else ":"
    client = given.get("client_id") or basic.partition(":")[0]
    secret = given.get("client_secret") or basic.partition(":")[2]
    if asked.github.oauth_clients.get(client) != secret:
        return json_answer({"error": "incorrect_client_credentials", "error_description": "They are incorrect."})
    found = asked.github.oauth_codes.pop(given.get("code", ""), None)
    challenge = (found or {}).get("code_challenge")
    digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
    if found is None or (challenge and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge):
        return json_answer({"error": "bad_verification_code", "error_description": "The code is incorrect or expired."})
    token = f"gho_{secrets.token_hex(8)}"
    asked.github.tokens[token] = Token(found["login"], "user", {"metadata": "read"}, frozenset())
    return json_answer({"access_token": token, "scope": found.get("scope", ""), "token_type": "bearer"})
