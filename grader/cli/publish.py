"""`grader publish`: a report, posted where the student looks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from grader.model.report import GradeReport
    from grader.publish.credentials import Credentials
    from grader.publish.publish import Item
    from grader.publish.render import Shown
    from grader.store.engine import Store

_MOST_BYTES = 64 * 2**20  # of a report


class Kind(StrEnum):
    """As what a report is posted."""

    COMMENT = "comment"
    CHECK = "check"
    STATUS = "status"
    LABELS = "labels"


def publish(
    report: Annotated[
        Path | None, typer.Argument(metavar="REPORT", help="A report.json, or the folder it lies in.")
    ] = None,
    repo: Annotated[str | None, typer.Option("--repo", metavar="OWNER/NAME", help="Where it is posted.")] = None,
    pr: Annotated[
        int | None, typer.Option("--pr", min=1, help="The pull request; else the open ones whose head it is about.")
    ] = None,
    sha: Annotated[
        str | None, typer.Option("--sha", help="The commit that the report must be about; needed if it names none.")
    ] = None,
    rubric: Annotated[
        str | None, typer.Option("--rubric", help="Name or YAML file of the rubric that it must be graded with.")
    ] = None,
    post: Annotated[
        list[Kind] | None, typer.Option("--post", help="As what; may be repeated. Else a comment and a check.")
    ] = None,
    link: Annotated[str, typer.Option("--link", metavar="URL", help="Where the whole report lies.")] = "",
    entry: Annotated[str, typer.Option("--entry", help="Its name, where a repository holds several submissions.")] = "",
    api_url: Annotated[
        str | None, typer.Option("--api-url", help="https://HOST/api/v3 for an Enterprise server; else GITHUB_API_URL.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="Where it is kept until it is posted; else a file of yours.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait, all in all, for limits and outages.")
    ] = 900,
    pending: Annotated[bool, typer.Option("--pending", help="Send what could not be posted before.")] = False,
) -> None:
    """Post a report on GitHub: one comment for each rubric, brought up to date, and a check on the commit.

    Posts with GITHUB_TOKEN, or as a GitHub App with GRADER_GITHUB_APP_ID and GRADER_GITHUB_APP_KEY_FILE. Exit code 3
    where something is not there: what may pass is kept, and `--pending` sends it later.
    """
    from grader.errors import UsageError
    from grader.publish.credentials import take_credentials
    from grader.publish.patience import Patience
    from grader.publish.pending import send_pending
    from grader.publish.render import Shown

    api = api_of(api_url)
    if pending and (report is not None or repo is not None):
        raise UsageError("--pending sends what is kept; it takes no report and no repository.")
    if not pending and (report is None or repo is None):
        raise UsageError("Name a report and --repo OWNER/NAME, or --pending.")
    patience = Patience(left=wait)
    with publications_store(store) as opened:
        if pending:
            tell = [
                (f"{row.spot.repository}, {row.spot.place}", item)
                for row, item in send_pending(opened, take_credentials(), api, patience=patience)
            ]
            if not tell:
                typer.echo("Nothing waits.")
        else:
            assert report is not None
            assert repo is not None
            found = read_report(report)
            _require_rubric(found, rubric)
            shown = Shown(tuple(kind.value for kind in post or (Kind.COMMENT, Kind.CHECK)), link, entry)
            tell = post_report(found, repo, take_credentials(), opened, shown, api=api, pr=pr, sha=sha, wait=wait)
    if not say(tell):
        raise typer.Exit(3)


def post_report(
    report: "GradeReport",
    repository: str,
    credentials: "Credentials",
    store: "Store",
    shown: "Shown",
    *,
    api: str,
    pr: int | None = None,
    sha: str | None = None,
    wait: float = 900,
) -> list[tuple[str, "Item"]]:
    """Post a report; what became of each post, with its place in words."""
    from grader.publish.find_places import places_of
    from grader.publish.forge import open_forge
    from grader.publish.patience import Patience
    from grader.publish.publish import publish as publish_report

    commit = commit_of(report, sha)
    told = []
    with open_forge(repository, credentials, api=api, patience=Patience(left=wait)) as forge:
        for place in places_of(forge, commit, api, pr):
            done = publish_report(report, place, forge, store, shown, marker_key=credentials.marker_key)
            told += [(place.shown, item) for item in done.items]
    return told


def say(told: list[tuple[str, "Item"]], *, on_stderr: bool = False) -> bool:
    """Print what became of each post; False where something is not there."""
    from grader.report.escape import log_text

    for where, item in told:
        what = " ".join(part for part in (item.outcome, item.url or item.message) if part)
        typer.echo(log_text(f"{where}: {item.kind} {what}"), err=on_stderr)
    return not any(item.outcome in ("kept", "refused") for _, item in told)


@dataclass(frozen=True)
class AfterChecking:
    """What `grader check --publish` needs, looked up before anything is graded."""

    repository: str
    pull_request: int | None
    api: str
    credentials: "Credentials"

    def post(self, report: "GradeReport", entry: str) -> bool:
        """Post a comment and a check, and say on stderr what became of them; False where not all is there."""
        from grader.publish.render import Shown

        with publications_store(None) as opened:
            told = post_report(
                report,
                self.repository,
                self.credentials,
                opened,
                Shown(entry=entry),
                api=self.api,
                pr=self.pull_request,
            )
        return say(told, on_stderr=True)


def after_checking(target: str) -> AfterChecking:
    """`target` is OWNER/NAME, or OWNER/NAME#N. Takes what is secret out of the environment, before anything runs."""
    from grader.errors import UsageError
    from grader.publish.credentials import take_credentials
    from grader.publish.place import require_repository

    repository, sign, number = target.partition("#")
    if sign and not (number.isascii() and number.isdecimal() and int(number[:10]) > 0):
        raise UsageError("A pull request is named as OWNER/NAME#NUMBER.")
    require_repository(repository)
    return AfterChecking(repository, int(number) if sign else None, api_of(None), take_credentials())


