"""Which repository a command line means: a folder of this machine, or a URL whose credentials are never shown."""

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from grader.errors import UsageError

_SCHEMES = ("https", "ssh", "file")
_SCP = re.compile(r"(?P<user>[A-Za-z0-9._-]+)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^-].*)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:\[\]-]*")
_WEB_PAGE = re.compile(r"(?P<repository>/[^/]+/[^/]+)/(?:-/)?(?:tree|blob)/(?P<ref>[^/]+)(?:/(?P<path>.*))?")
_USER_INFORMATION = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/@\s]*:?[^/@\s]*@")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Remote:
    """A URL to fetch from. `header` authenticates, and is told to git in the environment, never on a command line."""

    url: str
    shown: str
    header: str = ""


def redact(text: str) -> str:
    """`text` without the user and password of any URL in it, for reports, logs and messages."""
    return _USER_INFORMATION.sub(r"\1", text)


def printable(text: str) -> str:
    """`text` on one line, without what a terminal would obey or what turns the direction of writing."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def parse(source: str) -> Remote | Path:
    """The folder or the remote that `source` names.

    Raises UsageError for what is neither.
    """
    if "://" not in source:
        if _SCP.fullmatch(source) and not Path(source).exists():
            return Remote(source, printable(source))
        return _folder(source)
    try:
        parts = urlsplit(source)
        password, user, port = parts.password, parts.username, parts.port
    except ValueError:
        raise UsageError(f"{printable(redact(source))!r} is not a URL.") from None
    if parts.scheme not in _SCHEMES:
        raise UsageError(
            f"Repositories are not fetched over {parts.scheme!r}.", mend="Use https, ssh or a folder of this machine."
        )
    host = parts.hostname or ""
    if parts.scheme == "file":
        return Remote(source, printable(source))
    if not _HOST.fullmatch(host):
        raise UsageError(f"{printable(redact(source))!r} names no host.")
    where = f"[{host}]" if ":" in host else host
    place = f"{where}:{port}" if port else where
    if parts.scheme == "ssh":
        place = f"{user}@{place}" if user and re.fullmatch(r"[A-Za-z0-9._-]+", user) else place
        url = urlunsplit(("ssh", place, parts.path, "", ""))
        return Remote(url, printable(url))
    url = urlunsplit(("https", place, parts.path, "", ""))
    _refuse_web_page(url, parts.path)
    return Remote(url, printable(url), _header(user, password))


def _header(user: str | None, password: str | None) -> str:
    if not user and not password:
        return ""
    pair = f"{unquote(user or '')}:{unquote(password or '')}"
    return "Authorization: Basic " + base64.b64encode(pair.encode()).decode()


def _folder(source: str) -> Path:
    path = Path(os.path.expanduser(source))  # noqa: PTH111  Path.expanduser raises where there is no such user
    try:
        if path.is_dir():
            return path
        exists = path.exists()
    except (OSError, ValueError):  # too long, or with a null character
        exists = False
    if exists:
        raise UsageError(
            f"{printable(source)} is a file, not a folder or repository.",
            mend=f"Give its folder, and --model {printable(path.name)}:CLASS to name the model.",
        )
    mend = ""
    if re.match(r"(?:www\.)?(?:github|gitlab|bitbucket)\.[a-z]+/", source):
        mend = f"For a repository on the web write https://{printable(source)}."
    raise UsageError(f"There is no folder {printable(source)}.", mend=mend)


def _refuse_web_page(url: str, path: str) -> None:
    page = _WEB_PAGE.fullmatch(path)
    if page:
        repository = url.removesuffix(path) + page["repository"]
        folder = f" --path {page['path']}" if page["path"] else ""
        raise UsageError(
            f"{printable(url)} is a page about a repository, not a repository.",
            mend=f"Give {printable(repository)} --ref {printable(page['ref'])}{printable(folder)}.",
        )
