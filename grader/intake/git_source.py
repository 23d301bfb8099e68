"""Which repository a command line means: a folder of this machine, or a URL whose credentials are never shown."""

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from grader.errors import UsageError

_SCHEMES = ("https", "ssh", "file")
_THIS_MACHINE = ("127.0.0.1", "localhost")  # git's own protocol is neither secret nor signed: no further
_SCP = re.compile(r"(?P<user>[A-Za-z0-9._-]+)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^-].*)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:\[\]-]*")
_WEB_PAGE = re.compile(r"(?P<repository>/[^/]+/[^/]+)/(?:-/)?(?:tree|blob)/(?P<ref>[^/]+)(?:/(?P<path>.*))?")
# User and password before the host, also where the password holds a "/", "?" or "#" that should have been escaped, or
# where the scheme was forgotten. A ":" before digits alone begins a port, and `FILE:CLASS@LINE` names no host.
_USER_INFORMATION = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#\s]*@|[^/?#\s:]*:(?!\d*(?:[/?#\s]|$))\S*@)"
    r"|(?<!\S)[^\s/:@]+:[^\s/]+@(?=[A-Za-z0-9-]+\.[A-Za-z])"
)
_QUERY = re.compile(r"(?P<before>\b(?:https?|ssh)://[^\s?#'\"]*)[?#][^\s'\"]*")  # where a token may stand, too


@dataclass(frozen=True)
class Remote:
    """A URL to fetch from. `header` authenticates, and is told to git in the environment, never on a command line."""

    url: str
    shown: str
    header: str = ""


def redact(text: str) -> str:
    """`text` without user, password and query of any URL in it, for reports, logs and messages."""
    return _QUERY.sub(r"\g<before>", _USER_INFORMATION.sub(lambda found: found["scheme"] or "", text))


def printable(text: str) -> str:
    """`text` on one line, without what a terminal would obey, what can't be seen or turns the direction of writing."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


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
    host = parts.hostname or ""
    if parts.scheme not in _SCHEMES and not (parts.scheme == "git" and host in _THIS_MACHINE):
        raise UsageError(
            f"Repositories are not fetched over {parts.scheme!r}.", mend="Use https, ssh or a folder of this machine."
        )
    if parts.scheme == "file":
        return Remote(source, printable(source))
    if not _HOST.fullmatch(host):
        raise UsageError(f"{printable(redact(source))!r} names no host.")
    where = f"[{host}]" if ":" in host else host
    place = f"{where}:{port}" if port else where
    if parts.scheme == "git":
        url = urlunsplit(("git", place, parts.path, "", ""))
        return Remote(url, printable(url))
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
        mend = f"For a repository on the web write {printable(redact(f'https://{source}'))}."
    raise UsageError(f"There is no folder {printable(redact(source))}.", mend=mend)


def _refuse_web_page(url: str, path: str) -> None:
    page = _WEB_PAGE.fullmatch(path)
    if page:
        repository = url.removesuffix(path) + page["repository"]
        folder = f" --path {page['path']}" if page["path"] else ""
        raise UsageError(
            f"{printable(url)} is a page about a repository, not a repository.",
            mend=f"Give {printable(repository)} --ref {printable(page['ref'])}{printable(folder)}.",
        )
