"""Who posts: a token or a GitHub App, from the environment and from nowhere else."""

import hashlib
import hmac
import os
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import UsageError

_NAMES = ("GITHUB_TOKEN", "GH_TOKEN", "GRADER_GITHUB_APP_KEY", "GRADER_MARKER_KEY")
_LEAST_CHARACTERS = 16  # of a key that somebody made up


@dataclass(frozen=True)
class AppKey:
    """A GitHub App: its number (or client id), and its private key as PEM."""

    id: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Credentials:
    """An App where there is one, else a token. `marker_key` signs the hidden marker in a comment; b"" without one."""

    app: AppKey | None = None
    token: str = field(default="", repr=False)
    marker_key: bytes = field(default=b"", repr=False)


def credentials_of(environment: MutableMapping[str, str] | None = None) -> Credentials:
    """What the environment names.

    GRADER_GITHUB_APP_ID with GRADER_GITHUB_APP_KEY or GRADER_GITHUB_APP_KEY_FILE, else GITHUB_TOKEN or GH_TOKEN.
    GRADER_MARKER_KEY, or else what is derived from the App's key, signs markers. Raises UsageError where nothing is
    there to post with, or a key can't be used.
    """
    given = os.environ if environment is None else environment
    app = _app(given)
    token = (given.get("GITHUB_TOKEN") or given.get("GH_TOKEN") or "").strip()
    if app is None and not token:
        raise UsageError(
            "There is nothing to post with.",
            mend="Set GITHUB_TOKEN, or GRADER_GITHUB_APP_ID and GRADER_GITHUB_APP_KEY_FILE.",
        )
    return Credentials(app, "" if app else token, _marker_key(given, app))


def take_credentials(environment: MutableMapping[str, str] | None = None) -> Credentials:
    """As `credentials_of`; what is secret is then no longer in the environment, for child processes to inherit."""
    given = os.environ if environment is None else environment
    found = credentials_of(given)
    for name in _NAMES:
        given.pop(name, None)
    return found


def _app(given: MutableMapping[str, str]) -> AppKey | None:
    number = given.get("GRADER_GITHUB_APP_ID", "").strip()
    key, file = given.get("GRADER_GITHUB_APP_KEY", ""), given.get("GRADER_GITHUB_APP_KEY_FILE", "")
    if not (number or key or file):
        return None
    if not number or not (key or file):
        raise UsageError("A GitHub App needs GRADER_GITHUB_APP_ID and its key: GRADER_GITHUB_APP_KEY or …_KEY_FILE.")
    if not key:
        try:
            key = Path(file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "it is not a PEM file"
            raise UsageError(f"The key of the GitHub App can't be read from {file}: {reason}.") from None
    key = key.replace("\\n", "\n").strip()  # on one line, as some settings pages keep it
    if not key.startswith("-----BEGIN") or "PRIVATE KEY" not in key:
        raise UsageError("The key of the GitHub App is not a private key in PEM form.")
    return AppKey(number, key)


def _marker_key(given: MutableMapping[str, str], app: AppKey | None) -> bytes:
    named = given.get("GRADER_MARKER_KEY", "").strip()
    if named and len(named) < _LEAST_CHARACTERS:
        raise UsageError(
            f"GRADER_MARKER_KEY has fewer than {_LEAST_CHARACTERS} characters.",
            mend="Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'",
        )
    if named:
        return named.encode()
    return hmac.digest(app.key.encode(), b"grader marker key", hashlib.sha256) if app else b""
