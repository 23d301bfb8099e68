"""A pull request on the GitHub of this machine, and everything to post on it with."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_github import FakeGitHub, Pull, Repository
from report_factory import passing

from grader.model.report import GradeReport
from grader.publish.credentials import Credentials
from grader.publish.forge import Forge, open_forge
from grader.publish.patience import Patience
from grader.publish.place import Place
from grader.publish.publish import Published, publish
from grader.publish.render import Shown
from grader.store.engine import Store, open_store

FIRST = "1" * 40
TOKEN = "ghs_" + "secret" * 6
KEY = b"a key that nobody guesses"


@dataclass
class Desk:
    """`post` publishes a report as `grader publish` does."""

    github: FakeGitHub
    repository: Repository
    pull: Pull
    store: Store
    stack: ExitStack
    credentials: Credentials = field(default_factory=lambda: Credentials(token=TOKEN, marker_key=KEY))
    slept: list[float] = field(default_factory=list)
    longest: float = 900.0

    def forge(self) -> Forge:
        patience = Patience(left=self.longest, sleep=self.slept.append)
        opened = open_forge("course/mnist-ada", self.credentials, api=self.github.api, patience=patience, pause=0)
        return self.stack.enter_context(opened)

    def place(self, **changes: Any) -> Place:
        values = {"repository": "course/mnist-ada", "commit": self.pull.sha, "pull_request": 1, "api": self.github.api}
        return Place(**(values | changes))

    def post(self, report: GradeReport | None = None, *kinds: str, **changes: Any) -> Published:
        shown = Shown(kinds=kinds or ("comment",))  # type: ignore[arg-type]
        given, key = report or passing(), self.credentials.marker_key
        return publish(given, self.place(**changes), self.forge(), self.store, shown, marker_key=key)

    def fresh_store(self, folder: Path) -> None:
        """As on another machine, which knows nothing of what was posted."""
        self.store = open_store(folder / f"{len(list(folder.iterdir()))}.sqlite")
        self.stack.callback(self.store.close)

    @property
    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.pull.comments]
