"""Signing in with an account on the forge: the web application flow with state and PKCE.

Sources: RFC 6749 (4.1), RFC 7636; GitHub Docs, "Authorizing OAuth apps". No scope is asked for: the token can read
what is public of its owner, and is thrown away as soon as it has said who that is.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from grader.errors import GraderError

_SECONDS = 15.0
_MOST_BYTES = 1 << 20


class SignInError(GraderError):
    """The forge does not say who somebody is."""


@dataclass(frozen=True)
class OAuthApp:
    """An OAuth app of the forge. `api_url` is the forge's API: https://api.github.com, https://HOST/api/v3."""

    client_id: str
    client_secret: str = field(repr=False)
    api_url: str = "https://api.github.com"

    @property
    def web_url(self) -> str:
        """Where the forge's pages are."""
        address = self.api_url.rstrip("/")
        if urlsplit(address).hostname == "api.github.com":
            return "https://github.com"
        return address.removesuffix("/api/v3")


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun: what the browser keeps until it comes back."""

    state: str
    verifier: str

    @property
    def challenge(self) -> str:
        """The verifier's S256 challenge (RFC 7636, 4.2)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def begin() -> Begun:
    """A new one."""
    return Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(48))


def authorization_url(app: OAuthApp, begun: Begun, *, back: str) -> str:
    """Where the browser is sent to; `back` is our address that it comes back to."""
    query = {
        "client_id": app.client_id,
        "redirect_uri": back,
        "state": begun.state,
        "code_challenge": begun.challenge,
        "code_challenge_method": "S256",
        "allow_signup": "false",
    }
    return f"{app.web_url}/login/oauth/authorize?{urlencode(query)}"


def login_of(app: OAuthApp, begun: Begun, *, code: str, back: str) -> str:
    """The login of the account that gave `code`, lower case. Raises SignInError, in one sentence."""
    asked = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "code": code,
        "redirect_uri": back,
        "code_verifier": begun.verifier,
    }
    answer = _json("post", f"{app.web_url}/login/oauth/access_token", {"Accept": "application/json"}, asked)
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise SignInError("The forge did not accept this sign-in: it may have been too old.", mend="Try again.")
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {token}"}
    login = _json("get", f"{app.api_url.rstrip('/')}/user", headers).get("login")
    if not isinstance(login, str) or not login:
        raise SignInError("The forge did not say who you are.", mend="Try again.")
    return login.lower()


def _json(method: str, url: str, headers: dict[str, str], form: dict[str, str] | None = None) -> dict[str, Any]:
    try:
        answer = requests.request(
            method, url, headers=headers, data=form, timeout=_SECONDS, allow_redirects=False, stream=True
        )
        with answer:
            body = answer.raw.read(_MOST_BYTES, decode_content=True)
            data = json.loads(body) if answer.status_code == 200 else None
    except (requests.RequestException, OSError, ValueError):
        data = None
    if not isinstance(data, dict):
        raise SignInError("The forge can't be reached, or does not answer as it should.", mend="Try again later.")
    return data
