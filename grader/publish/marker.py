"""The hidden line by which a comment is known again where no store has its id.

Other workflows post as the same bot, and a student can read and copy every line of a comment. So a marker is a MAC
(HMAC-SHA256, RFC 2104) over the forge, the repository's id, the pull request, the report's slot and, as soon as it is
known, the comment's own id: copied elsewhere it is worth nothing. Until then, for the moment between a comment's
creation and its first edit, a marker says "new"; of several such comments of the same author the oldest is ours,
because a copy is always younger. Without a key a marker is unsigned, and only the author speaks for it.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_LINE = re.compile(
    r"<!-- grader (?P<slot>[0-9a-f]{16}) (?P<id>new|[1-9][0-9]{0,19}) (?P<mac>[0-9a-f]{64}|unsigned) -->"
)


@dataclass(frozen=True)
class Comment:
    """What is known of a comment on a pull request."""

    id: int
    body: str
    author: str  # login, lower case
    is_bot: bool
    url: str = ""


@dataclass(frozen=True)
class Author:
    """Who we are: a login, or only that we are a bot, where a token can't ask for more."""

    login: str | None  # lower case
    is_bot: bool

    def wrote(self, comment: Comment) -> bool:
        """Whether the comment may be ours."""
        return comment.is_bot == self.is_bot and self.login in (None, comment.author)


@dataclass(frozen=True)
class Thread:
    """One conversation, and which of its comments is meant: there is one for each slot."""

    api: str
    repository_id: int
    pull_request: int
    slot: str  # the rubric's id, and the submission's where a repository holds several
    key: bytes = field(repr=False)

    def line(self, comment: int | None) -> str:
        """The marker of the comment with that id; for one that has none yet None."""
        name = "new" if comment is None else str(comment)
        return f"<!-- grader {self._slot} {name} {self._mac(name)} -->"

    def ours(self, comments: Iterable[Comment], author: Author) -> list[Comment]:
        """Our comments, the one to keep first. There is more than one only after two were written at the same time."""
        marked = [(comment, found) for comment in comments if (found := self._marked(comment))]
        proven = [comment for comment, name in marked if name != "new"]
        fresh = [comment for comment, name in marked if name == "new" and author.wrote(comment)]
        return [*sorted(proven, key=lambda one: one.id), *sorted(fresh, key=lambda one: one.id)]

    def _marked(self, comment: Comment) -> str:
        """What its marker says, "new" or its id; "" where it has none that holds."""
        found = _LINE.match(comment.body)
        if found is None or found["slot"] != self._slot:
            return ""
        name, mac = found["id"], self._mac(found["id"])
        holds = name in ("new", str(comment.id)) and hmac.compare_digest(found["mac"].encode(), mac.encode())
        if not self.key and name != "new":
            return ""
        return name if holds else ""

    @property
    def _slot(self) -> str:
        """Tells slots apart; a rubric's id might hold what ends a comment in HTML."""
        return hashlib.sha256(self.slot.encode()).hexdigest()[:16]

    def _mac(self, name: str) -> str:
        if not self.key:
            return "unsigned"
        words = ("grader comment 1", self.api.lower(), str(self.repository_id), str(self.pull_request), self.slot, name)
        return hmac.new(self.key, "\0".join(words).encode(), hashlib.sha256).hexdigest()