def commit_of(report: "GradeReport", sha: str | None) -> str:
    """The commit that the report is about. Raises UsageError where that is another one than is asked for."""
    from grader.errors import UsageError

    said = report.provenance.commit
    if sha and said and sha.lower() != said:
        raise UsageError(f"The report is about commit {said[:12]}, not about {sha[:12]}: it is not posted.")
    if not (said or sha):
        raise UsageError("The report names no commit.", mend="Name it with --sha.")
    return said or str(sha).lower()


def read_report(place: Path) -> "GradeReport":
    """The report in a file or folder. Raises UsageError where there is none, or one that is too large."""
    from grader.errors import UsageError
    from grader.report.json_report import from_json

    file = place / "report.json" if place.is_dir() else place
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise UsageError("The report is larger than 64 MiB and was not read.")
        return from_json(content.decode())
    except OSError as problem:
        raise UsageError(f"The report {file} can't be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not a report.") from None


def api_of(option: str | None) -> str:
    """The API's address: the option, else GITHUB_API_URL, else github.com's."""
    from grader.publish.place import PUBLIC_API, require_api

    return require_api(option or os.environ.get("GITHUB_API_URL") or PUBLIC_API)


@contextmanager
def publications_store(place: str | None) -> Iterator["Store"]:
    """The store that is named, else one of the user's own. Never one beside a report: that may be a student's."""
    from grader.store.engine import open_store

    opened = open_store(place or _own_store())
    try:
        yield opened
    finally:
        opened.close()


def _own_store() -> Path:
    from grader.errors import StoreError

    state = os.environ.get("XDG_STATE_HOME")
    folder = (Path(state) if state else Path.home() / ".local" / "state") / "grader"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        message = f"The folder {folder} can't be made: {problem.strerror}."
        raise StoreError(message, mend="Name a store with --store.") from None
    return folder / "publications.sqlite"


def _require_rubric(report: "GradeReport", name: str | None) -> None:
    from grader.errors import UsageError
    from grader.rubric.load import load_rubric

    if name is None:
        return
    wanted = load_rubric(name).digest
    if report.rubric.digest != wanted:
        raise UsageError(
            f"The report was not graded with {name}: its digest is {report.rubric.digest[:12]}, not {wanted[:12]}."
        )
